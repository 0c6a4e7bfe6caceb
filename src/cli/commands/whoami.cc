#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ostream>
#include <string>
#include <string_view>

#include "cli/commands/commands.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"
#include "cli/terminal/table.h"
#include "cli/terminal/time_text.h"

namespace trawl::cli {
namespace {

// "read, write, manage keys": what the answer says yes to.
std::string rights_text(const json::object& answer) {
  std::string out;
  const auto* rights = object_at(answer, "may");
  if (rights == nullptr) return out;
  for (const auto& right : *rights) {
    if (!right.value().is_bool() || !right.value().get_bool()) continue;
    if (!out.empty()) out += ", ";
    for (const char each : right.key()) out += each == '_' ? ' ' : each;
  }
  return out;
}

std::string namespace_text(const json::object& answer) {
  const auto* confined = object_at(answer, "namespace");
  if (confined == nullptr) return "every one";
  const std::string id = text_at(*confined, "namespace_id");
  const std::string name = text_at(*confined, "namespace_name");
  return name.empty() ? fmt::format("only {}, which was deleted", id)
                      : fmt::format("only {} ({})", name, id);
}

std::string limit_text(const json::object& answer) {
  const std::int64_t requests = count_at(answer, "limits.requests_per_minute");
  if (requests == 0) return "none";
  return fmt::format("{} a minute, {} at once", format_things(requests, "request"),
                     format_count(count_at(answer, "limits.burst")));
}

Outcome<Exit> whoami(Context& context) {
  std::string raw;
  TRAWL_ASSIGN(const auto answer,
               context.call("GET", path({"v1", "whoami"}), nullptr, &raw));
  if (context.format() != Format::table) return write_object(context, raw);
  Host& host = context.host();
  const auto line = [&host](std::string_view label, const std::string& value) {
    host.out << styled(fmt::format("{:<11}", label), Style::dim, host.colour)
             << printable(value) << '\n';
  };
  const std::string expires = text_at(answer, "expires_at");
  line("key", fmt::format("{} ({}) of {}", text_at(answer, "name"),
                          text_at(answer, "key_id"), text_at(answer, "user_id")));
  line("may", rights_text(answer));
  line("namespace", namespace_text(answer));
  line("limit", limit_text(answer));
  line("weight", format_count(count_at(answer, "limits.weight")));
  line("expires", expires.empty() ? "never" : local_time_text(expires));
  return Exit::ok;
}

}  // namespace

void add_whoami(CLI::App& program, Context& context) {
  auto* command =
      program.add_subcommand("whoami", "Say what the key in use is, and what it may do");
  command->footer("Example:\n  trawl whoami -o json");
  command->callback(
      [&context] { context.action = [&context] { return whoami(context); }; });
}

}  // namespace trawl::cli
