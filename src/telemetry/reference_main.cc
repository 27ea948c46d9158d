// Prints docs/metrics.md.
#include <cstdio>

#include "muster/telemetry/catalogue.h"

int main() {
  std::fputs(muster::telemetry::ReferenceMarkdown().c_str(), stdout);
  return 0;
}
