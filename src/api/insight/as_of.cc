#include "api/insight/as_of.h"

#include "api/wire/time_value.h"

namespace trawl::api {

Result<void> read_as_of(ObjectReader& in, TimeUs now, ReplayRequest& out) {
  if (const json::value* as_of = in.find({"as_of"})) {
    const auto* word = as_of->if_string();
    if (word != nullptr && (*word == "then" || *word == "now")) {
      out.as_of = *word == "now" ? ReplayRequest::AsOf::now : ReplayRequest::AsOf::then;
    } else {
      auto time = parse_time_value(*as_of, now, "as_of");
      if (!time) {
        return invalid_at("as_of",
                          "as_of is neither \"then\", \"now\" nor a time such as "
                          "\"2026-01-31T10:00:00Z\" or \"-24h\"");
      }
      out.as_of = ReplayRequest::AsOf::time;
      out.time = *time;
    }
  }
  return {};
}

}  // namespace trawl::api
