# The controllers: pure plans and the I/O around them, linked by the program and by the tests.
add_library(muster_controllers STATIC
  ${CMAKE_SOURCE_DIR}/operator/controllers/job/growth.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/job/limits.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/job/placed.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/job/plan.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/job/reconciler.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/job/recovery.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/job/release.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/job/service.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/job/status.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/job/tally.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/job/templates.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/job/times.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/job/waiting.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/conditions.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/foreign/plan.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/foreign/reconciler.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/quota/plan.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/quota/reconciler.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/tenant/claims.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/tenant/namespace_plan.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/tenant/reconciler.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/tenant/status_plan.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/tenant/status_writer.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/tenant/usage.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/workflow/graph.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/workflow/plan.cc
  ${CMAKE_SOURCE_DIR}/operator/controllers/workflow/reconciler.cc)
add_library(muster::controllers ALIAS muster_controllers)
target_include_directories(muster_controllers PUBLIC ${CMAKE_SOURCE_DIR}/operator)
target_compile_options(muster_controllers PRIVATE ${MUSTER_WARNINGS})
target_link_libraries(muster_controllers PUBLIC muster::actuate muster::state muster::kube
                                                muster::sched muster::api muster::base)
foreach(controller foreign quota tenant workflow)
  muster_test(operator/${controller}_plan_test DEPS muster::controllers)
endforeach()
foreach(controller foreign quota tenant workflow)
  muster_test(operator/${controller}_controller_test
              DEPS muster::controllers muster::fake_api LABELS threads)
endforeach()
muster_test(operator/status_pacer_test DEPS muster::controllers)
