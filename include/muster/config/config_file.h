// The configuration file of a running process: tells when it changed and what it says now.  Asked
// by polling, so it needs no thread and sees every way a file changes, the swapped symbolic links
// of a mounted ConfigMap included.
//
// A content is acted on when two polls in a row saw it, so that a file that is just being written
// is not taken half.  Each content is reported once; one that means what runs already is reported
// only when it ends an error. Threads: one caller.
#pragma once

#include <cstdint>
#include <optional>

#include "muster/base/result.h"
#include "muster/config/load.h"

namespace muster::config {

class ConfigFile {
 public:
  // `running`: what Load returned for this invocation.
  ConfigFile(Invocation invocation, Settings running, PluginCheck plugins = {});

  // Nothing when nothing changed; else the new settings, which from now on count as the running
  // ones; or why they are refused (load.h; also a setting that cannot change while the program
  // runs), and the old ones stay.  One read of a small file.
  std::optional<base::Result<Settings>> Poll();

  const Settings& running() const { return running_; }

 private:
  base::Result<Settings> Judge(const base::Result<std::string>& content) const;

  Invocation invocation_;
  Settings running_;
  PluginCheck plugins_;
  std::uint64_t reported_ = 0;  // hash of the content that was acted on last
  std::uint64_t seen_ = 0;      // hash of the content at the last poll
  bool refused_ = false;        // what was reported last was an error
};

}  // namespace muster::config
