muster_library(config RANK 2
  SRCS table.cc fields.cc file_yaml.cc invocation.cc load.cc config_file.cc reference.cc
  DEPS base sched
  EXTERNAL yaml-cpp)

# Prints docs/reference/config.md.
add_executable(config_reference EXCLUDE_FROM_ALL src/config/reference_main.cc)
target_link_libraries(config_reference PRIVATE muster::config)

muster_test(config/load_test DEPS muster::config)
muster_test(config/config_file_test DEPS muster::config)
muster_test(config/reference_test DEPS muster::config)
