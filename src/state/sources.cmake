muster_library(state RANK 2
  SRCS amounts.cc budgets.cc job_entry.cc job_queue.cc template_cache.cc foreign_groups.cc cluster_state.cc
       observe_objects.cc observe_volumes.cc volumes.cc fold_pod.cc fold_job.cc fold_peers.cc gang.cc
       group_gang.cc peers.cc replace.cc
  DEPS base api sched)

muster_test(state/peers_test DEPS muster::state)
muster_test(state/volumes_test DEPS muster::state)
muster_test(state/written_status_test DEPS muster::state)
muster_test(state/node_nonsense_test DEPS muster::state)
muster_test(state/budgets_test DEPS muster::state)
muster_test(state/ceilings_test DEPS muster::state)
muster_test(state/gang_test DEPS muster::state)
muster_test(state/pod_owner_test DEPS muster::state)
muster_test(state/replace_test DEPS muster::state)
