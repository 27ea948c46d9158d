#include <algorithm>
#include <limits>

#include "muster/base/text.h"
#include "muster/sched/schedule.h"
#include "muster/sched/snapshot.h"
#include "sched/snapshot_fields.h"

namespace muster::sched {
namespace {

// One line of a snapshot.  After the first mistake nothing is read any more.
class Reader {
 public:
  Reader(std::string_view line, const std::vector<ShapeId>& shapes)
      : line_(line), shapes_(shapes) {}

  std::string_view Word() {
    const std::size_t end = std::min(line_.find(' ', at_), line_.size());
    const std::string_view word = line_.substr(at_, end - at_);
    at_ = std::min(end + 1, line_.size());
    return word;
  }

  template <class T>
  void Get(T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      GetText(value);
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(Number(0, static_cast<std::int64_t>(LastOf(T{}))));
    } else if constexpr (std::is_same_v<T, bool>) {
      value = Number(0, 1) != 0;
    } else if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(Number(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    } else if constexpr (std::is_same_v<T, base::TimePoint>) {
      Get(value.unix_ms);
    } else if constexpr (std::is_same_v<T, ShapeId>) {
      const std::int64_t number = Number(0, static_cast<std::int64_t>(shapes_.size()) - 1);
      if (ok()) value = shapes_[static_cast<std::size_t>(number)];
    } else if constexpr (requires { value.second; }) {
      GetPair(value);
    } else if constexpr (requires { value.begin(); }) {
      GetList(value);
    } else {
      GetStruct(value);
    }
  }

  void End() {
    if (at_ != line_.size()) Fail("there is more than was expected");
  }
  void Fail(const std::string& what) {
    if (what_.empty()) what_ = what, wrong_at_ = at_;
  }
  bool ok() const { return what_.empty(); }
  std::string Wrong(std::int64_t number) const {
    return std::to_string(number) + ":" + std::to_string(wrong_at_ + 1) + ": " + what_;
  }

 private:
  bool Next(char c) const { return at_ < line_.size() && line_[at_] == c; }
  bool Take(char c) {
    if (!ok() || !Next(c)) return false;
    ++at_;
    return true;
  }
  void Expect(char c) {
    if (!Take(c)) Fail(std::string("expected ") + c);
  }
  // Whether another item comes before `end`.
  bool More(char end, bool first) {
    if (!ok() || Take(end)) return false;
    if (!first) Expect(' ');
    return ok();
  }

  std::int64_t Number(std::int64_t least, std::int64_t most) {
    const std::size_t end = std::min(line_.find_first_not_of("-0123456789", at_), line_.size());
    const auto number = base::ParseInt(line_.substr(at_, end - at_));
    if (!number || *number < least || *number > most) {
      Fail("expected a number from " + std::to_string(least) + " to " + std::to_string(most));
      return 0;
    }
    at_ = end;
    return *number;
  }

  void GetText(std::string& value) {
    Expect('"');
    while (ok() && !Take('"')) {
      if (at_ >= line_.size()) return Fail("a text does not end");
      if (!Take('\\')) {
        value += line_[at_++];
        continue;
      }
      const int high = Digit(), low = Digit();
      value += static_cast<char>(high * 16 + low);
    }
  }

  int Digit() {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const std::size_t digit = at_ < line_.size() ? kDigits.find(line_[at_]) : kDigits.npos;
    if (digit == kDigits.npos) {
      Fail("expected two digits after \\");
      return 0;
    }
    ++at_;
    return static_cast<int>(digit);
  }

  template <class T>
  void GetPair(T& value) {
    Expect('(');
    Get(value.first);
    Expect(' ');
    Get(value.second);
    Expect(')');
  }

  template <class T>
  void GetList(T& list) {
    Expect('[');
    for (bool first = true; More(']', first); first = false) {
      if constexpr (requires { typename T::mapped_type; }) {
        std::pair<typename T::key_type, typename T::mapped_type> item;
        GetPair(item);
        list.insert(std::move(item));
      } else {
        typename T::value_type item{};
        Get(item);
        list.push_back(std::move(item));
      }
    }
  }

  template <class T>
  void GetStruct(T& value) {
    Expect('{');
    for (bool first = true; More('}', first); first = false) {
      const std::size_t end = std::min(line_.find('=', at_), line_.size());
      const std::string_view name = line_.substr(at_, end - at_);
      bool found = false;
      const auto visit = [&](const char* of, auto& field) {
        if (found || name != of) return;
        found = true;
        at_ = std::min(end + 1, line_.size());
        field = {};
        Get(field);
      };
      Visit(visit, value);
      if (!found) Fail("no such field: " + base::CutText(name, 40));
    }
  }

  std::string_view line_;
  const std::vector<ShapeId>& shapes_;
  std::size_t at_ = 0, wrong_at_ = 0;
  std::string what_;
};

// Reads one object after the other into a Snapshot.
class Loader {
 public:
  // False: the line is the last one of its snapshot, or wrong.
  bool Line(std::string_view text, std::int64_t number) {
    Reader reader(text, shapes_);
    const std::string_view kind = reader.Word();
    const bool last = kind == "plan";
    if (last) {
      Digest(reader);
    } else {
      Object(reader, kind);
      reader.End();
    }
    if (!reader.ok()) wrong_ = reader.Wrong(number);
    return !last && wrong_.empty();
  }

  Snapshot Finish() {
    snapshot_.world.SetReservations(std::move(reservations_));
    return std::move(snapshot_);
  }
  const std::string& wrong() const { return wrong_; }

 private:
  template <class T>
  static T Read(Reader& reader) {
    T value{};
    reader.Get(value);
    return value;
  }

  void Object(Reader& reader, std::string_view kind) {
    World& world = snapshot_.world;
    if (kind == "policy") {
      reader.Get(snapshot_.policy);
      CheckPlugins(reader);
    } else if (kind == "now") {
      world.SetNow(Read<base::TimePoint>(reader));
    } else if (kind == "shape") {
      shapes_.push_back(world.InternShape(Read<Shape>(reader)));
    } else if (kind == "node") {
      world.SetNode(Read<Node>(reader));
    } else if (kind == "tenant") {
      world.SetTenant(Read<Tenant>(reader));
    } else if (kind == "quota") {
      world.SetNamespaceQuota(Read<NamespaceQuota>(reader));
    } else if (kind == "budget") {
      world.SetBudget(Read<Budget>(reader));
    } else if (kind == "gang") {
      const Gang gang = Read<Gang>(reader);
      if (!gang.tasks.empty() && shapes_.empty()) reader.Fail("a task without a shape");
      if (reader.ok()) world.SetGang(gang);
    } else if (kind == "occupant") {
      world.SetOccupant(Read<Occupant>(reader));
    } else if (kind == "reservation") {
      reservations_.push_back(Read<Reservation>(reader));
    } else {
      reader.Fail("no such kind of line: " + base::CutText(kind, 40));
    }
  }

  void CheckPlugins(Reader& reader) {
    for (const std::string& name : snapshot_.policy.filters) {
      if (!IsFilter(name)) reader.Fail("there is no filter " + name);
    }
    for (const ScoreWeight& score : snapshot_.policy.scores) {
      if (!IsScore(score.plugin)) reader.Fail("there is no score " + score.plugin);
    }
  }

  void Digest(Reader& reader) {
    const std::string_view word = reader.Word();
    if (word.size() != 16) return reader.Fail("expected a digest of 16 digits");
    for (const char c : word) {
      const std::size_t digit = std::string_view("0123456789abcdef").find(c);
      if (digit == std::string_view::npos) return reader.Fail("expected a digest of 16 digits");
      snapshot_.digest = snapshot_.digest * 16 + digit;
    }
  }

  Snapshot snapshot_;
  std::vector<ShapeId> shapes_;
  std::vector<Reservation> reservations_;
  std::string wrong_;
};

std::string_view TakeLine(std::string_view& text, std::int64_t& line) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view first = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  ++line;
  return first;
}

bool TakeAndLoad(Loader& loader, std::string_view& text, std::int64_t& line) {
  const std::string_view first = TakeLine(text, line);
  return loader.Line(first, line);
}

}  // namespace

base::Result<Snapshot> TakeSnapshot(std::string_view& text, std::int64_t& line) {
  const auto refuse = [&](const std::string& what) {
    return base::Error{base::Code::kInvalid, what};
  };
  if (TakeLine(text, line) != "muster-snapshot 1") {
    return refuse(std::to_string(line) + ":1: expected \"muster-snapshot 1\"");
  }
  Loader loader;
  do {
    if (text.empty())
      return refuse(std::to_string(line + 1) + ":1: the cycle ends without its plan");
  } while (TakeAndLoad(loader, text, line));
  if (!loader.wrong().empty()) return refuse(loader.wrong());
  return loader.Finish();
}

}  // namespace muster::sched
