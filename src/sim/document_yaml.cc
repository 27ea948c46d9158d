#include <yaml-cpp/yaml.h>

#include <set>

#include "sim/document.h"

namespace muster::sim {
namespace {

constexpr int kDeepest = 32;

struct Wrong {
  YAML::Mark mark;
  std::string what;
};

Value At(const YAML::Mark& mark) {
  Value value;
  value.line = mark.line + 1;
  value.column = mark.column + 1;
  return value;
}

Value Convert(const YAML::Node& node, int depth) {
  Value value = At(node.Mark());
  if (depth > kDeepest) throw Wrong{node.Mark(), "nested too deeply"};
  if (node.IsScalar()) {
    value.kind = Value::Kind::kText;
    value.text = node.Scalar();
  } else if (node.IsSequence()) {
    value.kind = Value::Kind::kList;
    for (const auto& item : node) value.items.push_back(Convert(item, depth + 1));
  } else if (node.IsMap()) {
    value.kind = Value::Kind::kMap;
    std::set<std::string> seen;
    for (const auto& pair : node) {
      if (!pair.first.IsScalar()) throw Wrong{pair.first.Mark(), "a name must be plain text"};
      Value key = Convert(pair.first, depth + 1);
      if (!seen.insert(key.text).second)
        throw Wrong{pair.first.Mark(), key.text + " is given twice"};
      value.entries.push_back({std::move(key), Convert(pair.second, depth + 1)});
    }
  }
  return value;
}

base::Error Refuse(const std::string& file, const YAML::Mark& mark, const std::string& what) {
  return {base::Code::kInvalid, file + ":" + std::to_string(mark.line + 1) + ":" +
                                    std::to_string(mark.column + 1) + ": " + what};
}

}  // namespace

base::Result<Value> ParseYaml(const Text& file) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(file.text));
    if (documents.empty()) return Value{};
    if (documents.size() > 1) {
      return Refuse(file.file, documents[1].Mark(), "a second YAML document; only one is read");
    }
    return Convert(documents[0], 0);
  } catch (const Wrong& wrong) {
    return Refuse(file.file, wrong.mark, wrong.what);
  } catch (const YAML::Exception& e) {
    return Refuse(file.file, e.mark, "not YAML: " + e.msg);
  }
}

}  // namespace muster::sim
