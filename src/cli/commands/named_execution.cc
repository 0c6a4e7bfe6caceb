#include "cli/commands/named_execution.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "base/text.h"
#include "cli/terminal/format.h"
#include "model/mode_kind.h"

namespace trawl::cli {
namespace {

constexpr std::string_view kLatest = "latest";
constexpr std::int64_t kBackMax = 10'000;  // The furthest offset of a list.
constexpr std::size_t kWholeIdSize = 31;   // exec_ and a ULID.

Outcome<json::array> first_executions(Context& context, json::object filter,
                                      std::int64_t limit, std::int64_t offset) {
  const json::value body = std::move(filter);
  TRAWL_ASSIGN(const auto reply,
               context.call("POST",
                            with_query(path({"v1", "retrievers", "executions", "list"}),
                                       {{"limit", std::to_string(limit)},
                                        {"offset", std::to_string(offset)},
                                        {"include_total", "false"}}),
                            &body));
  const auto* rows = array_at(reply, "results");
  return rows == nullptr ? json::array() : *rows;
}

std::string id_of(const json::value& row) {
  const auto* object = row.if_object();
  return object == nullptr ? std::string() : text_at(*object, "execution_id");
}

// How many executions are newer than the one that is meant.
std::optional<std::int64_t> place_of(std::string_view name) {
  std::int64_t back = 0;
  if (name == kLatest || name == "last" || name == "newest") return back;
  if (name.starts_with("latest~") && parse_integer(name.substr(7), back) && back >= 0) {
    return back;
  }
  return {};
}

Outcome<std::string> id_at(Context& context, std::int64_t back) {
  if (back > kBackMax) {
    return usage_failure(
        fmt::format("executions further back than {} have no such name; use the id",
                    format_count(kBackMax)));
  }
  // A replay is the latest, too, when it was just made.
  json::array modes;
  for (ModeKind kind = 0; kind < kModeKinds; ++kind) {
    modes.emplace_back(mode_kind_name(kind));
  }
  TRAWL_ASSIGN(const auto rows,
               first_executions(context, {{"modes", std::move(modes)}}, 1, back));
  if (!rows.empty()) return id_of(rows.front());
  return Failure(Exit::refused,
                 back == 0   ? "there are no executions yet"
                 : back == 1 ? "there is no execution before the latest"
                             : fmt::format("there are no {} executions before the latest",
                                           format_count(back)));
}

}  // namespace

Outcome<json::object> find_named_execution(Context& context, const std::string& name,
                                           std::string& raw, const Query& query) {
  const auto get = [&](const std::string& id) {
    return context.call("GET",
                        with_query(path({"v1", "retrievers", "executions", id}), query),
                        nullptr, &raw);
  };
  if (const auto back = place_of(name)) {
    TRAWL_ASSIGN(const std::string id, id_at(context, *back));
    return get(id);
  }
  auto found = get(name);
  if (found || found.error().http_status != 404 || name.size() >= kWholeIdSize) {
    return found;
  }
  json::object condition{{"field", "execution_id"},
                         {"operator", "starts_with"},
                         {"value", json::string(name.data(), name.size())}};
  TRAWL_ASSIGN(const auto rows,
               first_executions(context, {{"filters", std::move(condition)}}, 2, 0));
  std::int64_t number = 0;
  if (rows.empty() && parse_integer(name, number)) {
    Failure failure = found.error();
    failure.notes.emplace_back("the newest is latest, the one before it -2");
    return failure;
  }
  if (rows.empty()) return found;
  if (rows.size() == 1) return get(id_of(rows.front()));
  return Failure(
      Exit::refused,
      fmt::format("several executions begin with '{}', such as {} and {}; give "
                  "more of the id",
                  printable(name), printable(id_of(rows[0])), printable(id_of(rows[1]))));
}

bool is_whole_execution_id(std::string_view name) {
  return name.size() == kWholeIdSize && name.starts_with("exec_");
}

Outcome<std::string> find_execution_id(Context& context, const std::string& name) {
  std::string raw;
  // What its stages handed on is most of a record, and not needed here.
  TRAWL_ASSIGN(const auto found,
               find_named_execution(context, name, raw, {{"candidates", "0..0"}}));
  return text_at(found, "execution_id");
}

}  // namespace trawl::cli
