# Benchmarks: *_bench are in-process micro-benchmarks that `make bench` runs; floor_client is the bare
# client that control_plane_bench.py compares the operator with.
find_package(benchmark REQUIRED)

# muster_bench(NAME DEPS …): benchmarks/NAME.cc as one Google Benchmark program.
function(muster_bench name)
  cmake_parse_arguments(B "" "" "DEPS" ${ARGN})
  add_executable(${name} ${CMAKE_SOURCE_DIR}/benchmarks/${name}.cc)
  target_compile_options(${name} PRIVATE ${MUSTER_WARNINGS})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/benchmarks)
  target_link_libraries(${name} PRIVATE ${B_DEPS} benchmark::benchmark_main Threads::Threads)
endfunction()

muster_bench(json_bench DEPS muster::api)
muster_bench(sched_bench DEPS muster::sched)
muster_bench(state_bench DEPS muster::state)

add_executable(floor_client ${CMAKE_SOURCE_DIR}/benchmarks/floor/main.cc
                            ${CMAKE_SOURCE_DIR}/benchmarks/floor/floor.cc
                            ${CMAKE_SOURCE_DIR}/benchmarks/floor/life.cc
                            ${CMAKE_SOURCE_DIR}/benchmarks/floor/list.cc)
target_include_directories(floor_client PRIVATE ${CMAKE_SOURCE_DIR}/benchmarks)
target_compile_options(floor_client PRIVATE ${MUSTER_WARNINGS})
target_link_libraries(floor_client PRIVATE muster::kube muster::api Threads::Threads)

# Schedulers of the literature that core benchmarks compare with.
add_library(muster_reference STATIC EXCLUDE_FROM_ALL
            ${CMAKE_SOURCE_DIR}/benchmarks/reference/backfill.cc
            ${CMAKE_SOURCE_DIR}/benchmarks/reference/fragmentation.cc
            ${CMAKE_SOURCE_DIR}/benchmarks/reference/openb.cc
            ${CMAKE_SOURCE_DIR}/benchmarks/reference/packing.cc)
target_include_directories(muster_reference PUBLIC ${CMAKE_SOURCE_DIR}/benchmarks)
target_compile_options(muster_reference PRIVATE ${MUSTER_WARNINGS})
target_link_libraries(muster_reference PUBLIC muster::base)
muster_test(benchmarks/backfill_reference_test DEPS muster_reference muster::base)
muster_test(benchmarks/packing_reference_test DEPS muster_reference muster::base)

add_test(NAME benchmarks.figures_test
         COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/benchmarks/figures_test.py)
set_tests_properties(benchmarks.figures_test PROPERTIES LABELS unit)

add_executable(bench_core ${CMAKE_SOURCE_DIR}/benchmarks/core/main.cc
                          ${CMAKE_SOURCE_DIR}/benchmarks/core/backfill.cc
                          ${CMAKE_SOURCE_DIR}/benchmarks/core/packing.cc
                          ${CMAKE_SOURCE_DIR}/benchmarks/core/philly.cc)
target_compile_options(bench_core PRIVATE ${MUSTER_WARNINGS})
target_link_libraries(bench_core PRIVATE muster::sim muster_reference)
