// When the status of one object may be written: one write at a time, at most one a second, none
// before the watch has shown the last one, and two seconds after one that failed.
//
// Threads: owner thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace muster::op {

class StatusPacer {
 public:
  static constexpr std::int64_t kLeastMs = 1'000;
  static constexpr std::int64_t kRetryMs = 2'000;

  // Whether nothing can be said about the object as it is at `resource_version`: a write is under
  // way, or the last one was made from this very version.
  bool Blocked(const std::string& resource_version) const {
    return in_flight_ || written_from_ == resource_version;
  }
  // In how many ms a write may be sent; 0: now.
  std::int64_t DelayMs(std::int64_t boot_ms) const {
    return std::max<std::int64_t>(0, next_ms_ - boot_ms);
  }
  void NoteSent(std::int64_t boot_ms) {
    in_flight_ = true;
    next_ms_ = boot_ms + kLeastMs;
  }
  // The write that was made from `resource_version` went well.
  void NoteWritten(const std::string& resource_version) {
    in_flight_ = false;
    written_from_ = resource_version;
  }
  // It did not: look again in kRetryMs, from what is there then.
  void NoteFailed(std::int64_t boot_ms) {
    in_flight_ = false;
    next_ms_ = boot_ms + kRetryMs;
  }

 private:
  bool in_flight_ = false;
  std::string written_from_;
  std::int64_t next_ms_ = 0;  // BootMs before which none is sent
};

}  // namespace muster::op
