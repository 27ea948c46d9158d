#include "muster/kube/paths.h"

#include <cctype>

#include "muster/base/check.h"

namespace muster::kube {

std::string CollectionPath(const Resource& resource, std::string_view ns) {
  MUSTER_CHECK(resource.namespaced || ns.empty());
  std::string path(resource.group_version);
  if (!ns.empty()) path += "/namespaces/" + EscapeQuery(ns);
  path += '/';
  path += resource.plural;
  return path;
}

std::string ObjectPath(const Resource& resource, std::string_view ns, std::string_view name,
                       std::string_view subresource) {
  std::string path = CollectionPath(resource, ns) + "/" + EscapeQuery(name);
  if (!subresource.empty()) {
    path += '/';
    path += subresource;
  }
  return path;
}

std::string EscapeQuery(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kUnreserved = "-._~";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (std::isalnum(byte) != 0 || kUnreserved.find(c) != std::string_view::npos)) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace muster::kube
