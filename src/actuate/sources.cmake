muster_library(actuate RANK 3 SRCS actuator.cc DEPS base api kube)
muster_test(actuate/actuator_test DEPS muster::actuate muster::fake_api LABELS threads)
