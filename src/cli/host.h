#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "cli/client/http_client.h"

namespace trawl::cli {

// The process that a command runs in. Tests hand in streams and a server of their own.
struct Host {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colour = false;      // On standard output; implies a terminal.
  std::size_t width = 120;  // Of the terminal, in columns.
  // The variable's value, or "" where it is not set.
  std::function<std::string(const char* name)> environment = {};
  std::function<std::unique_ptr<Transport>(Connection)> connect = make_http_client;
};

}  // namespace trawl::cli
