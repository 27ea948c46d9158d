find_package(ZLIB REQUIRED)
muster_library(sim RANK 3
  SRCS cells.cc compare.cc document_yaml.cc engine.cc fields.cc gantt.cc generate.cc html.cc pictures.cc plot.cc
       read_cluster.cc read_file_zlib.cc read_jobs.cc read_traces.cc read_workload.cc replay.cc report.cc
       report_json.cc report_text.cc rows.cc series.cc swf_header.cc workload.cc
  DEPS base sched config
  EXTERNAL ZLIB::ZLIB yaml-cpp)

set(MUSTER_SIM_PROGRAM compare_cli.cc generate_cli.cc inputs_cli.cc main_cli.cc replay_cli.cc run_cli.cc)
list(TRANSFORM MUSTER_SIM_PROGRAM PREPEND "${CMAKE_SOURCE_DIR}/src/sim/")
add_executable(muster-sim ${MUSTER_SIM_PROGRAM})
target_include_directories(muster-sim PRIVATE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(muster-sim PRIVATE ${MUSTER_WARNINGS})
target_link_libraries(muster-sim PRIVATE muster::sim)

muster_test(sim/compare_test DEPS muster::sim)
muster_test(sim/engine_test DEPS muster::sim)
muster_test(sim/generate_test DEPS muster::sim)
muster_test(sim/html_test DEPS muster::sim)
muster_test(sim/read_test DEPS muster::sim ZLIB::ZLIB)
muster_test(sim/read_workload_test DEPS muster::sim)
muster_test(sim/replay_test DEPS muster::sim)
muster_test(sim/report_test DEPS muster::sim)

add_test(NAME sim.program_test
         COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/sim/program_test.py $<TARGET_FILE:muster-sim>)
set_tests_properties(sim.program_test PROPERTIES LABELS unit)
