#include "cli/commands/deletion.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <istream>
#include <ostream>

#include "base/text.h"
#include "cli/terminal/format.h"

namespace trawl::cli {

void add_deletion_flags(CLI::App& command, DeletionFlags& flags, const std::string& past) {
  auto* dry_run = command.add_flag("--dry-run", flags.dry_run,
                                   fmt::format("Only tell what would be {}", past));
  command.add_flag("-y,--yes", flags.yes, "Do not ask")->excludes(dry_run);
}

Outcome<bool> confirm_deletion(Context& context, const DeletionFlags& flags,
                               const std::string& what, Named named,
                               const std::string& verb) {
  Host& host = context.host();
  if (flags.dry_run) {
    if (context.format() == Format::table) {
      host.out << printable(fmt::format("would {} {}", verb, what)) << '\n';
    } else {
      context.print_raw(to_json_text(json::object{{"dry_run", true}, {verb, what}}));
    }
    return false;
  }
  if (flags.yes) return true;
  if (host.in_is_terminal && host.err_is_terminal) {
    host.err << printable(fmt::format("{} {}? [y/N] ", verb, what)) << std::flush;
    std::string answer;
    std::getline(host.in, answer);
    const std::string word = to_lower_ascii(trim(answer));
    if (word == "y" || word == "yes") return true;
    return Failure(Exit::refused, fmt::format("nothing was {}d", verb));
  }
  if (named == Named::one_by_one) return true;
  return usage_failure(fmt::format(
      "{} would be {}d; add --yes to go on, or --dry-run to count only", what, verb));
}

}  // namespace trawl::cli
