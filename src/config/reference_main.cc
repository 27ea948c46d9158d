// Prints docs/reference/config.md.
#include <cstdio>

#include "muster/config/reference.h"

int main() {
  std::fputs(muster::config::ReferenceMarkdown().c_str(), stdout);
  return 0;
}
