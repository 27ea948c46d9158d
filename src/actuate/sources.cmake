muster_library(actuate RANK 3 SRCS actuator.cc DEPS base api sched kube state)
