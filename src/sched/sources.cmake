muster_library(sched RANK 1
  SRCS
    confines.cc cycle.cc decide.cc explain.cc overlay.cc place.cc plan_text.cc preemption_text.cc reason.cc schedule.cc
    snapshot_read.cc snapshot_write.cc
    seeker.cc shadows.cc shape_index.cc spread_counts.cc tie_counts.cc trial.cc words.cc
    model/quota.cc model/reserved.cc model/ties.cc model/vec.cc model/world.cc model/world_gangs.cc
    model/world_state.cc
    plugins/best_fit.cc plugins/gpu_model.cc plugins/node_ready.cc plugins/node_selector.cc
    plugins/pod_affinity.cc plugins/ports.cc plugins/registry.cc plugins/requirements.cc plugins/resources.cc
    plugins/taints.cc plugins/topology_spread.cc plugins/volume_affinity.cc
    policies/attained.cc policies/budgets.cc policies/classes.cc policies/depart.cc policies/ends.cc
    policies/order.cc policies/preemption.cc policies/slot_book.cc
    policies/slot_search.cc policies/future.cc
  DEPS base)
muster_test(sched/schedule_test DEPS muster::sched)
muster_test(sched/preemption_test DEPS muster::sched)
muster_test(sched/world_test DEPS muster::sched)
muster_test(sched/quota_test DEPS muster::sched)
muster_test(sched/filters_test DEPS muster::sched)
muster_test(sched/pod_affinity_test DEPS muster::sched)
muster_test(sched/pod_affinity_property_test DEPS muster::sched)
muster_test(sched/topology_spread_test DEPS muster::sched)
muster_test(sched/topology_spread_property_test DEPS muster::sched)
muster_test(sched/place_test DEPS muster::sched)
muster_test(sched/order_test DEPS muster::sched)
muster_test(sched/property_test DEPS muster::sched)
muster_test(sched/slots_property_test DEPS muster::sched)
muster_test(sched/budgets_test DEPS muster::sched)
muster_test(sched/victims_test DEPS muster::sched)
muster_test(sched/thrash_test DEPS muster::sched)
muster_test(sched/explain_test DEPS muster::sched)
muster_test(sched/attained_test DEPS muster::sched)
muster_test(sched/snapshot_test DEPS muster::sched)
muster_test(sched/slot_book_test DEPS muster::sched)
