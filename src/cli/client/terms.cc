#include "cli/client/terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace trawl::cli {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr Pair kFlags[] = {
    {"bucket", "--bucket"},
    {"budget_ms", "--budget"},
    {"caller", "--caller"},
    {"collection_ids", "--collection"},
    {"collection_name", "NAME"},
    {"cursor", "--cursor"},
    {"description", "--description"},
    {"end_time", "--until"},
    {"error", "--error"},
    {"error_kind", "--error-kind"},
    {"expires_at", "--expires-at"},
    {"failed_stage", "--failed-stage"},
    {"fields", "--fields"},
    {"filters", "--where"},
    {"fingerprint", "--fingerprint"},
    {"group_by", "--by"},
    {"inputs_hash", "--inputs-hash"},
    {"labels", "--label"},
    {"language", "--language"},
    {"limit", "--limit"},
    {"max_age", "--max-age"},
    {"max_bytes", "--max-bytes"},
    {"max_count", "--max-count"},
    {"max_duration_ms", "--max-duration"},
    {"min_duration_ms", "--min-duration"},
    {"namespace_name", "NAME"},
    {"modes", "--mode"},
    {"offset", "--offset"},
    {"permissions", "--permission"},
    {"query", "--query"},
    {"rate_limit_burst", "--burst"},
    {"rate_limit_override", "--rate-limit"},
    {"request_id", "--request-id"},
    {"returned", "--returned"},
    {"returned_document", "--returned-document"},
    {"shape", "--shape"},
    {"since", "--since"},
    {"sort", "--sort"},
    {"stage_id", "--stage"},
    {"start_time", "--since"},
    {"status", "--status"},
    {"statuses", "--status"},
    {"time_zone", "--time-zone"},
};

constexpr Pair kCommands[] = {
    {"GET /v1/namespaces", "trawl namespaces list"},
    {"GET /v1/collections", "trawl collections list"},
    {"POST /v1/retrievers/executions/list", "trawl executions list"},
    {"GET /v1/retrievers/executions/tail", "trawl executions tail"},
    {"POST /v1/retrievers/execute", "trawl execute"},
    {"lists those that exist", "shows those that exist"},
    {"?all=true", "--all"},
    {"the Authorization header is missing; send 'Authorization: Bearer sk_…'",
     "no API key is given"},
};

// "labels.team", "body.labels", "query.limit" and "fields[2]" as flags; "" for anything
// else.
std::string_view flag_of_member(std::string_view place) {
  for (const std::string_view head : {"body.", "query.", "retention."}) {
    if (place.starts_with(head)) place.remove_prefix(head.size());
  }
  place = place.substr(0, place.find_first_of(".[:"));
  for (const auto& [member, flag] : kFlags) {
    if (member == place) return flag;
  }
  return {};
}

std::string in_terms_of_flags(std::string text) {
  std::string_view rest = text;
  const bool is_place = rest.starts_with("at ");
  if (is_place) rest.remove_prefix(3);
  const auto end = std::min(rest.find(' '), rest.size());
  const std::string_view place = rest.substr(0, end);
  const auto flag = flag_of_member(place);
  // "query is empty" begins with the flag, "query words are…" does not.
  const bool is_subject = is_place || rest.substr(end).starts_with(" is ") ||
                          rest.substr(end).starts_with(" has ") || place.ends_with(':');
  if (flag.empty() || !is_subject) return text;
  return fmt::format("{}{}{}{}", is_place ? "at " : "", flag,
                     place.ends_with(':') ? ":" : "", rest.substr(end));
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

}  // namespace

void use_terms_of_flags(Failure& failure, std::string_view target) {
  const bool is_own_file = target.starts_with("/v1/retrievers/execute") ||
                           target.find("/import") != std::string_view::npos;
  const auto reword = [&](std::string& text) {
    if (!is_own_file) text = in_terms_of_flags(std::move(text));
    for (const auto& [theirs, ours] : kCommands) replace_all(text, theirs, ours);
  };
  reword(failure.message);
  for (auto& note : failure.notes) reword(note);
  // A flag in the message says where already.
  std::erase_if(failure.notes, [&](const std::string& note) {
    return note.starts_with("at --") && failure.message.starts_with(note.substr(3) + " ");
  });
}

}  // namespace trawl::cli
