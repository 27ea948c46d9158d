// Storage as far as it decides where a pod may run: claims, the volumes bound to them, and the
// classes that say when they are bound.  Only the fields Muster uses; it writes none of them.
//
// Plain values; `invalid` is explained in codec.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/api/core.h"

namespace muster::api {

struct PersistentVolumeClaim {
  Meta meta;
  std::string invalid;
  std::optional<std::string> storage_class;  // absent: the default class; empty: none
  std::string volume_name;                   // spec.volumeName
  std::string phase;                         // Pending, Bound, Lost
};

struct PersistentVolume {
  Meta meta;
  std::string invalid;
  std::vector<NodeSelectorTerm> required_terms;  // any of them; empty: no constraint
  std::string claim;                             // namespace/name of spec.claimRef; empty: none
  std::string claim_uid;                         // empty: the claim is not known to it yet
};

struct StorageClass {
  Meta meta;
  std::string invalid;
  bool waits_for_consumer = false;  // volumeBindingMode WaitForFirstConsumer
  bool is_default = false;          // by its annotation
};

}  // namespace muster::api
