// muster-sim: the core on a virtual clock, for people.
#include <CLI/CLI.hpp>
#include <iostream>

#include "sim/commands.h"

int main(int argc, char** argv) {
  CLI::App app("Runs a trace of jobs through Muster's scheduler on a virtual clock.", "muster-sim");
  app.require_subcommand(1);
  muster::sim::AddRun(app);
  muster::sim::AddCompare(app);
  muster::sim::AddReplay(app);
  muster::sim::AddGenerate(app);
  try {
    CLI11_PARSE(app, argc, argv);
  } catch (const muster::sim::Refused& refused) {
    std::cerr << "muster-sim: " << refused.message << "\n";
    return refused.code;
  }
  return 0;
}
