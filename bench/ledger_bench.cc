// Measures the ledger in process, and what it is compared with. bench/ledger.py runs it;
// bench/README.md explains the figures.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "commands.h"
#include "measure.h"
#include "peer.h"

namespace trawl::bench {
namespace {

using Action = std::function<Result<void>()>;

void add_shape(CLI::App& command, HistoryShape& shape) {
  command
      .add_option("--namespaces", shape.namespaces, "Their ids; the first is the largest")
      ->delimiter(',');
  command.add_option("--seed", shape.seed, "Another seed gives another history");
  command.add_option("--candidates", shape.candidates, "Documents at each stage boundary")
      ->check(CLI::Range(0, 1'000));
}

void add_commands(CLI::App& program, Action& action) {
  auto* fill_command =
      program.add_subcommand("fill", "Fill a folder with a generated history");
  auto fill_options = std::make_shared<FillOptions>();
  fill_command->add_option("dir", fill_options->directory)->required();
  fill_command->add_option("count", fill_options->shape.count)->required();
  fill_command->add_option("--batch", fill_options->batch, "Executions in a commit")
      ->check(CLI::Range(1, 100'000));
  add_shape(*fill_command, fill_options->shape);
  fill_command->callback(
      [&action, fill_options] { action = [fill_options] { return fill(*fill_options); }; });

  // The peers are filled from what bench.json in the folder says.
  struct PeerTarget {
    std::string directory, where;
  };
  const auto add_peer = [&](const char* name, const char* what, const char* where,
                            Result<void> (*run)(const std::string&, const History&)) {
    auto* command = program.add_subcommand(name, what);
    auto target = std::make_shared<PeerTarget>();
    command->add_option("dir", target->directory)->required();
    command->add_option(where, target->where)->required();
    command->callback([&action, target, run] {
      action = [target, run]() -> Result<void> {
        TRAWL_ASSIGN(const History history, load_history(target->directory));
        return run(target->where, history);
      };
    });
  };
  add_peer("fill-sqlite", "Fill the plain SQLite peer with the same", "file", fill_sqlite);
  add_peer("fill-postgres", "Fill the PostgreSQL peer with the same", "connection",
           fill_postgres);

  auto* read_command = program.add_subcommand("read", "Ask every store every question");
  auto read_options = std::make_shared<ReadOptions>();
  read_command->add_option("dir", read_options->directory)->required();
  read_command->add_option("--sqlite", read_options->sqlite, "File of the SQLite peer");
  read_command->add_option("--postgres", read_options->postgres, "Connection to the peer");
  read_command->add_option("--rounds", read_options->rounds);
  read_command->add_option("--only", read_options->only, "This question alone");
  read_command->add_option("--seconds", read_options->seconds,
                           "For a question to a store in a round");
  read_command->callback(
      [&action, read_options] { action = [read_options] { return read(*read_options); }; });

  auto* record_command = program.add_subcommand("record", "Record as fast as it goes");
  auto record_options = std::make_shared<RecordOptions>();
  record_command->add_option("dir", record_options->directory)->required();
  record_command->add_option("--writers", record_options->writers)
      ->check(CLI::Range(1, 4'000));
  record_command->add_option("--seconds", record_options->seconds);
  record_command->add_option("--leave-running", record_options->leave_running,
                             "Leave so many executions running, and work until killed");
  record_command->callback([&action, record_options] {
    action = [record_options] { return record(*record_options); };
  });

  auto* open_command = program.add_subcommand("open", "Time the start of a ledger");
  auto open_options = std::make_shared<OpenOptions>();
  open_command->add_option("dir", open_options->directory)->required();
  open_command->add_flag("--cold", open_options->cold, "Without the system's cache");
  open_command->callback([&action, open_options] {
    action = [open_options] { return open_history(*open_options); };
  });

  auto* serve_command =
      program.add_subcommand("serve", "Answer every POST / with a file's bytes");
  auto path = std::make_shared<std::string>();
  serve_command->add_option("file", *path)->required();
  serve_command->callback(
      [&action, path] { action = [path] { return serve_bytes(*path); }; });

  auto* questions_command =
      program.add_subcommand("questions", "Print what read asks, a JSON object a line");
  auto directory = std::make_shared<std::string>();
  auto count = std::make_shared<std::size_t>(100);
  questions_command->add_option("dir", *directory)->required();
  questions_command->add_option("--count", *count, "Of each kind");
  questions_command->callback([&action, directory, count] {
    action = [directory, count] { return print_questions(*directory, *count); };
  });
}

int run(int argc, char** argv) {
  CLI::App program("Measures the ledger and its peers", "ledger_bench");
  program.require_subcommand(1);
  Action action;
  add_commands(program, action);
  CLI11_PARSE(program, argc, argv);
  must(action());
  return 0;
}

}  // namespace
}  // namespace trawl::bench

int main(int argc, char** argv) {
  return trawl::bench::run(argc, argv);
}
