#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "muster/sim/read.h"

namespace muster::sim {

// zlib reads a plain file as it is.
base::Result<std::string> ReadAll(const std::string& path) {
  const gzFile opened = path == "-" ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(path.c_str(), "rb");
  if (opened == nullptr) {
    const base::Code code = errno == ENOENT ? base::Code::kNotFound : base::Code::kUnavailable;
    return base::Error{code, path + " cannot be read: " + std::strerror(errno)};
  }
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(opened, gzclose);
  std::string text;
  char buffer[1 << 16];
  while (true) {
    const int got = gzread(file.get(), buffer, sizeof(buffer));
    if (got == 0) return text;
    if (got < 0) {
      int code = 0;
      return base::Error{base::Code::kUnavailable,
                         path + " cannot be read: " + gzerror(file.get(), &code)};
    }
    text.append(buffer, got);
  }
}

}  // namespace muster::sim
