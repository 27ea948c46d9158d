#include "muster/config/reference.h"

#include "config/table.h"
#include "muster/base/text.h"

namespace muster::config {
namespace {

std::string DefaultOf(const Setting& setting) {
  std::string text = ShowField(setting.field, Settings{});
  return text.empty() ? "empty" : text;
}

// Text in YAML: plain where that is unambiguous, else in double quotes.
std::string YamlText(const std::string& text) {
  const bool plain =
      !text.empty() && text != "true" && text != "false" && text != "null" &&
      text.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/") ==
          std::string::npos &&
      text.find_first_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == 0;
  if (plain) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

struct ValueWriter {
  const Setting& setting;
  const Settings& settings;

  std::string operator()(const NamesField&) const {
    return "[" + base::Join(Items(false), ", ") + "]";
  }
  std::string operator()(const WeightsField&) const {
    return "{" + base::Join(Items(true), ", ") + "}";
  }
  std::string operator()(const TextField&) const { return YamlText(Show()); }
  std::string operator()(const AddressField&) const { return YamlText(Show()); }
  template <class Other>
  std::string operator()(const Other&) const {
    return Show();
  }

  std::string Show() const { return ShowField(setting.field, settings); }
  std::vector<std::string> Items(bool map) const {
    std::vector<std::string> items;
    for (const RawItem& item : FromText(setting.field, Show()).items) {
      items.push_back(map ? YamlText(item.key) + ": " + item.text : YamlText(item.text));
    }
    return items;
  }
};

std::string Row(const std::vector<std::string>& cells) {
  return "| " + base::Join(cells, " | ") + " |\n";
}

std::string Code(std::string_view text) { return "`" + std::string(text) + "`"; }

}  // namespace

std::string HelpText() {
  std::string out =
      "muster-operator: runs AI clusters for many tenants on Kubernetes.\n\n"
      "Usage: muster-operator [flags]\n\n"
      "Every setting can be given as a flag, as a variable GPU_SCHEDULER_* and in the file of\n"
      "--config; the flag wins over the variable, the variable over the file.\n\n"
      "  --config FILE\n      The YAML file with settings and policy. [GPU_SCHEDULER_CONFIG]\n"
      "  --print-config\n      Prints the settings in effect as YAML and ends.\n"
      "  --version\n      Prints the version and ends.\n"
      "  --help, -h\n      Prints this and ends.\n\n";
  for (const Setting& s : Table()) {
    out += "  " + FlagName(s.path) + " (" + DefaultOf(s) + ")\n      " + std::string(s.doc) +
           "\n      " + DescribeForm(s.field) + "  [" + VariableName(s.path) + "]\n";
  }
  return out;
}

std::string ReferenceMarkdown() {
  std::string out =
      "# Configuration\n\n"
      "<!-- Generated from src/config/table.cc by the target config_reference. -->\n\n"
      "Each setting has one path in the YAML file of `--config FILE` (or `GPU_SCHEDULER_CONFIG`), "
      "a "
      "flag and a\nvariable, the names of which follow from the path. Flags win over variables, "
      "variables over the file, the file over\nthe defaults. A dot in a path is one level of the "
      "file:\n\n"
      "```yaml\nlisten: 0.0.0.0:8080\nlog:\n  format: json\npolicy:\n  scores: {best_fit: 30}\n"
      "```\n\n"
      "The file is read again when it changes. A setting marked *yes* under \"live\" then takes "
      "effect at once; a change of\nanother one, and any mistake, is refused as a whole with line, "
      "column and name in the log and in `/readyz?verbose`, and\nthe settings in effect stay. "
      "Unknown names are refused. Durations have a unit: `500ms`, `15s`, `10m`, `1h30m`. As flag "
      "or\nvariable, a list is `a,b` and a map is `a=1,b=2`.\n\n"
      "`muster-operator --print-config` prints the settings in effect as YAML.\n\n";
  out += Row({"setting", "default", "value", "live", "what it is"});
  out += Row({"---", "---", "---", "---", "---"});
  for (const Setting& s : Table()) {
    const std::string value = ShowField(s.field, Settings{});
    out += Row({Code(s.path), value.empty() ? "empty" : Code(value), DescribeForm(s.field),
                s.reload == Reload::kHot ? "yes" : "no", std::string(s.doc)});
  }
  out += "\n## Names\n\n";
  out += Row({"setting", "flag", "variable"});
  out += Row({"---", "---", "---"});
  for (const Setting& s : Table()) {
    out += Row({Code(s.path), Code(FlagName(s.path)), Code(VariableName(s.path))});
  }
  return out;
}

std::string ToYaml(const Settings& settings, std::string_view prefix) {
  std::string out;
  std::vector<std::string_view> open;  // sections around the last line
  for (const Setting& s : Table()) {
    if (s.path.substr(0, prefix.size()) != prefix) continue;
    const std::vector<std::string_view> parts = base::Split(s.path, '.');
    std::size_t depth = 0;
    while (depth < open.size() && depth + 1 < parts.size() && open[depth] == parts[depth]) ++depth;
    open.assign(parts.begin(), parts.end() - 1);
    for (; depth + 1 < parts.size(); ++depth) {
      out += std::string(2 * depth, ' ') + std::string(parts[depth]) + ":\n";
    }
    out += std::string(2 * depth, ' ') + std::string(parts.back()) + ": " +
           std::visit(ValueWriter{s, settings}, s.field) + "\n";
  }
  return out;
}

}  // namespace muster::config
