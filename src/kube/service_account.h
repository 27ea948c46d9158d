// The credentials that Kubernetes mounts into a pod.
//
// Threads: pure functions but for the files they read.
#pragma once

#include "muster/kube/kubeconfig.h"

namespace muster::kube {

// kNotFound outside of a pod.
base::Result<Connection> LoadServiceAccount(const Environment& environment);

}  // namespace muster::kube
