// Workload files of our own, headers of traces, and what is said about bad ones.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "muster/sim/read.h"
#include "sim/sim_builder.h"

namespace muster::sim {
namespace {

using testing::kDevice;

// Files that are gone when the program ends.
struct Files {
  std::set<std::string> paths;
  ~Files() {
    for (const std::string& path : paths) std::filesystem::remove(path);
  }
};

std::string Put(const std::string& name, const std::string& text) {
  static Files files;
  const std::string path =
      ::testing::TempDir() + std::to_string(getpid()) + "-muster-workload-" + name;
  std::ofstream(path) << text;
  files.paths.insert(path);
  return path;
}

base::Result<Workload> Read(const std::string& jobs, const std::string& nodes = "") {
  return ReadWorkload({Put("jobs", jobs), nodes, ""}, {});
}

// What is said of the file, without its folder.
std::string Complaint(const std::string& jobs, const std::string& nodes = "") {
  const auto read = Read(jobs, nodes);
  if (read.ok()) return "nothing";
  const std::string& text = read.error().message;
  const std::size_t at = text.find("muster-workload-");
  return at == std::string::npos ? text : text.substr(at + 16);
}

constexpr char kFile[] = R"(# Two racks, two tenants.
nodes:
  - {name: a, count: 2, gpu: 8, cpu: 96, memory: 1Ti, model: A100, labels: {rack: r1}}
  - name: odd
    gpu: 4
    resources: {example.com/nic: 2}
    taints: [{key: slow}]
tenants:
  - {name: org}
  - {name: east, parent: org, weight: 1.5, guaranteed: {gpu: 8, cpu: 500m}, hard: {gpu: 16}}
jobs:
  - {name: late, tenant: east, user: ann, submit: 1h, run: 2h30m, bound: 3h, gpu: 1}
  - name: train
    tenant: west
    submit: 60
    run: 100
    priority: high
    checkpoint: 10m
    restart: 30
    minReplicas: 3
    tasks:
      - {name: worker, replicas: 4, gpu: 2, model: A100, selector: {rack: r1}}
      - {name: head, cpu: 2, memory: 4Gi, tolerations: [{key: slow}]}
  - {name: tick, count: 3, every: 5m, run: 1, gpu: 1}
)";

TEST(WorkloadFile, NodesAreAsDescribed) {
  const auto read = Read(kFile);
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->nodes.size(), 3u);
  const sched::Node& first = read->nodes[0];
  EXPECT_EQ(first.name, "a-0000");
  EXPECT_EQ(first.allocatable,
            (sched::Amounts{{"cpu", 96'000}, {"memory", 1 << 20}, {kDevice, 8}}));
  EXPECT_EQ(first.labels.at("rack"), "r1");
  EXPECT_EQ(first.labels.at("nvidia.com/gpu.product"), "A100");
  EXPECT_TRUE(first.ready);
  const sched::Node& odd = read->nodes[2];
  EXPECT_EQ(odd.name, "odd");
  EXPECT_EQ(odd.allocatable, (sched::Amounts{{"example.com/nic", 2}, {kDevice, 4}}));
  EXPECT_EQ(odd.taints, (std::vector<sched::Taint>{{"slow", "", "NoSchedule"}}));
}

TEST(WorkloadFile, TenantsAreAsDescribedAndThoseThatJobsNameAreAdded) {
  const auto read = Read(kFile);
  ASSERT_EQ(read->tenants.size(), 4u);
  const sched::Tenant& east = read->tenants[1];
  EXPECT_EQ(east.parent, "org");
  EXPECT_EQ(east.weight_milli, 1'500);
  EXPECT_EQ(east.guaranteed, (sched::Amounts{{"cpu", 500}, {kDevice, 8}}));
  EXPECT_EQ(east.hard, (sched::Amounts{{kDevice, 16}}));
  EXPECT_EQ(read->tenants[2].name, "all");
  EXPECT_EQ(read->tenants[3].name, "west");
}

TEST(WorkloadFile, JobsAreAsDescribedBySubmit) {
  const auto read = Read(kFile);
  ASSERT_EQ(read->jobs.size(), 5u);
  EXPECT_EQ(read->jobs[0].name, "tick-0000");
  EXPECT_EQ(read->jobs[2].name, "tick-0001");
  EXPECT_EQ(read->jobs[2].submit.unix_ms, 300'000);
  const Job& train = read->jobs[1];
  EXPECT_EQ(train.submit.unix_ms, 60'000);
  EXPECT_EQ(train.run_ms, 100'000);
  EXPECT_EQ(train.priority, 750);
  EXPECT_EQ(train.checkpoint_ms, 600'000);
  EXPECT_EQ(train.restart_ms, 30'000);
  EXPECT_EQ(train.min_replicas, 3);
  ASSERT_EQ(train.tasks.size(), 2u);
  EXPECT_EQ(train.tasks[0].replicas, 4);
  EXPECT_EQ(train.tasks[0].shape.gpu_model, "A100");
  EXPECT_EQ(train.tasks[0].shape.selector,
            (std::vector<sched::Requirement>{{"rack", sched::SelectOp::kIn, {"r1"}, false}}));
  EXPECT_EQ(train.tasks[1].shape.request, (sched::Amounts{{"cpu", 2'000}, {"memory", 4'096}}));
  EXPECT_TRUE(train.tasks[1].shape.tolerations[0].exists);
  const Job& late = read->jobs[4];
  EXPECT_EQ(late.run_ms, 9'000'000);
  EXPECT_EQ(late.bound_ms, 10'800'000);
  EXPECT_EQ(late.user, "ann");
}

TEST(WorkloadFile, WhatIsWrongIsNamedWithItsPlace) {
  EXPECT_EQ(Complaint("jobs:\n  - {name: a, run: 1, gpus: 3}\n"),
            "jobs:2:23: jobs[0].gpus is not known here; known are bound, checkpoint, count, cpu, "
            "every, gpu, memory, minReplicas, model, name, priority, replicas, resources, restart, "
            "run, selector, submit, tasks, tenant, tolerations, user");
  EXPECT_EQ(Complaint("jobs:\n  - {name: a}\n"), "jobs:2:5: jobs[0].run is missing");
  EXPECT_EQ(Complaint("jobs:\n  - {name: a, run: soon}\n"),
            "jobs:2:20: jobs[0].run is neither whole seconds nor a time such as 1h30m: \"soon\"");
  EXPECT_EQ(Complaint("jobs:\n  - {name: a, run: 1, minReplicas: 2}\n"),
            "jobs:2:36: jobs[0].minReplicas is 2, not from 1 to 1");
  EXPECT_EQ(Complaint("jobs: [{name: a, run: 1}, {name: a, run: 1}]\n"),
            "jobs:1:34: jobs[1].name makes a second job a");
  EXPECT_EQ(Complaint("jobs: [{name: a, run: 1, priority: urgent}]\n"),
            "jobs:1:36: jobs[0].priority is not a whole number: \"urgent\"");
  EXPECT_EQ(Complaint("nodes: [{name: a, memory: lots}]\n"),
            "jobs:1:27: nodes[0].memory is no quantity such as 8, 500m or 64Gi: \"lots\"");
  EXPECT_EQ(Complaint("tenants: [{name: a, parent: b}]\n"),
            "jobs:1:29: tenants[0].parent names no tenant of this file: b");
  EXPECT_EQ(Complaint("tenants: [{name: a, parent: b}, {name: b, parent: a}]\n"),
            "jobs:1:29: tenants[0].parent leads back to the tenant itself");
  EXPECT_EQ(Complaint("jobs: [{name: a, run: 1}\n"),
            "jobs:2:1: not YAML: end of sequence flow not found");
  EXPECT_EQ(Complaint("jobs: 3\n"), "jobs:1:7: jobs must be a list");
  EXPECT_EQ(Complaint("nodes: [{name: a}]\n"), "jobs: no job in it is to be run");
}

TEST(WorkloadFile, NodesMayComeFromAnotherFile) {
  const std::string nodes = Put("nodes", "nodes: [{name: n, gpu: 4}]\ntenants: [{name: east}]\n");
  const auto read = Read("vc,submit_s,num_gpus,duration_s\neast,0,8,100\n", nodes);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->nodes.size(), 1u);
  EXPECT_EQ(read->jobs[0].tasks[0].replicas, 2);  // of a node's devices
  EXPECT_EQ(read->tenants.size(), 1u);
  EXPECT_NE(Complaint(kFile, "1x8").find("jobs: it has nodes: --nodes 1x8 has them too"),
            std::string::npos);
  EXPECT_EQ(
      Complaint("jobs: [{name: a, run: 1}]", "0x8"),
      "--nodes is \"0x8\", neither a file nor NODESxGPUS such as 50x8 (up to 1000000 nodes of "
      "up to 1000 GPUs)");
}

TEST(SwfHeader, SaysHowLargeTheMachineIs) {
  const auto machine =
      MachineOfHeader("; Version: 2.2\n; MaxNodes: 16\n;MaxProcs:  128\n1 0 ...\n");
  ASSERT_TRUE(machine.has_value());
  EXPECT_EQ(machine->nodes, 16);
  EXPECT_EQ(machine->gpus_per_node, 8);
  EXPECT_EQ(MachineOfHeader("; MaxProcs: 100\n")->gpus_per_node, 5);
  EXPECT_EQ(MachineOfHeader("; MaxNodes: 430\n; MaxProcs: 430\n")->nodes, 86);
  EXPECT_FALSE(MachineOfHeader("; Note: MaxProcs\n1 2 3\n").has_value());
  const auto read = Read("; MaxProcs: 24\n1 0 -1 50 2 -1 -1 2 -1 -1 1 3\n");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->nodes.size(), 3u);
}

}  // namespace
}  // namespace muster::sim
