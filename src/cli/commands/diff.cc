// trawl diff: where two executions part, and why.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/field_path.h"
#include "cli/commands/commands.h"
#include "cli/commands/named_execution.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

constexpr std::size_t kMovesShown = 10;

struct DiffFlags {
  std::string a;
  std::string b;
  bool replay = false;
};

std::string side_text(const json::object& stage, std::string_view side) {
  const auto* object = object_at(stage, side);
  if (object == nullptr) return "-";
  const std::string error = text_at(*object, "error");
  return fmt::format("{}, {}", format_count(count_at(*object, "output_count")),
                     format_duration_ms(number_at(*object, "duration_ms"))) +
         (error.empty() ? "" : ", failed");
}

std::string name_of(const json::object& stage) {
  const std::string name = text_at(stage, "a.stage_name");
  return name.empty() ? text_at(stage, "b.stage_name") : name;
}

// "3 in, 1 out, 2 moved", or "same"; "so far" where not all was recorded.
std::string change_text(const json::object* list) {
  if (list == nullptr) return "";
  const std::string_view so_far = flag_at(*list, "cut_short") ? " so far" : "";
  if (flag_at(*list, "same")) return fmt::format("same{}", so_far);
  std::string out;
  const auto add = [&](std::string_view member, std::string_view word) {
    const auto count = count_at(*list, member);
    if (count == 0) return;
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", format_count(count), word);
  };
  add("entered_count", "in");
  add("left_count", "out");
  add("moved_count", "moved");
  add("rescored_count", "rescored");
  return out.empty() ? "another count" : out + std::string(so_far);
}

std::string number_text(const json::object* list, std::string_view member) {
  const auto* value = list == nullptr ? nullptr : find_path(*list, member);
  if (value == nullptr || !is_number(*value)) return "";
  return fmt::format("{:.2f}", as_double(*value));
}

void show_stages(Host& host, const json::object& reply) {
  Table table({{"STAGE", false, true, 10},
               {"A", false, true, 8},
               {"B", false, true, 8},
               {"CHANGE", false, true, 10},
               {"OVERLAP@10", true},
               {"RBO", true, false, 8, 2},
               {"TAU", true, false, 8, 1}},
              host.width, host.colour);
  std::vector<std::vector<Cell>> rows;
  const auto row = [&](std::string name, std::string a, std::string b,
                       const json::object* list) {
    const std::string change = change_text(list);
    rows.push_back({{printable(name)},
                    {std::move(a)},
                    {std::move(b)},
                    {change, change.starts_with("same") ? Style::dim : Style::bad},
                    {number_text(list, "overlap_at_10")},
                    {number_text(list, "rbo")},
                    {number_text(list, "kendall_tau")}});
  };
  if (const auto* stages = array_at(reply, "stages")) {
    for (const auto& each : *stages) {
      const json::object& stage = each.get_object();
      row(name_of(stage), side_text(stage, "a"), side_text(stage, "b"),
          object_at(stage, "candidates"));
    }
  }
  if (const auto* results = object_at(reply, "results")) {
    row("results", format_count(count_at(*results, "count_before")),
        format_count(count_at(*results, "count_after")), results);
  }
  host.out << '\n' << table.lines(rows);
}

std::string rank_text(const json::object& move, std::string_view member) {
  const auto rank = count_at(move, member, -1);
  return rank < 0 ? "-" : format_count(rank);
}

void show_moves(Host& host, const json::object& reply) {
  Table table({{"RESULT", false, true, 12},
               {"A", true},
               {"B", true},
               {"SCORE A", true, false, 8, 2},
               {"SCORE B", true, false, 8, 1}},
              host.width, host.colour);
  std::vector<std::vector<Cell>> rows;
  for (const std::string_view kind : {"results.left", "results.entered", "results.moved"}) {
    const auto* moves = array_at(reply, kind);
    if (moves == nullptr) continue;
    for (const auto& each : *moves) {
      if (rows.size() == kMovesShown) break;
      const json::object& move = each.get_object();
      const auto score = [&](std::string_view member) {
        const auto* value = find_path(move, member);
        return value != nullptr && is_number(*value) ? format_number(as_double(*value), 4)
                                                     : std::string("-");
      };
      rows.push_back({{printable(text_at(move, "document_id"))},
                      {rank_text(move, "rank_before")},
                      {rank_text(move, "rank_after")},
                      {score("score_before")},
                      {score("score_after")}});
    }
  }
  if (!rows.empty()) host.out << '\n' << table.lines(rows);
}

void show_changes(Host& host, const json::object& reply, std::string_view what) {
  const auto* changes = array_at(reply, what);
  if (changes == nullptr || changes->empty()) return;
  host.out << '\n'
           << styled(fmt::format("Changes of the {}", what), Style::bold, host.colour)
           << '\n';
  for (const auto& each : *changes) {
    const json::object& change = each.get_object();
    const auto side = [&](std::string_view member) {
      const auto* value = change.if_contains({member.data(), member.size()});
      return value == nullptr ? std::string("nothing") : to_json_text(*value);
    };
    const std::string line = fmt::format("  {}: {} -> {}", text_at(change, "path"),
                                         side("before"), side("after"));
    host.out << fit(printable(line), host.width) << '\n';
  }
}

// `remedy` is what to type; empty for nothing.
void show_unknown(Host& host, const json::object& reply, const std::string& remedy) {
  const auto* unknown = array_at(reply, "unknown");
  if (unknown == nullptr || unknown->empty()) return;
  host.out << '\n';
  for (const auto& sentence : *unknown) host.out << printable(plain_text(sentence)) << '\n';
  bool is_cut = flag_at(reply, "results.cut_short");
  for (const auto& stage : *array_at(reply, "stages")) {
    is_cut |= flag_at(stage.get_object(), "candidates.cut_short");
  }
  if (is_cut && !remedy.empty()) {
    host.out << styled(printable(fmt::format("Run them again for that: {}", remedy)),
                       Style::dim, host.colour)
             << '\n';
  }
}

Outcome<Exit> diff(Context& context, const DiffFlags& flags) {
  TRAWL_ASSIGN(const std::string a, find_execution_id(context, flags.a));
  TRAWL_ASSIGN(const std::string b, find_execution_id(context, flags.b));
  json::value body{{"a", a}, {"b", b}, {"times", true}};
  if (flags.replay) body.get_object()["truncated"] = "replay";
  std::string raw;
  TRAWL_ASSIGN(
      const auto reply,
      context.call("POST", path({"v1", "retrievers", "executions", "diff"}), &body, &raw));
  const bool same = flag_at(reply, "results.same") && text_at(reply, "diverges").empty();
  const Exit exit = same ? Exit::ok : Exit::differs;
  if (context.format() != Format::table) {
    TRAWL_TRY(write_object(context, raw));
    return exit;
  }
  auto& host = context.host();
  host.out << styled(printable(text_at(reply, "sentence")), same ? Style::good : Style::bad,
                     host.colour)
           << '\n';
  if (const std::string times = text_at(reply, "times_sentence"); !times.empty()) {
    host.out << printable(times) << '\n';
  }
  show_stages(host, reply);
  show_unknown(host, reply,
               flags.replay ? "" : fmt::format("trawl diff {} {} --replay", a, b));
  show_moves(host, reply);
  show_changes(host, reply, "pipeline");
  show_changes(host, reply, "inputs");
  return exit;
}

}  // namespace

void add_diff(CLI::App& program, Context& context) {
  auto* command = program.add_subcommand("diff", "Say where two executions part, and why");
  auto flags = std::make_shared<DiffFlags>();
  command->add_option("a", flags->a, "The first: an id, its beginning, latest, latest~2")
      ->required()
      ->type_name("ID");
  command->add_option("b", flags->b, "The second, likewise")->required()->type_name("ID");
  command->add_flag("--replay", flags->replay,
                    "Run them again for the lists that their records cut short");
  command->footer(
      "Example:\n"
      "  trawl diff latest~1 latest\n"
      "Compares what was recorded; nothing is run without --replay, and nothing of that "
      "is\n"
      "recorded. Ends with 0 where nothing differs, and with 3 where something does.");
  command->callback([&context, flags] {
    context.action = [&context, flags] { return diff(context, *flags); };
  });
}

}  // namespace trawl::cli
