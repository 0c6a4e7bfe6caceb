#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "cli/client/http_client.h"
#include "cli/client/url.h"
#include "cli/failure.h"
#include "cli/host.h"

namespace trawl::cli {

enum class Format { table, json, ndjson, csv };

// The flags that every command shares, as given; empty where they were not.
struct GlobalFlags {
  std::string url;
  std::string api_key;
  std::string namespace_name;
  std::optional<Format> format;
  long timeout_s = 120;
  bool raw = false;  // Texts in a CSV are not made safe for spreadsheets.
};

// What a command works with: the flags, the server and the streams. Not thread-safe.
class Context {
 public:
  explicit Context(Host& host) : host_(host) {}

  Host& host() { return host_; }
  GlobalFlags& flags() { return flags_; }
  // As asked for with -o; else a table on a terminal and JSON otherwise.
  Format format() const;

  // The command that the arguments chose; it returns the exit status.
  std::function<Outcome<Exit>()> action;

  // Sends a request; any status but 2xx is a Failure made of the error envelope. The first
  // one connects, and fails as resolve_connection() too.
  Outcome<HttpReply> send(const HttpRequest& request);
  // The same, with the reply parsed. `body` null: none is sent. `raw`, if given, becomes
  // the text of the reply.
  //   refused  also where it is not a JSON object
  Outcome<json::object> call(std::string_view method, const std::string& target,
                             const json::value* body = nullptr, std::string* raw = nullptr);

  // Prints the reply text of a -o json command, with a line end.
  void print_raw(std::string_view text);

 private:
  Outcome<Transport*> transport();

  Host& host_;
  GlobalFlags flags_;
  std::unique_ptr<Transport> transport_;
};

// Where the server is and who asks: flags beat TRAWL_*, which beat MIXPEEK_*.
//   usage  the URL is not one, or the key or the namespace holds a control character
Outcome<Connection> resolve_connection(const GlobalFlags& flags, const Host& host);

// Makes a Failure of a reply that is not a success.
Failure failure_of(const HttpReply& reply);

// Prints a failure on standard error.
void report(const Failure& failure, Host& host);

// The whole of a file, or of standard input for "-".
//   usage  it cannot be read
Outcome<std::string> read_input(const std::string& file, Host& host);

// The member at a dotted path: as plain_text(), or as a number, an object or a list; the
// fallback (empty, null) where it is missing or of another type. Pointers point into the
// object.
std::string text_at(const json::object& object, std::string_view path);
double number_at(const json::object& object, std::string_view path, double fallback = 0);
std::int64_t count_at(const json::object& object, std::string_view path,
                      std::int64_t fallback = 0);
bool flag_at(const json::object& object, std::string_view path);  // Or false.
const json::object* object_at(const json::object& object, std::string_view path);
const json::array* array_at(const json::object& object, std::string_view path);

}  // namespace trawl::cli
