#include "muster/sim/replay.h"

#include <algorithm>
#include <map>

#include "muster/base/text.h"
#include "muster/base/time_text.h"
#include "muster/sched/schedule.h"
#include "muster/sched/snapshot.h"

namespace muster::sim {
namespace {

// Lines of `text` that `other` does not have, in their order, each after `sign`.
std::string OnlyIn(const std::string& text, const std::string& other, const char* sign) {
  std::map<std::string_view, std::int64_t> there;
  for (const std::string_view line : base::Split(other, '\n')) ++there[line];
  std::string only;
  for (const std::string_view line : base::Split(text, '\n')) {
    if (line.empty() || --there[line] >= 0) continue;
    only += "  " + std::string(sign) + " " + std::string(line) + "\n";
  }
  return only;
}

class Replayer {
 public:
  explicit Replayer(const std::optional<sched::Policy>& instead) : instead_(instead) {}

  void One(const sched::Snapshot& snapshot) {
    ++replay_.cycles;
    const std::string name = "cycle " + std::to_string(replay_.cycles) + " at " +
                             base::FormatTime(snapshot.world.now()) + ": ";
    sched::Cache cache;
    const sched::Plan plan = sched::Schedule(snapshot.world, snapshot.policy, cache);
    if (sched::DigestOf(plan, snapshot.world) != snapshot.digest) {
      ++replay_.other;
      replay_.text += name + "the plan is not the recorded one\n";
    }
    if (instead_) Compare(name, snapshot.world, plan);
  }

  Replay Finish() {
    Replay done = std::move(replay_);
    done.text += std::to_string(done.cycles) + " cycles, " +
                 std::to_string(done.cycles - done.other) + " with the recorded plan\n";
    if (instead_) {
      done.text += std::to_string(done.changed) + " cycles would be decided otherwise\n";
    }
    return done;
  }

 private:
  void Compare(const std::string& name, const sched::World& world, const sched::Plan& plan) {
    sched::Cache cache;
    const sched::Plan other = sched::Schedule(world, *instead_, cache);
    const std::string before = ToText(plan, world), after = ToText(other, world);
    if (before == after) return;
    ++replay_.changed;
    const std::string lines = OnlyIn(before, after, "-") + OnlyIn(after, before, "+");
    replay_.text += name + (lines.empty() ? "the same in another order" : "") + "\n" + lines;
  }

  const std::optional<sched::Policy>& instead_;
  Replay replay_;
};

}  // namespace

base::Result<Replay> ReplayCycles(const Text& file, const std::optional<sched::Policy>& instead) {
  Replayer replayer(instead);
  std::string_view rest = file.text;
  std::int64_t line = 0;
  do {
    const auto snapshot = sched::TakeSnapshot(rest, line);
    if (!snapshot.ok()) {
      return base::Error{snapshot.error().code, file.file + ":" + snapshot.error().message};
    }
    replayer.One(*snapshot);
  } while (!rest.empty());
  return replayer.Finish();
}

}  // namespace muster::sim
