find_package(ZLIB REQUIRED)
muster_library(sim RANK 3
  SRCS engine.cc generate.cc read_file_zlib.cc read_traces.cc report.cc report_json.cc report_text.cc rows.cc
       workload.cc
  DEPS base sched config
  EXTERNAL ZLIB::ZLIB)

add_executable(muster-sim src/sim/main_cli.cc)
target_compile_options(muster-sim PRIVATE ${MUSTER_WARNINGS})
target_link_libraries(muster-sim PRIVATE muster::sim)

muster_test(sim/engine_test DEPS muster::sim)
muster_test(sim/generate_test DEPS muster::sim)
muster_test(sim/read_test DEPS muster::sim ZLIB::ZLIB)
muster_test(sim/report_test DEPS muster::sim)
