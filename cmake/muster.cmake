# muster_library(NAME RANK n SRCS … DEPS … EXTERNAL …): one library a folder of src/.  RANK is its
# floor: it may depend only on libraries of a strictly lower rank, and configure fails otherwise.
# muster_test(PATH DEPS … [LABELS …]): tests/PATH.cc as one GoogleTest program.  No time limit here:
# presets and gate give one, which a campaign must be able to lift.

find_program(MUSTER_CCACHE ccache)
if(MUSTER_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
                                  CCACHE_NOHASHDIR=1 ${MUSTER_CCACHE})
endif()
find_program(MUSTER_MOLD mold)
if(MUSTER_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
if(MUSTER_SANITIZE)
  # Not optimised: these builds are run for a minute and compiled for many.
  add_compile_options(-fsanitize=${MUSTER_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -O0)
  add_link_options(-fsanitize=${MUSTER_SANITIZE})
endif()

set(MUSTER_WARNINGS -Wall -Wextra -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  list(APPEND MUSTER_WARNINGS -Wthread-safety)
endif()

function(muster_library name)
  cmake_parse_arguments(LIB "" "RANK" "SRCS;DEPS;EXTERNAL" ${ARGN})
  list(TRANSFORM LIB_SRCS PREPEND "${CMAKE_SOURCE_DIR}/src/${name}/")
  add_library(muster_${name} STATIC ${LIB_SRCS})
  add_library(muster::${name} ALIAS muster_${name})
  set_target_properties(muster_${name} PROPERTIES MUSTER_RANK ${LIB_RANK})
  target_include_directories(muster_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include
                                            PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(muster_${name} PRIVATE ${MUSTER_WARNINGS})
  foreach(dep IN LISTS LIB_DEPS)
    get_target_property(dep_rank muster_${dep} MUSTER_RANK)
    if(NOT dep_rank LESS LIB_RANK)
      message(FATAL_ERROR "${name} (rank ${LIB_RANK}) must not depend on ${dep} (rank ${dep_rank})")
    endif()
    target_link_libraries(muster_${name} PUBLIC muster::${dep})
  endforeach()
  target_link_libraries(muster_${name} PRIVATE ${LIB_EXTERNAL})
endfunction()

function(muster_test path)
  cmake_parse_arguments(T "" "" "DEPS;SRCS;LABELS" ${ARGN})
  string(REPLACE "/" "." name ${path})
  add_executable(${name} ${CMAKE_SOURCE_DIR}/tests/${path}.cc ${T_SRCS})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests ${CMAKE_SOURCE_DIR}/src
                                             ${CMAKE_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${MUSTER_WARNINGS})
  # Relative, and tests run at the root: an absolute path would make ccache miss in a second clone.
  target_compile_definitions(${name} PRIVATE MUSTER_SOURCE_DIR=".")
  target_link_libraries(${name} PRIVATE ${T_DEPS} GTest::gtest_main Threads::Threads)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "unit;${T_LABELS}")
  if(MUSTER_SANITIZE STREQUAL "thread")
    set_tests_properties(${name} PROPERTIES
                         ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp")
  endif()
endfunction()
