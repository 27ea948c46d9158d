muster_library(telemetry RANK 3
  SRCS catalogue.cc metrics_prometheus.cc process.cc endpoints.cc http_text.cc server.cc
  DEPS base
  EXTERNAL prometheus-cpp::core Threads::Threads)

# Prints docs/metrics.md.
add_executable(metrics_reference EXCLUDE_FROM_ALL src/telemetry/reference_main.cc)
target_link_libraries(metrics_reference PRIVATE muster::telemetry)

muster_test(telemetry/catalogue_test DEPS muster::telemetry)
muster_test(telemetry/metrics_test DEPS muster::telemetry LABELS threads)
muster_test(telemetry/endpoints_test DEPS muster::telemetry)
muster_test(telemetry/server_test DEPS muster::telemetry LABELS threads)
add_test(NAME telemetry.rules_test
         COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/telemetry/rules_test.py)
set_tests_properties(telemetry.rules_test PROPERTIES LABELS unit)
