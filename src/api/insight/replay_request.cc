#include "api/insight/replay_request.h"

#include "api/insight/as_of.h"
#include "insight/json_patch.h"

namespace trawl::api {

Result<ReplayRequest> read_replay_request(ObjectReader& in, TimeUs now) {
  ReplayRequest out;
  TRAWL_TRY(read_as_of(in, now, out));
  if (const json::array* set = in.array({"set"})) {
    // Also where there is nothing that it could be applied to.
    TRAWL_TRY(check_json_patch(*set, in.location_of("set")));
    out.set = *set;
  }
  out.externals = in.one_of<Externals>({"externals"}, Externals::recorded,
                                       {{"recorded", Externals::recorded},
                                        {"live", Externals::live},
                                        {"fail", Externals::fail}});
  return out;
}

std::string as_of_text(const ReplayRequest& request) {
  switch (request.as_of) {
    case ReplayRequest::AsOf::then:
      return "then";
    case ReplayRequest::AsOf::now:
      return "now";
    case ReplayRequest::AsOf::time:
      return format_time(request.time);
  }
  return "then";
}

std::string_view name_of(Externals externals) {
  switch (externals) {
    case Externals::recorded:
      return "recorded";
    case Externals::live:
      return "live";
    case Externals::fail:
      return "fail";
  }
  return "recorded";
}

}  // namespace trawl::api
