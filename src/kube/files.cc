#include "files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace muster::kube {

base::Result<std::string> ReadFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             std::fclose);
  std::string text;
  if (file != nullptr) {
    char chunk[16 * 1024];
    std::size_t count = 0;
    errno = 0;
    while ((count = std::fread(chunk, 1, sizeof chunk, file.get())) > 0) text.append(chunk, count);
    if (std::ferror(file.get()) == 0) return text;
  }
  const base::Code code = errno == ENOENT ? base::Code::kNotFound : base::Code::kInvalid;
  return base::Error{code, path + " cannot be read: " + std::strerror(errno), 0};
}

}  // namespace muster::kube
