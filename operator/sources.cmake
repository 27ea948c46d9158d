# The program.  Controllers and loops are a library so that tests link them too.
include(operator/controllers/sources.cmake)
add_library(muster_operator STATIC
  operator/cluster_gauges.cc operator/drift.cc operator/event_loop.cc operator/fence_probe.cc
  operator/leadership.cc
  operator/metrics_feed.cc operator/operator.cc operator/poison_guard.cc
  operator/scheduler_loop.cc operator/watches.cc)
target_include_directories(muster_operator PUBLIC ${CMAKE_SOURCE_DIR}/operator)
target_compile_options(muster_operator PRIVATE ${MUSTER_WARNINGS})
target_link_libraries(muster_operator PUBLIC muster_controllers muster::config muster::telemetry
                      Threads::Threads)
add_executable(muster-operator operator/main.cc)
target_compile_options(muster-operator PRIVATE ${MUSTER_WARNINGS})
target_compile_definitions(muster-operator PRIVATE MUSTER_VERSION="${PROJECT_VERSION}")
target_link_libraries(muster-operator PRIVATE muster_operator)
# TSan sees the threads that there are in these; what the one owner thread decides is the others'.
foreach(test job_controller job_recovery job_service takeover)
  muster_test(operator/${test}_test DEPS muster_operator muster::fake_api LABELS threads)
endforeach()
foreach(test job_trouble job_ceilings job_growth_eviction job_limits job_affinity job_replacement job_volumes
         foreign_preemption budget hold_text)
  muster_test(operator/${test}_test DEPS muster_operator muster::fake_api)
endforeach()

add_library(muster_job_builder STATIC EXCLUDE_FROM_ALL tests/testing/job_builder.cc)
target_include_directories(muster_job_builder PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(muster_job_builder PUBLIC muster_controllers)
muster_test(operator/job_plan_test DEPS muster_job_builder)
muster_test(operator/job_story_test DEPS muster_job_builder)
muster_test(operator/job_lost_node_test DEPS muster_job_builder)
muster_test(operator/job_replacement_plan_test DEPS muster_job_builder)
muster_test(operator/job_results_test DEPS muster_job_builder)
foreach(test job_growth job_unplaced kept_place slot)
  muster_test(operator/${test}_test DEPS muster_job_builder muster_operator muster::fake_api)
endforeach()
muster_test(operator/cluster_gauges_test DEPS muster_operator)
muster_test(operator/event_loop_test DEPS muster_operator LABELS threads)
muster_test(operator/poison_guard_test DEPS muster_operator)
muster_test(operator/fence_probe_test DEPS muster_operator muster::fake_api LABELS threads)
muster_test(operator/leadership_test DEPS muster_operator muster::fake_api LABELS threads)
muster_test(operator/metrics_feed_test DEPS muster_operator muster::fake_api LABELS threads)
muster_test(operator/watches_test DEPS muster_operator muster::fake_api LABELS threads)
