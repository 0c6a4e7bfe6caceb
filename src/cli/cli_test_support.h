#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/cli.h"
#include "cli/client/http_client.h"
#include "cli/host.h"

// Whole commands against a server that answers from a script.
namespace trawl::cli::test {

struct Seen {
  std::string method;
  std::string target;
  std::string body;
  std::string content_type;
  std::vector<std::string> headers = {};
};

struct Result {
  int status = 0;
  std::string out;
  std::string err;
};

// Answers requests in order and remembers them.
class Program {
 public:
  void answer(int status, std::string body) {
    replies_.push_back({status, std::move(body), "req_1"});
  }
  // The connection breaks behind this.
  void answer_and_break(std::string body) {
    answer(200, std::move(body));
    replies_.back().headers["broken"] = "yes";
  }
  void set(const std::string& name, const std::string& value) { variables_[name] = value; }

  Result run(const std::vector<std::string>& arguments, const std::string& input = {}) {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    Host host{in, out, err};
    host.width = width;
    host.out_is_terminal = terminal;
    host.in_is_terminal = host.err_is_terminal = interactive;
    host.environment = [this](const char* name) {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::string() : found->second;
    };
    host.connect = [this](Connection to) -> std::unique_ptr<Transport> {
      connection = std::move(to);
      return std::make_unique<Script>(*this);
    };
    Result result;
    result.status = trawl::cli::run(arguments, host);
    result.out = out.str();
    result.err = err.str();
    return result;
  }

  bool terminal = false;     // Standard output.
  bool interactive = false;  // Standard input and error.
  std::size_t width = 120;
  Connection connection;
  std::vector<Seen> seen;

 private:
  class Script : public Transport {
   public:
    explicit Script(Program& program) : program_(program) {}
    Outcome<HttpReply> send(const HttpRequest& request) override {
      Seen one{request.method, request.target, request.body.value_or(""),
               request.content_type, request.headers};
      char buffer[64];
      while (request.source) {
        const auto count = request.source->read(buffer, sizeof buffer);
        if (!count || *count == 0) break;
        one.body.append(buffer, *count);
      }
      program_.seen.push_back(std::move(one));
      if (program_.replies_.empty()) return Failure(Exit::refused, "no reply is left");
      auto reply = std::move(program_.replies_.front());
      program_.replies_.pop_front();
      if (request.sink && reply.status == 200) {
        // In pieces that end anywhere.
        for (std::size_t i = 0; i < reply.body.size(); i += 7) {
          if (!request.sink->take(std::string_view(reply.body).substr(i, 7))) break;
        }
        reply.body.clear();
      }
      if (reply.headers.contains("broken")) return Failure(Exit::refused, "it broke off");
      return reply;
    }

   private:
    Program& program_;
  };

  std::deque<HttpReply> replies_;
  std::map<std::string, std::string> variables_;
};

inline std::string row(int number, std::string_view status = "completed") {
  return R"({"execution_id":"exec_)" + std::to_string(number) + R"(","status":")" +
         std::string(status) +
         R"(","timestamp":"2026-01-02T03:04:05.000000Z","duration_ms":1.5,"credits_used":0.25,)"
         R"("total_returned":10,"stages_completed":2,"total_stages":3,)"
         R"("query_summary":"web, \"server\""})";
}

inline std::string page(int first, int count, int total, const std::string& cursor) {
  std::string rows;
  for (int i = 0; i < count; ++i) rows += (i > 0 ? "," : "") + row(first + i);
  return R"({"results":[)" + rows + R"(],"total":)" + std::to_string(total) +
         R"(,"pagination":{"next_cursor":)" +
         (cursor.empty() ? "null" : "\"" + cursor + "\"") + "}}";
}

}  // namespace trawl::cli::test
