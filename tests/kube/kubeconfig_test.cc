#include "muster/kube/kubeconfig.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "kube/credentials.h"
#include "kube/exec_plugin.h"
#include "kube/files.h"
#include "kube/tls.h"
#include "testing/manual_clock.h"

namespace muster::kube {
namespace {

using base::Code;

// Absolute: a kubeconfig reads relative paths from its own folder.
const std::string kData =
    std::filesystem::absolute(MUSTER_SOURCE_DIR).string() + "/tests/data/kubeconfig/";

class KubeconfigTest : public ::testing::Test {
 protected:
  KubeconfigTest() {
    std::string pattern = ::testing::TempDir() + "kubeconfig-XXXXXX";
    dir_ = std::string(mkdtemp(pattern.data())) + "/";
    environment_.variable = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
    environment_.service_account_dir = dir_ + "sa";
  }
  ~KubeconfigTest() override { std::filesystem::remove_all(dir_); }

  std::string Write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(dir_ + name).parent_path());
    std::ofstream(dir_ + name) << text;
    return dir_ + name;
  }
  // A file with one context "c" whose cluster and user have the given fields.
  std::string WriteConfig(const std::string& cluster, const std::string& user,
                          const std::string& name = "config") {
    return Write(name,
                 "current-context: c\n"
                 "contexts: [{name: c, context: {cluster: k, user: u, namespace: n}}]\n"
                 "clusters:\n- name: k\n  cluster: {" +
                     cluster +
                     "}\n"
                     "users:\n- name: u\n  user: {" +
                     user + "}\n");
  }
  base::Result<Connection> Load(const std::string& path, const std::string& context = "") {
    return LoadConnection({.path = path, .context = context}, environment_);
  }
  std::string ErrorOf(const std::string& path) {
    const auto loaded = Load(path);
    return loaded.ok() ? "no error" : loaded.error().message;
  }

  std::string dir_;
  std::map<std::string, std::string> variables_;
  Environment environment_;
};

constexpr char kServer[] = "server: \"https://127.0.0.1:6443\"";

TEST_F(KubeconfigTest, ReadsCertificatesFromFilesAndData) {
  const std::string path = WriteConfig(
      std::string(kServer) + ", certificate-authority: " + kData + "ca.crt",
      "client-certificate: " + kData + "client.crt, client-key: " + kData + "client.key");
  const auto got = Load(path);
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(got->server, "https://127.0.0.1:6443");
  EXPECT_EQ(got->ca_pem, *ReadFile(kData + "ca.crt"));
  EXPECT_EQ(got->client_key_pem, *ReadFile(kData + "client.key"));
  EXPECT_EQ(got->ns, "n");
  EXPECT_EQ(got->context, "c");
}

TEST_F(KubeconfigTest, DataGoesBeforeFiles) {
  const auto got = Load(WriteConfig(
      std::string(kServer) + ", certificate-authority: /nowhere, certificate-authority-data: \"\"",
      ""));
  EXPECT_EQ(got.error().message, dir_ +
                                     "config: cluster \"k\": certificate-authority: /nowhere "
                                     "cannot be read: No such file or directory");
  EXPECT_EQ(ErrorOf(WriteConfig(std::string(kServer) + ", certificate-authority: /nowhere, "
                                                       "certificate-authority-data: aGVsbG8=",
                                "")),
            dir_ + "config: cluster \"k\": certificate-authority: the CA is no PEM certificate");
}

TEST_F(KubeconfigTest, RelativePathsAreRelativeToTheirFile) {
  Write("sub/ca.crt", *ReadFile(kData + "ca.crt"));
  const auto got = Load(WriteConfig(std::string(kServer) + ", certificate-authority: ca.crt",
                                    "tokenFile: token", "sub/config"));
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(got->token_file, dir_ + "sub/token");
}

TEST_F(KubeconfigTest, OfAListTheFirstThatNamesItWins) {
  const std::string one = Write("one", "current-context: x\nclusters: [{name: k, cluster: {" +
                                           std::string(kServer) + "}}]\n");
  const std::string two = Write("two",
                                "current-context: y\n"
                                "contexts: [{name: x, context: {cluster: k, user: u}}]\n"
                                "clusters: [{name: k, cluster: {server: \"https://other\"}}]\n"
                                "users: [{name: u, user: {token: t}}]\n");
  variables_["KUBECONFIG"] = one + ":" + dir_ + "missing:" + two;
  const auto got = LoadConnection({}, environment_);
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(got->context, "x");
  EXPECT_EQ(got->server, "https://127.0.0.1:6443");
  EXPECT_EQ(got->token, "t");
}

TEST_F(KubeconfigTest, TheContextCanBeChosen) {
  const std::string path = Write("config",
                                 "contexts: [{name: x, context: {cluster: k}}]\n"
                                 "clusters: [{name: k, cluster: {" +
                                     std::string(kServer) + "}}]\n");
  EXPECT_EQ(ErrorOf(path), path + ": current-context is not set");
  EXPECT_TRUE(Load(path, "x").ok());
  EXPECT_EQ(Load(path, "z").error().message, path + ": there is no context \"z\"");
}

TEST_F(KubeconfigTest, EveryErrorNamesFileAndField) {
  const std::string prefix = dir_ + "config: ";
  EXPECT_EQ(ErrorOf(WriteConfig("server: http://x", "")),
            prefix + "cluster \"k\": server must begin with https://, it is \"http://x\"");
  EXPECT_EQ(ErrorOf(WriteConfig("server: \"https://[::1]:6443\"", "")),
            prefix + "cluster \"k\": server must name its host: an IPv6 address is not supported");
  EXPECT_EQ(ErrorOf(WriteConfig(std::string(kServer) + ", insecure-skip-tls-verify: maybe", "")),
            prefix + "cluster \"k\": insecure-skip-tls-verify must be true or false");
  EXPECT_EQ(ErrorOf(WriteConfig(kServer, "client-key-data: \"%\"")),
            prefix + "user \"u\": client-key-data is not base64");
  EXPECT_EQ(ErrorOf(WriteConfig(kServer, "client-certificate: " + kData + "client.crt")),
            prefix + "user \"u\": the client certificate has no client key");
  EXPECT_EQ(ErrorOf(WriteConfig(kServer, "client-certificate: " + kData +
                                             "client.crt, client-key: " + kData + "other.key")),
            prefix + "user \"u\": the client key does not belong to the client certificate");
  EXPECT_EQ(ErrorOf(WriteConfig(kServer, "username: x")),
            prefix + "user \"u\": username is not supported");
  EXPECT_EQ(ErrorOf(WriteConfig(kServer, "exec: {command: x, apiVersion: v9}")),
            prefix +
                "user \"u\": exec: apiVersion must be client.authentication.k8s.io/v1 or "
                "v1beta1, it is \"v9\"");
}

TEST_F(KubeconfigTest, BrokenYamlNamesTheLine) {
  const std::string path = Write("config", "clusters: []\ncontexts: [\n");
  EXPECT_EQ(ErrorOf(path).rfind(path + ":", 0), 0u) << ErrorOf(path);
  EXPECT_EQ(ErrorOf(Write("list", "- a\n")), dir_ + "list: is no kubeconfig");
  EXPECT_EQ(ErrorOf(dir_ + "absent"), dir_ + "absent cannot be read: No such file or directory");
}

TEST_F(KubeconfigTest, ReadsServerNameAndInsecure) {
  const auto got = Load(WriteConfig(
      std::string(kServer) + ", insecure-skip-tls-verify: true, tls-server-name: api.test", ""));
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_TRUE(got->insecure_skip_tls_verify);
  EXPECT_EQ(got->tls_server_name, "api.test");
}

TEST_F(KubeconfigTest, InsideAPodTheServiceAccountIsUsed) {
  EXPECT_EQ(LoadConnection({}, environment_).error().code, Code::kNotFound);
  variables_["KUBERNETES_SERVICE_HOST"] = "10.0.0.1";
  variables_["KUBERNETES_SERVICE_PORT"] = "443";
  EXPECT_EQ(LoadConnection({}, environment_).error().message,
            dir_ + "sa/ca.crt cannot be read: No such file or directory");
  Write("sa/ca.crt", *ReadFile(kData + "ca.crt"));
  Write("sa/token", "t");
  Write("sa/namespace", "muster-system");
  const auto got = LoadConnection({}, environment_);
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(got->server, "https://10.0.0.1:443");
  EXPECT_EQ(got->token_file, dir_ + "sa/token");
  EXPECT_EQ(got->ns, "muster-system");
  variables_["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  EXPECT_EQ(LoadConnection({}, environment_)->server, "https://kubernetes.default.svc:443");
}

TEST_F(KubeconfigTest, ATokenFileIsReadAgainWhenItRotates) {
  testing::ManualClock clock;
  Connection connection;
  connection.token_file = Write("token", "first\n");
  Credentials credentials(connection, clock);
  EXPECT_EQ(credentials.Current()->token, "first");
  Write("token", "second");
  clock.Advance(Credentials::kTokenAgeMs - 1);
  EXPECT_EQ(credentials.Current()->token, "first");
  clock.Advance(1);
  EXPECT_EQ(credentials.Current()->token, "second");
}

TEST_F(KubeconfigTest, A401ReadsTheTokenAtOnce) {
  testing::ManualClock clock;
  Connection connection;
  connection.token_file = Write("token", "first");
  Credentials credentials(connection, clock);
  const auto before = credentials.Current();
  EXPECT_FALSE(credentials.Renew(before->serial));  // nothing newer
  Write("token", "second");
  EXPECT_TRUE(credentials.Renew(before->serial));
  EXPECT_EQ(credentials.Current()->token, "second");
}

TEST_F(KubeconfigTest, ATokenFileThatVanishesKeepsTheOldToken) {
  testing::ManualClock clock;
  Connection connection;
  connection.token_file = Write("token", "first");
  Credentials credentials(connection, clock);
  ASSERT_TRUE(credentials.Current().ok());
  std::filesystem::remove(connection.token_file);
  clock.Advance(Credentials::kTokenAgeMs);
  EXPECT_EQ(credentials.Current()->token, "first");
}

TEST_F(KubeconfigTest, AnExecPluginIsRunAgainBeforeItsTokenExpires) {
  testing::ManualClock clock;
  Connection connection;
  const std::string script =
      "echo x >> " + dir_ +
      "runs; echo '{\"kind\":\"ExecCredential\",\"apiVersion\":"
      "\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"t'$(wc -l < " +
      dir_ + "runs)$EXTRA'\",\"expirationTimestamp\":\"2024-01-01T00:10:00Z\"}}'";
  connection.exec =
      ExecPlugin{"sh", {"-c", script}, {{"EXTRA", "!"}}, "client.authentication.k8s.io/v1", ""};
  Credentials credentials(connection, clock);
  EXPECT_EQ(credentials.Current()->token, "t1!");
  clock.Advance(500'000);
  EXPECT_EQ(credentials.Current()->token, "t1!");
  clock.Advance(80'000);
  EXPECT_EQ(credentials.Current()->token, "t2!");
}

// What a plugin finds in a variable of its environment.
std::string Found(const std::string& variable, const ExecPlugin& asked) {
  ExecPlugin plugin = asked;
  plugin.command = "python3";  // takes the first value of a name, as most programs do
  plugin.args = {
      "-c", "import json, os; print(json.dumps({'kind': 'ExecCredential', 'apiVersion': '" +
                plugin.api_version + "', 'status': {'token': os.environ['" + variable + "']}}))"};
  const auto got = RunExecPlugin(plugin);
  return got.ok() ? got->token : got.error().message;
}

TEST_F(KubeconfigTest, TheVariablesOfAnExecPluginAreStrongerThanInheritedOnes) {
  setenv("MUSTER_TEST_PROFILE", "inherited", 1);
  setenv("KUBERNETES_EXEC_INFO", "stale", 1);
  ExecPlugin plugin;
  plugin.api_version = "client.authentication.k8s.io/v1";
  EXPECT_EQ(Found("MUSTER_TEST_PROFILE", plugin), "inherited");
  plugin.env.emplace_back("MUSTER_TEST_PROFILE", "own");
  EXPECT_EQ(Found("MUSTER_TEST_PROFILE", plugin), "own");
  EXPECT_EQ(Found("KUBERNETES_EXEC_INFO", plugin),
            R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",)"
            R"("spec":{"interactive":false}})");
  unsetenv("MUSTER_TEST_PROFILE");
  unsetenv("KUBERNETES_EXEC_INFO");
}

TEST_F(KubeconfigTest, AnExecPluginThatAsksForItIsToldOfTheCluster) {
  const std::string api = "apiVersion: client.authentication.k8s.io/v1";
  const std::string user = "exec: {command: x, provideClusterInfo: true, " + api + "}";
  const auto got = Load(WriteConfig(std::string(kServer) + ", tls-server-name: api.test, " +
                                        "insecure-skip-tls-verify: true, " +
                                        "certificate-authority: " + kData + "ca.crt",
                                    user));
  ASSERT_TRUE(got.ok()) << got.error().message;
  const std::string info = RenderExecInfo(*got->exec);
  EXPECT_EQ(info.find(R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",)"
                      R"("spec":{"cluster":{"certificate-authority-data":"LS0tLS1CRUdJTi)"),
            0u)
      << info;
  EXPECT_NE(info.find(R"(","insecure-skip-tls-verify":true,"server":"https://127.0.0.1:6443",)"
                      R"("tls-server-name":"api.test"},"interactive":false}})"),
            std::string::npos)
      << info;
  const std::string data = R"("certificate-authority-data":")";
  const std::size_t at = info.find(data) + data.size();
  EXPECT_EQ(*DecodeBase64(info.substr(at, info.find('"', at) - at)), got->ca_pem);
  EXPECT_FALSE(Load(WriteConfig(kServer, "exec: {command: x, " + api + "}"))->exec->cluster);
}

TEST_F(KubeconfigTest, WhatAnExecPluginCannotBeToldOfTheClusterIsRefused) {
  const std::string cluster = std::string(kServer) +
                              ", extensions: [{name: client.authentication.k8s.io/exec, " +
                              "extension: {audience: a}}]";
  const std::string api = "apiVersion: client.authentication.k8s.io/v1}";
  EXPECT_EQ(ErrorOf(WriteConfig(cluster, "exec: {command: x, " + api)), "no error");
  EXPECT_EQ(ErrorOf(WriteConfig(cluster, "exec: {command: x, provideClusterInfo: true, " + api)),
            dir_ +
                "config: cluster \"k\": extension client.authentication.k8s.io/exec, for "
                "exec.provideClusterInfo, is not supported");
}

TEST_F(KubeconfigTest, AFailingExecPluginShowsWhatItSaid) {
  const auto run = [](const std::string& script) {
    return RunExecPlugin({"sh", {"-c", script}, {}, "client.authentication.k8s.io/v1", ""})
        .error()
        .message;
  };
  EXPECT_EQ(run("echo log in first >&2; exit 3"),
            "exec plugin \"sh\" failed with exit code 3: log in first");
  EXPECT_EQ(run("echo hello"), "exec plugin \"sh\" printed no ExecCredential");
  EXPECT_EQ(
      RunExecPlugin({"no-such-program", {}, {}, "x", "get it"}).error().message,
      "exec plugin \"no-such-program\" cannot be started: No such file or directory (get it)");
}

TEST_F(KubeconfigTest, AHangingExecPluginIsKilled) {
  const auto got = RunExecPlugin({"sh", {"-c", "exec cat <>/dev/zero"}, {}, "x", ""}, 100);
  EXPECT_NE(got.error().message.find("did not end within 100 ms"), std::string::npos)
      << got.error().message;
}

TEST(Kubeconfig, AnotherWayToTheSameClusterKeepsTheNameThatCertificatesAreCheckedAgainst) {
  Connection connection;
  connection.server = "https://api.example.com:6443/prefix";
  connection.token = "t";
  const Connection direct = ConnectionTo(connection, "10.0.0.2:6443");
  EXPECT_EQ(direct.server, "https://10.0.0.2:6443");
  EXPECT_EQ(direct.tls_server_name, "api.example.com");
  EXPECT_EQ(direct.token, "t");
  connection.tls_server_name = "kubernetes";
  EXPECT_EQ(ConnectionTo(connection, "10.0.0.2:6443").tls_server_name, "kubernetes");
}

}  // namespace
}  // namespace muster::kube
