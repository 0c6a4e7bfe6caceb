#pragma once

#include <string>

#include "cli/context.h"

namespace CLI {
class App;
}

// What all commands that delete have in common:
//   --dry-run tells what would go, and deletes nothing; exit status 0.
//   On a terminal they ask first, unless --yes says so already; whoever declines gets 1.
//   Elsewhere what is named goes at once, and what a filter finds takes a --yes, or 2.
namespace trawl::cli {

struct DeletionFlags {
  bool dry_run = false;
  bool yes = false;

  // Whether what would be deleted has to be looked up for a person first.
  bool wants_to_know(const Host& host) const {
    return dry_run || (!yes && host.in_is_terminal && host.err_is_terminal);
  }
};

// `past` is "deleted", or what else the command does to it.
void add_deletion_flags(CLI::App& command, DeletionFlags& flags,
                        const std::string& past = "deleted");

enum class Named { one_by_one, by_filter };

// Whether to go on with `what`: "2 executions". False after a dry run, which says so.
//   refused  the person who was asked declined
//   usage    a filter without --yes
Outcome<bool> confirm_deletion(Context& context, const DeletionFlags& flags,
                               const std::string& what, Named named = Named::one_by_one,
                               const std::string& verb = "delete");

}  // namespace trawl::cli
