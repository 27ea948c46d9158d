#include "config/file_yaml.h"

#include <yaml-cpp/yaml.h>

#include <set>

#include "config/table.h"

namespace muster::config {
namespace {

Mark MarkOf(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

std::string At(const std::string& name, const Mark& mark) {
  return name + ":" + std::to_string(mark.line) + ":" + std::to_string(mark.column) + ": ";
}

class Reader {
 public:
  explicit Reader(const std::string& name) : name_(name) {}

  base::Status ReadDocument(const YAML::Node& root) {
    if (root.IsNull()) return base::Done{};
    if (!root.IsMap()) {
      return Refuse(MarkOf(root.Mark()), "the file must be a map of settings, such as \"log:\"");
    }
    return ReadSection("", root);
  }

  std::vector<FileEntry> entries;

 private:
  base::Error Refuse(const Mark& mark, const std::string& text) const {
    return {base::Code::kInvalid, At(name_, mark) + text};
  }

  base::Status ReadSection(const std::string& section, const YAML::Node& map) {
    std::set<std::string> seen;
    for (const auto& pair : map) {
      const Mark mark = MarkOf(pair.first.Mark());
      if (!pair.first.IsScalar()) return Refuse(mark, "a name must be plain text");
      const std::string path =
          section.empty() ? pair.first.Scalar() : section + "." + pair.first.Scalar();
      if (!seen.insert(path).second) return Refuse(mark, path + ": is set twice");
      if (auto status = ReadOne(path, mark, pair.second); !status.ok()) return status;
    }
    return base::Done{};
  }

  base::Status ReadOne(const std::string& path, const Mark& mark, const YAML::Node& node) {
    if (FindSetting(path) != nullptr) return ReadValue(path, mark, node);
    if (!IsSection(path)) return Refuse(mark, path + ": unknown setting" + Nearest(path));
    if (node.IsNull()) return base::Done{};
    if (!node.IsMap()) return Refuse(mark, path + ": must be a map of settings");
    return ReadSection(path, node);
  }

  base::Status ReadValue(const std::string& path, const Mark& mark, const YAML::Node& node) {
    if (node.IsNull()) return Refuse(mark, path + ": has no value");
    FileEntry entry;
    entry.path = path;
    entry.value.mark = MarkOf(node.Mark());
    if (node.IsScalar()) {
      entry.value.text = node.Scalar();
    } else if (auto status = ReadItems(path, node, entry.value); !status.ok()) {
      return status;
    }
    entries.push_back(std::move(entry));
    return base::Done{};
  }

  base::Status ReadItems(const std::string& path, const YAML::Node& node, RawValue& value) {
    value.shape = node.IsMap() ? RawValue::Shape::kMap : RawValue::Shape::kList;
    for (auto it = node.begin(); it != node.end(); ++it) {
      const YAML::Node item = node.IsMap() ? YAML::Node(it->second) : YAML::Node(*it);
      const Mark mark = MarkOf(item.Mark());
      if (!item.IsScalar() || (node.IsMap() && !it->first.IsScalar())) {
        return Refuse(mark, path + ": only plain values belong in it");
      }
      value.items.push_back({node.IsMap() ? it->first.Scalar() : "", item.Scalar(), mark});
    }
    return base::Done{};
  }

  static std::string Nearest(const std::string& path) {
    std::vector<std::string> known;
    for (const Setting& s : Table()) known.emplace_back(s.path);
    for (const Setting& s : Table()) {
      if (const auto dot = s.path.find('.'); dot != s.path.npos) {
        known.emplace_back(s.path.substr(0, dot));
      }
    }
    return DidYouMean(path, known);
  }

  const std::string& name_;
};

}  // namespace

base::Result<std::vector<FileEntry>> ParseConfigFile(const std::string& name,
                                                     std::string_view yaml) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(yaml));
    Reader reader(name);
    if (documents.size() > 1) {
      return base::Error{base::Code::kInvalid, At(name, MarkOf(documents[1].Mark())) +
                                                   "a second YAML document; only one is read"};
    }
    if (documents.empty()) return reader.entries;
    if (auto status = reader.ReadDocument(documents[0]); !status.ok()) return status.error();
    return std::move(reader.entries);
  } catch (const YAML::Exception& e) {
    return base::Error{base::Code::kInvalid, At(name, MarkOf(e.mark)) + "not YAML: " + e.msg};
  }
}

}  // namespace muster::config
