// Workflows: creates the Jobs of tasks whose dependencies succeeded, and tells how far it got.
//
// Threads: owner thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "controllers/workflow/plan.h"
#include "muster/actuate/actuator.h"
#include "muster/state/cluster_state.h"

namespace muster::op {

class WorkflowController {
 public:
  // `wake(key, ms)`: Reconcile(key) after ms.
  WorkflowController(state::ClusterState& state, actuate::Actuator& actuator,
                     std::function<void(const std::string&, std::int64_t)> wake);

  // Looks at one workflow (namespace/name) and acts.  Unknown keys are forgotten.
  void Reconcile(const std::string& key);
  // The last Reconcile threw: the workflow says so.
  void Poisoned(const std::string& key, const std::string& what);

 private:
  WorkflowLedger& LedgerOf(const api::Workflow& workflow);
  WorkflowFacts BuildFacts(const api::Workflow& workflow, WorkflowLedger& ledger);
  void Carry(const api::Workflow& workflow, WorkflowLedger& ledger, WorkflowActions actions);
  void CreateJob(const api::Workflow& workflow, WorkflowLedger& ledger, std::size_t task);
  void TakeCreated(const std::string& key, const std::string& uid, const std::string& task,
                   const base::Result<std::string>& answer);
  void WriteStatus(const api::Workflow& workflow, WorkflowLedger& ledger, WorkflowActions& actions);
  // `from`: the resourceVersion the write was made from.
  void TakeStatus(const std::string& key, const std::string& uid, const std::string& from,
                  const std::vector<api::EventText>& events,
                  const base::Result<std::string>& answer);
  WorkflowLedger* Same(const std::string& key, const std::string& uid);

  state::ClusterState& state_;
  actuate::Actuator& actuator_;
  std::function<void(const std::string&, std::int64_t)> wake_;
  std::map<std::string, WorkflowLedger> ledgers_;
};

}  // namespace muster::op
