#include "muster/config/config_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace muster::config {
namespace {

namespace fs = std::filesystem;

bool Any(std::string_view) { return true; }
const PluginCheck kAnyPlugin{Any, Any};

class ConfigFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "configXXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    invocation_.default_identity = "me";
    invocation_.config_file = dir_ / "muster.yaml";
  }
  void TearDown() override { fs::remove_all(dir_); }

  void Write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  void Write(const std::string& text) { Write(invocation_.config_file, text); }
  ConfigFile Open() {
    ConfigFile file(invocation_, *Load(invocation_, kAnyPlugin), kAnyPlugin);
    EXPECT_FALSE(Settled(file).has_value());
    return file;
  }
  // The second of two polls: what stands in the file is complete.
  static std::optional<base::Result<Settings>> Settled(ConfigFile& file) {
    EXPECT_FALSE(file.Poll().has_value());
    return file.Poll();
  }

  fs::path dir_;
  Invocation invocation_;
};

TEST_F(ConfigFileTest, AChangeIsReportedOnce) {
  Write("policy: {aging: {step: 1}}\n");
  ConfigFile file = Open();
  Write("policy: {aging: {step: 5}}\n");
  const auto result = Settled(file);
  ASSERT_TRUE(result.has_value() && result->ok());
  EXPECT_EQ((*result)->policy.aging_step, 5);
  EXPECT_EQ(file.running().policy.aging_step, 5);
  EXPECT_FALSE(Settled(file).has_value());
}

TEST_F(ConfigFileTest, AnInvalidFileIsRefusedOnceAndTheOldOneStays) {
  Write("policy: {aging: {step: 2}}\n");
  ConfigFile file = Open();
  Write("policy:\n  aging: {step: many}\n");
  const auto result = Settled(file);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(
      result->error().message,
      invocation_.config_file + ":2:17: policy.aging.step: \"many\" is not an integer, 0 to 100");
  EXPECT_EQ(file.running().policy.aging_step, 2);
  EXPECT_FALSE(Settled(file).has_value());
}

TEST_F(ConfigFileTest, TheEndOfAnErrorIsReportedThoughNothingChanged) {
  Write("policy: {aging: {step: 2}}\n");
  ConfigFile file = Open();
  Write("policy: [\n");
  ASSERT_FALSE(Settled(file)->ok());
  Write("policy: {aging: {step: 2}}\n");
  const auto result = Settled(file);
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->ok());
}

TEST_F(ConfigFileTest, ACommentChangesNothing) {
  Write("context: a\n");
  ConfigFile file = Open();
  Write("context: a  # the same\n");
  EXPECT_FALSE(Settled(file).has_value());
}

TEST_F(ConfigFileTest, WhatCannotChangeWhileRunningIsRefused) {
  Write("listen: 127.0.0.1:0\n");
  ConfigFile file = Open();
  Write("listen: 127.0.0.1:9\npolicy: {aging: {step: 5}}\n");
  const auto result = Settled(file);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->error().message,
            invocation_.config_file +
                ":1:9: listen: cannot change from \"127.0.0.1:0\" to "
                "\"127.0.0.1:9\" while the program runs; restart it for that");
  EXPECT_EQ(file.running().policy.aging_step, 1);
  Write("policy: {aging: {step: 5}}\n");
  EXPECT_TRUE(Settled(file)->error().message.starts_with(
      invocation_.config_file + ": listen: cannot change from \"127.0.0.1:0\" to "));
}

// A mounted ConfigMap: muster.yaml -> ..data/muster.yaml, ..data -> ..1, and ..data is renamed
// over.
TEST_F(ConfigFileTest, TheSwapOfAConfigMapIsSeen) {
  fs::create_directory(dir_ / "..1");
  fs::create_directory(dir_ / "..2");
  Write(dir_ / "..1" / "muster.yaml", "policy: {aging: {step: 1}}\n");
  Write(dir_ / "..2" / "muster.yaml", "policy: {aging: {step: 7}}\n");
  fs::create_directory_symlink("..1", dir_ / "..data");
  fs::create_symlink("..data/muster.yaml", invocation_.config_file);
  ConfigFile file = Open();
  fs::create_directory_symlink("..2", dir_ / "..data_tmp");
  fs::rename(dir_ / "..data_tmp", dir_ / "..data");
  const auto result = Settled(file);
  ASSERT_TRUE(result.has_value() && result->ok());
  EXPECT_EQ((*result)->policy.aging_step, 7);
}

TEST_F(ConfigFileTest, AHalfWrittenFileIsNotTaken) {
  Write("policy: {aging: {step: 5}}\n");
  ConfigFile file = Open();
  Write("");  // truncated, about to be filled: valid YAML that would mean all defaults
  EXPECT_FALSE(file.Poll().has_value());
  Write("policy: {aging: {step: 6}}\n");
  const auto result = Settled(file);
  ASSERT_TRUE(result.has_value() && result->ok());
  EXPECT_EQ((*result)->policy.aging_step, 6);
}

TEST_F(ConfigFileTest, AFileThatDisappearsIsAnErrorAndTheOldOneStays) {
  Write("policy: {aging: {step: 5}}\n");
  ConfigFile file = Open();
  fs::remove(invocation_.config_file);
  const auto result = Settled(file);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->error().code, base::Code::kNotFound);
  EXPECT_EQ(file.running().policy.aging_step, 5);
}

TEST_F(ConfigFileTest, AFlagStillWinsAfterAReload) {
  invocation_.overrides.push_back({"policy.aging.step", "9", "--policy-aging-step"});
  Write("policy: {workLimit: 5000}\n");
  ConfigFile file = Open();
  Write("policy: {workLimit: 6000, aging: {step: 3}}\n");
  const auto result = Settled(file);
  ASSERT_TRUE(result.has_value() && result->ok());
  EXPECT_EQ((*result)->policy.aging_step, 9);
  EXPECT_EQ((*result)->policy.work_limit, 6'000);
}

TEST_F(ConfigFileTest, WithoutAFileThereIsNothingToSay) {
  invocation_.config_file.clear();
  ConfigFile file(invocation_, *Load(invocation_, kAnyPlugin), kAnyPlugin);
  EXPECT_FALSE(Settled(file).has_value());
}

}  // namespace
}  // namespace muster::config
