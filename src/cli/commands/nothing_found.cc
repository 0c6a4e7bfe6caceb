#include "cli/commands/nothing_found.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/text.h"
#include "cli/terminal/format.h"

namespace trawl::cli {
namespace {

// The kinds of stages that the server has; none where it does not say.
std::vector<std::string> known_stages(Context& context) {
  std::vector<std::string> names;
  HttpRequest request;
  request.method = "GET";
  request.target = path({"v1", "retrievers", "stages"});
  const auto reply = context.send(request);
  const auto parsed = reply ? parse_json(reply->body) : parse_json("");
  if (!parsed || !parsed->is_array()) return names;
  for (const auto& stage : parsed->get_array()) {
    if (stage.is_object()) names.push_back(text_at(stage.get_object(), "stage_id"));
  }
  return names;
}

}  // namespace

void explain_nothing(Context& context, const json::object& body) {
  const auto tell = [&](const std::string& text) {
    context.host().err << "trawl: " << printable(text) << '\n';
  };
  if (const std::string stage = text_at(body, "stage_id"); !stage.empty()) {
    const auto names = known_stages(context);
    if (!names.empty() && std::find(names.begin(), names.end(), stage) == names.end()) {
      const std::vector<std::string_view> views(names.begin(), names.end());
      tell(fmt::format(
          "--stage is '{}', which is no kind of stage{}; there are {}, whatever "
          "a pipeline calls them",
          stage, did_you_mean(stage, views), fmt::join(names, ", ")));
    }
  }
  const std::string caller = text_at(body, "caller");
  if (!caller.empty() && !caller.starts_with("key_")) {
    tell(
        fmt::format("--caller is '{}', but takes the id of a key, such as key_a1b2c3d4e5; "
                    "trawl keys list -o json has them",
                    caller));
  }
  for (const auto& [key, flag, digits] :
       {std::tuple<const char*, const char*, int>{"shape", "--shape", 64},
        {"fingerprint", "--fingerprint", 64},
        {"inputs_hash", "--inputs-hash", 40}}) {
    const std::string hash = text_at(body, key);
    if (hash.empty() || hash.size() == static_cast<std::size_t>(digits)) continue;
    tell(
        fmt::format("{} is '{}', but takes {} digits 0-9 and a-f, or the first of them, at "
                    "least 4",
                    flag, hash, digits));
  }
}

}  // namespace trawl::cli
