// Format: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
#include <yaml-cpp/yaml.h>

#include <cstdlib>

#include "files.h"
#include "muster/base/text.h"
#include "muster/kube/kubeconfig.h"
#include "service_account.h"
#include "tls.h"

namespace muster::kube {
namespace {

using base::Code;
using base::Error;

// Carries one sentence out of the depths of a file; never leaves LoadConnection.
struct Refused {
  std::string sentence;
};

// A named entry and the file it came from: relative paths and errors need it.
struct Entry {
  std::string file;
  std::string where;  // `user "x"`
  YAML::Node node;
};

// What the list of files says together.
struct Merged {
  std::string current_context;
  std::map<std::string, Entry> clusters;
  std::map<std::string, Entry> users;
  std::map<std::string, Entry> contexts;
};

[[noreturn]] void Refuse(const Entry& entry, const std::string& what) {
  throw Refused{entry.file + ": " + entry.where + ": " + what};
}

std::string TextOf(const Entry& entry, const char* field) {
  const YAML::Node value = entry.node[field];
  if (!value || value.IsNull()) return "";
  if (!value.IsScalar()) Refuse(entry, std::string(field) + " must be a text");
  return value.Scalar();
}

bool FlagOf(const Entry& entry, const char* field) {
  const std::string text = TextOf(entry, field);
  if (text.empty() || text == "false") return false;
  if (text != "true") Refuse(entry, std::string(field) + " must be true or false");
  return true;
}

std::string Resolve(const Entry& entry, const std::string& path) {
  const std::size_t slash = entry.file.rfind('/');
  if (path.empty() || path.front() == '/' || slash == std::string::npos) return path;
  return entry.file.substr(0, slash + 1) + path;
}

// PEM from `<field>-data` (base64, goes first) or from the file that `<field>` names.
std::string PemOf(const Entry& entry, const std::string& field) {
  const std::string data = TextOf(entry, (field + "-data").c_str());
  if (!data.empty()) {
    const base::Result<std::string> decoded = DecodeBase64(data);
    if (!decoded.ok()) Refuse(entry, field + "-data " + decoded.error().message);
    return *decoded;
  }
  const std::string path = TextOf(entry, field.c_str());
  if (path.empty()) return "";
  const base::Result<std::string> text = ReadFile(Resolve(entry, path));
  if (!text.ok()) Refuse(entry, field + ": " + text.error().message);
  return *text;
}

// Adds the named entries of one list; `body` is the field that holds an entry's content.
void Collect(const std::string& file, const YAML::Node& list, const std::string& body,
             std::map<std::string, Entry>& into) {
  if (!list || list.IsNull()) return;
  if (!list.IsSequence()) throw Refused{file + ": " + body + "s must be a list"};
  for (const YAML::Node& item : list) {
    if (!item.IsMap() || !item["name"] || !item["name"].IsScalar()) {
      throw Refused{file + ": " + body + "s: every entry needs a name"};
    }
    const std::string name = item["name"].Scalar();
    Entry entry{file, body + " \"" + name + "\"", item[body]};
    if (!entry.node || !entry.node.IsMap()) entry.node = YAML::Node(YAML::NodeType::Map);
    into.emplace(name, std::move(entry));  // the first wins
  }
}

void AddFile(const std::string& file, const std::string& text, Merged& merged) {
  YAML::Node root;
  try {
    root = YAML::Load(text);
  } catch (const YAML::Exception& e) {
    throw Refused{file + ":" + std::to_string(e.mark.line + 1) + ": " + e.msg};
  }
  if (root.IsNull()) return;
  if (!root.IsMap()) throw Refused{file + ": is no kubeconfig"};
  const YAML::Node current = root["current-context"];
  if (merged.current_context.empty() && current && current.IsScalar()) {
    merged.current_context = current.Scalar();
  }
  Collect(file, root["clusters"], "cluster", merged.clusters);
  Collect(file, root["users"], "user", merged.users);
  Collect(file, root["contexts"], "context", merged.contexts);
}

const Entry& Find(const std::map<std::string, Entry>& entries, const std::string& name,
                  const std::string& kind, const std::string& files) {
  const auto found = entries.find(name);
  if (found == entries.end()) {
    throw Refused{files + ": there is no " + kind + " \"" + name + "\""};
  }
  return found->second;
}

void ReadCluster(const Entry& cluster, Connection& connection) {
  connection.server = TextOf(cluster, "server");
  if (connection.server.rfind("https://", 0) != 0) {
    Refuse(cluster, "server must begin with https://, it is \"" + connection.server + "\"");
  }
  if (connection.server.rfind("https://[", 0) == 0) {
    Refuse(cluster, "server must name its host: an IPv6 address is not supported");
  }
  while (connection.server.back() == '/') connection.server.pop_back();
  connection.insecure_skip_tls_verify = FlagOf(cluster, "insecure-skip-tls-verify");
  connection.tls_server_name = TextOf(cluster, "tls-server-name");
  if (!TextOf(cluster, "proxy-url").empty()) Refuse(cluster, "proxy-url is not supported");
  connection.ca_pem = PemOf(cluster, "certificate-authority");
  const auto tls = TlsMaterial::Parse(connection.ca_pem, "", "");
  if (!tls.ok()) Refuse(cluster, "certificate-authority: the " + tls.error().message);
}

ExecPlugin ReadExec(const Entry& user, const YAML::Node& node) {
  const Entry exec{user.file, user.where + ": exec", node};
  ExecPlugin plugin;
  plugin.command = TextOf(exec, "command");
  plugin.api_version = TextOf(exec, "apiVersion");
  plugin.install_hint = TextOf(exec, "installHint");
  if (plugin.command.empty()) Refuse(exec, "command is missing");
  // As kubectl: only what looks like a path is relative to the file.
  if (plugin.command.find('/') != std::string::npos) {
    plugin.command = Resolve(exec, plugin.command);
  }
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    Refuse(exec, "apiVersion must be client.authentication.k8s.io/v1 or v1beta1, it is \"" +
                     plugin.api_version + "\"");
  }
  if (TextOf(exec, "interactiveMode") == "Always") {
    Refuse(exec, "interactiveMode Always is not supported");
  }
  for (const YAML::Node& argument : node["args"]) plugin.args.push_back(argument.as<std::string>());
  for (const YAML::Node& variable : node["env"]) {
    plugin.env.emplace_back(variable["name"].as<std::string>(),
                            variable["value"].as<std::string>());
  }
  return plugin;
}

void ReadUser(const Entry& user, Connection& connection) {
  connection.client_certificate_pem = PemOf(user, "client-certificate");
  connection.client_key_pem = PemOf(user, "client-key");
  connection.token = TextOf(user, "token");
  connection.token_file = Resolve(user, TextOf(user, "tokenFile"));
  for (const char* field : {"auth-provider", "username", "as"}) {
    if (user.node[field]) Refuse(user, std::string(field) + " is not supported");
  }
  const YAML::Node exec = user.node["exec"];
  if (exec && exec.IsMap()) {
    connection.exec = ReadExec(user, exec);
    if (FlagOf({user.file, user.where + ": exec", exec}, "provideClusterInfo")) {
      connection.exec->cluster =
          ExecCluster{connection.server, connection.ca_pem, connection.insecure_skip_tls_verify,
                      connection.tls_server_name};
    }
  }
  const auto tls =
      TlsMaterial::Parse("", connection.client_certificate_pem, connection.client_key_pem);
  if (!tls.ok()) Refuse(user, "the " + tls.error().message);
}

// The one part of what a plugin can be told of the cluster that may be of any form.
void RefuseExecConfig(const Entry& cluster) {
  const std::string name = "client.authentication.k8s.io/exec";
  for (const YAML::Node& extension : cluster.node["extensions"]) {
    if (extension["name"].as<std::string>("") != name) continue;
    Refuse(cluster, "extension " + name + ", for exec.provideClusterInfo, is not supported");
  }
}

Connection Resolved(const Merged& merged, const std::string& wanted, const std::string& files) {
  const std::string name = wanted.empty() ? merged.current_context : wanted;
  if (name.empty()) throw Refused{files + ": current-context is not set"};
  const Entry& context = Find(merged.contexts, name, "context", files);
  Connection connection;
  connection.context = name;
  connection.ns = TextOf(context, "namespace");
  const Entry& cluster = Find(merged.clusters, TextOf(context, "cluster"), "cluster", files);
  ReadCluster(cluster, connection);
  const std::string user = TextOf(context, "user");
  if (!user.empty()) ReadUser(Find(merged.users, user, "user", files), connection);
  if (connection.exec && connection.exec->cluster) RefuseExecConfig(cluster);
  return connection;
}

}  // namespace

Environment Environment::OfProcess() {
  Environment environment;
  environment.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  return environment;
}

base::Result<Connection> LoadConnection(const KubeconfigOptions& options,
                                        const Environment& environment) {
  std::string list = options.path;
  if (list.empty()) list = environment.variable("KUBECONFIG").value_or("");
  const bool named = !list.empty();
  if (!named) list = environment.variable("HOME").value_or("") + "/.kube/config";
  try {
    Merged merged;
    bool any = false;
    for (const std::string_view part : base::Split(list, ':')) {
      const std::string file(part);
      if (file.empty()) continue;
      const base::Result<std::string> text = ReadFile(file);
      if (text.ok()) {
        any = true;
        AddFile(file, *text, merged);
      } else if (text.error().code != Code::kNotFound || !options.path.empty()) {
        throw Refused{text.error().message};
      }
    }
    if (any) return Resolved(merged, options.context, list);
  } catch (const Refused& refused) {
    return Error{Code::kInvalid, refused.sentence, 0};
  } catch (const YAML::Exception& e) {
    return Error{Code::kInvalid, list + ": " + e.msg, 0};
  }
  if (named) return Error{Code::kNotFound, list + ": none of these files is there", 0};
  base::Result<Connection> pod = LoadServiceAccount(environment);
  if (pod.ok() || pod.error().code != Code::kNotFound) return pod;
  return Error{Code::kNotFound,
               "there is no kubeconfig (KUBECONFIG, " + list + ") and this is no pod", 0};
}

Connection ConnectionTo(Connection connection, const std::string& address) {
  if (connection.tls_server_name.empty()) {
    std::string host = connection.server.substr(connection.server.find("://") + 3);
    // A bracketed address stays out: then the certificate must name where we connect to.
    if (!host.starts_with('['))
      connection.tls_server_name = host.substr(0, host.find_first_of(":/"));
  }
  connection.server = "https://" + address;
  return connection;
}

}  // namespace muster::kube
