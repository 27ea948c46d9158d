muster_library(base RANK 0
  SRCS clock.cc quantity.cc log_spdlog.cc text.cc time_text.cc hash.cc check.cc json_scan.cc
       shared_text.cc
  EXTERNAL spdlog::spdlog)
muster_test(base/quantity_test DEPS muster::base)
muster_test(base/text_test DEPS muster::base)
muster_test(base/shared_text_test DEPS muster::base)
