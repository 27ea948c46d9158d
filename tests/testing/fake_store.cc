#include "testing/fake_store.h"

#include <algorithm>

#include "muster/base/text.h"
#include "muster/base/time_text.h"

namespace muster::testing {
namespace {

using Json = nlohmann::json;
using kube::Response;

std::string Unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string Text(const Json& object, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!object.is_object() || !object.contains(at) || !object.at(at).is_string()) return "";
  return object.at(at).get<std::string>();
}

// "a=b,c=d" against labels; a term without "=" asks for the key.
bool LabelsMatch(const std::string& selector, const Json& object) {
  for (const std::string_view term : base::Split(selector, ',')) {
    const std::size_t at = term.find('=');
    const std::string key(term.substr(0, at));
    const Json labels = object.value(Json::json_pointer("/metadata/labels"), Json::object());
    if (!labels.contains(key)) return false;
    if (at == std::string_view::npos) continue;
    std::string_view want = term.substr(at + 1);
    if (!want.empty() && want.front() == '=') want.remove_prefix(1);
    if (labels[key] != std::string(want)) return false;
  }
  return true;
}

bool FieldsMatch(const std::string& selector, const Json& object) {
  for (const std::string_view term : base::Split(selector, ',')) {
    const std::size_t at = term.find('=');
    std::string pointer = "/" + std::string(term.substr(0, at));
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    if (at == std::string_view::npos) return false;
    if (Text(object, pointer.c_str()) != std::string(term.substr(at + 1))) return false;
  }
  return true;
}

bool Selected(const FakePath& path, const Json& object) {
  const auto labels = path.query.find("labelSelector");
  if (labels != path.query.end() && !LabelsMatch(labels->second, object)) return false;
  const auto fields = path.query.find("fieldSelector");
  return fields == path.query.end() || FieldsMatch(fields->second, object);
}

}  // namespace

FakePath FakePath::Parse(const std::string& target) {
  FakePath path;
  const std::size_t mark = target.find('?');
  if (mark != std::string::npos) {
    for (const std::string_view pair :
         base::Split(std::string_view(target).substr(mark + 1), '&')) {
      const std::size_t at = pair.find('=');
      const auto value = at == std::string_view::npos ? "" : pair.substr(at + 1);
      path.query[std::string(pair.substr(0, at))] = Unescape(value);
    }
  }
  const std::string_view plain = std::string_view(target).substr(0, mark);
  std::deque<std::string> parts;
  for (const std::string_view part : base::Split(plain.substr(1), '/')) {
    parts.push_back(Unescape(part));
  }
  const std::size_t prefix = parts.front() == "api" ? 2 : 3;
  for (std::size_t i = 0; i < prefix && !parts.empty(); ++i) {
    path.group_version += "/" + parts.front();
    parts.pop_front();
  }
  const auto take = [&parts](std::string& into) {
    if (parts.empty()) return;
    into = parts.front();
    parts.pop_front();
  };
  const bool in_namespace = parts.size() >= 3 && parts[0] == "namespaces" && parts[2] != "status" &&
                            parts[2] != "finalize";
  if (in_namespace) {
    parts.pop_front();
    take(path.ns);
  }
  take(path.plural);
  take(path.name);
  take(path.subresource);
  return path;
}

Response FakeStore::Status(int code, const std::string& reason, const std::string& message) {
  const Json status = {{"kind", "Status"},         {"apiVersion", "v1"}, {"status", "Failure"},
                       {"message", message},       {"reason", reason},   {"code", code},
                       {"details", Json::object()}};
  return {code, status.dump(), 0};
}

FakeStore::Key FakeStore::KeyOf(const FakePath& path) {
  return {path.group_version, path.plural, path.ns, path.name};
}

bool FakeStore::Matches(const FakePath& watched, const FakeEvent& event) {
  if (watched.group_version != event.object.group_version) return false;
  if (watched.plural != event.object.plural) return false;
  if (!watched.ns.empty() && watched.ns != event.object.ns) return false;
  return watched.query.empty() || Selected(watched, Json::parse(event.json));
}

// Every change goes through here: a new version, a line of history.
std::string FakeStore::Commit(const FakePath& path, Json object, const std::string& type) {
  object["metadata"]["resourceVersion"] = std::to_string(++version_);
  FakePath bare = path;
  bare.query.clear();
  bare.subresource.clear();
  std::string text = object.dump();
  history_.push_back({version_, type, bare, text});
  if (type == "DELETED") {
    objects_.erase(KeyOf(path));
  } else {
    objects_[KeyOf(path)] = std::move(object);
  }
  return text;
}

std::string FakeStore::Put(const FakePath& path, const std::string& json) {
  Json object = Json::parse(json);
  const auto found = objects_.find(KeyOf(path));
  Json& meta = object["metadata"];
  meta["name"] = path.name;
  if (!path.ns.empty()) meta["namespace"] = path.ns;
  if (found != objects_.end()) {
    meta["uid"] = found->second["metadata"]["uid"];
    meta["creationTimestamp"] = found->second["metadata"]["creationTimestamp"];
  }
  if (!meta.contains("uid")) meta["uid"] = "uid-" + std::to_string(next_uid_++);
  if (!meta.contains("creationTimestamp")) {
    meta["creationTimestamp"] = base::FormatTime(clock_.Now());
  }
  return Commit(path, std::move(object), found == objects_.end() ? "ADDED" : "MODIFIED");
}

bool FakeStore::Remove(const FakePath& path) {
  const auto found = objects_.find(KeyOf(path));
  if (found == objects_.end()) return false;
  Commit(path, found->second, "DELETED");
  return true;
}

std::optional<std::string> FakeStore::Get(const FakePath& path) const {
  const auto found = objects_.find(KeyOf(path));
  if (found == objects_.end()) return std::nullopt;
  return found->second.dump();
}

void FakeStore::Compact() {
  oldest_ = version_ + 1;
  ++version_;  // so that what is read from now on is newer than the horizon
  continuations_.clear();
}

Response FakeStore::List(const FakePath& path) {
  const auto asked = path.query.find("limit");
  const std::size_t limit = asked == path.query.end() ? 0 : std::stoul(asked->second);
  const auto token = path.query.find("continue");
  if (token != path.query.end()) {
    const auto left = continuations_.find(token->second);
    if (left == continuations_.end()) {
      return Status(410, "Expired", "The provided continue parameter is too old.");
    }
    Snapshot snapshot = std::move(left->second);
    continuations_.erase(left);
    return Page(path, std::move(snapshot.items), snapshot.version, limit);
  }
  std::deque<std::string> items;
  for (const auto& [key, object] : objects_) {
    const auto& [group_version, plural, ns, name] = key;
    if (group_version != path.group_version || plural != path.plural) continue;
    if (!path.ns.empty() && ns != path.ns) continue;
    if (Selected(path, object)) items.push_back(object.dump());
  }
  return Page(path, std::move(items), version_, limit);
}

Response FakeStore::Page(const FakePath& path, std::deque<std::string> items, std::int64_t version,
                         std::size_t limit) {
  std::string body = "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[";
  std::size_t count = 0;
  for (; !items.empty() && (limit == 0 || count < limit); ++count) {
    if (count > 0) body += ',';
    body += items.front();
    items.pop_front();
  }
  body += "],\"metadata\":{\"resourceVersion\":\"" + std::to_string(version) + "\"";
  if (!items.empty()) {
    const std::string token = "tok/" + path.plural + "+" + std::to_string(continuations_.size());
    body += ",\"continue\":\"" + token + "\"";
    continuations_[token] = {std::move(items), version};
  }
  return {200, body + "}}", 0};
}

}  // namespace muster::testing
