#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/execution_rows.h"
#include "cli/row_writer.h"

namespace trawl::cli {
namespace {

struct Arguments {
  ExecutionFlags filter;
  std::string cursor;
  std::int64_t limit = 20;
  std::int64_t offset = 0;
  bool all = false;
};

Outcome<Exit> list(Context& context, const Arguments& arguments) {
  PagedList list;
  list.target = path({"v1", "retrievers", "executions", "list"});
  list.body = list_body(arguments.filter);
  list.limit = arguments.limit;
  list.all = arguments.all;
  list.offset = arguments.offset;
  list.cursor = arguments.cursor;
  list.nothing = "no executions";
  return write_list(context, list, execution_columns());
}

}  // namespace

void add_executions_list(CLI::App& executions, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* command = executions.add_subcommand("list", "List executions, newest first");
  add_execution_flags(*command, arguments->filter);
  auto* limit =
      command->add_option("--limit", arguments->limit, "Rows in total [20]")
          ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40).description(""))
          ->type_name("N");
  command->add_flag("--all", arguments->all, "Every row, page by page")->excludes(limit);
  auto* offset =
      command->add_option("--offset", arguments->offset, "Rows to pass over first")
          ->check(CLI::Range(std::int64_t{0}, std::int64_t{10'000}).description(""))
          ->type_name("N");
  command
      ->add_option("--cursor", arguments->cursor, "Go on where a list ended (next_cursor)")
      ->type_name("CURSOR")
      ->excludes(offset);
  command->footer(
      "Examples:\n"
      "  trawl executions list --since -24h --status failed\n"
      "  trawl executions list --all -o csv > executions.csv");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return list(context, *arguments); };
  });
}

}  // namespace trawl::cli
