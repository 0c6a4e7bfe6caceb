// What a stage of an execution handed on, a part at a time: a record may have millions of
// candidates, and whoever looks at it wants to see something first.
#include "api/executions/candidates.h"

#include <fmt/format.h>

#include <limits>
#include <string>

#include "api/executions/executions.h"
#include "api/wire/endpoint.h"
#include "api/wire/query_reader.h"
#include "base/text.h"
#include "ledger/rendered.h"

namespace trawl::api {
namespace {

constexpr std::int64_t kPlacesMax = 1'000'000'000;
constexpr std::int64_t kCandidatesUsual = 100;
constexpr std::int64_t kCandidatesMax = 10'000;

// Digits alone: parse_integer() also takes a sign.
bool parse_place(std::string_view text, std::int64_t& place) {
  return !text.starts_with('-') && parse_integer(text, place) && place <= kPlacesMax;
}

Result<StageCandidates> find_candidates(const Services& services, const Call& call,
                                        PlaceRange range) {
  TRAWL_ASSIGN(const std::string detail, find_detail(services, call));
  const std::string& stage = call.request.path_parameter("stage");
  TRAWL_ASSIGN(FoundStage found, stage_candidates(detail, stage, range));
  if (found.stage) return std::move(*found.stage);
  const std::string wanted = truncate_text(stage, 100);
  if (found.names.empty()) {
    return make_error(
        ErrorCode::not_found,
        fmt::format("the execution has no stage '{}': its record has no stages", wanted));
  }
  return make_error(ErrorCode::not_found,
                    fmt::format("the execution has no stage '{}'; use the name of one, or "
                                "its place from 0, of these: {}",
                                wanted, truncate_text(found.names, 500)));
}

Result<http::Response> show_candidates(const Services& services, const Call& call) {
  const QueryReader query(call.request);
  TRAWL_ASSIGN(const auto offset, query.count("offset", 0, kPlacesMax));
  TRAWL_ASSIGN(const auto limit, query.count("limit", 1, kCandidatesMax));
  const std::size_t begin = offset.value_or(0);
  const std::size_t size = limit.value_or(kCandidatesUsual);
  TRAWL_ASSIGN(const StageCandidates found,
               find_candidates(services, call, {begin, begin + size}));
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.key("execution_id").string(call.request.path_parameter("execution_id"));
  out.key("stage_index").unsigned_integer(found.stage_index);
  out.key("stage_name").raw(found.stage_name);
  out.key("offset").unsigned_integer(begin);
  out.key("limit").unsigned_integer(size);
  out.key("candidates").raw("[" + found.candidates + "]");
  out.key("candidates_total").unsigned_integer(found.total);
  out.key("candidates_truncated").boolean(found.truncated);
  out.end_object();
  return detail_response(std::move(text));
}

}  // namespace

Result<std::optional<PlaceRange>> read_candidates(const http::Request& request) {
  constexpr std::string_view kBetween = "..";
  const auto text = QueryReader(request).text("candidates");
  if (!text) return std::optional<PlaceRange>();
  const std::size_t between = text->find(kBetween);
  std::int64_t begin = 0;
  std::int64_t end = 0;
  if (between == std::string_view::npos || !parse_place(text->substr(0, between), begin) ||
      !parse_place(text->substr(between + kBetween.size()), end) || begin > end) {
    return invalid_at("query.candidates",
                      fmt::format("candidates is '{}'; use places from 0, such as 0..100 "
                                  "for the first hundred, 100..200 for the next, or 0..0 "
                                  "for none",
                                  truncate_text(*text, 64)));
  }
  return std::optional(
      PlaceRange{static_cast<std::size_t>(begin), static_cast<std::size_t>(end)});
}

void add_candidate_routes(http::Router& router, const Services& services) {
  // On a worker: the record that this is for is one that takes long to read.
  router.add({"GET", "/v1/retrievers/executions/{execution_id}/stages/{stage}/candidates",
              http::RunOn::worker, http::Body::buffered,
              endpoint(services, Permission::read, Scope::in_namespace,
                       Query{{"offset"}, {"limit"}}, [&services](Call& call) {
                         return show_candidates(services, call);
                       })});
}

}  // namespace trawl::api
