#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <utility>
#include <vector>

namespace trawl::cli {

// What the process leaves with.
enum class Exit {
  ok = 0,
  refused = 1,  // The server said no, or could not be reached.
  usage = 2,    // The command line, or a file it names, is wrong.
  differs = 3,  // What was compared is not the same.
};

// Why a command ends early, as it is told on standard error.
struct [[nodiscard]] Failure {
  Failure() = default;
  // Two arguments at least, so no Exit turns into a Failure by itself.
  Failure(Exit exit_, std::string message_, std::string request_id_ = {},
          int http_status_ = 0)
      : exit(exit_),
        message(std::move(message_)),
        request_id(std::move(request_id_)),
        http_status(http_status_) {}

  Exit exit = Exit::refused;
  std::string message;
  std::string type;                // The server's error type, or empty.
  std::string request_id;          // To find the request in the server's log, or empty.
  int http_status = 0;             // 0: no reply.
  std::vector<std::string> notes;  // One line each, such as the values that are wrong.
};

// What a command made, or why it ends early; not to be dropped.
template <class T>
class [[nodiscard]] Outcome : public boost::system::result<T, Failure> {
 public:
  using boost::system::result<T, Failure>::result;
};

inline Failure usage_failure(std::string message) {
  return Failure(Exit::usage, std::move(message));
}

}  // namespace trawl::cli
