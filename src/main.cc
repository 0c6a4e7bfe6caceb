#include "cli/cli.h"

int main(int argc, char** argv) {
  return trawl::cli::run(argc, argv);
}
