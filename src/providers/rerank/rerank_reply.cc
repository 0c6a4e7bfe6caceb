#include "providers/rerank/rerank_reply.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace trawl::rerank {
namespace {

Error wrong(std::string message) {
  return make_error(ErrorCode::unavailable, std::move(message));
}

const json::value* member(const json::value* value, std::string_view name) {
  const json::object* const object = value == nullptr ? nullptr : value->if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::uint64_t tokens_of(const json::value& reply) {
  const json::value* const places[] = {
      member(member(&reply, "usage"), "total_tokens"),                   // Jina, vLLM.
      member(member(member(&reply, "meta"), "tokens"), "input_tokens"),  // Cohere.
  };
  for (const json::value* tokens : places) {
    if (tokens != nullptr && tokens->is_int64() && tokens->get_int64() > 0) {
      return static_cast<std::uint64_t>(tokens->get_int64());
    }
  }
  return 0;
}

}  // namespace

Result<RerankScores> read_rerank_reply(std::string_view body, Dialect dialect,
                                       std::size_t count) {
  const auto reply = parse_json(body);
  if (!reply) return wrong("its reply is not JSON: " + reply.error().message);
  const bool is_cohere = dialect == Dialect::cohere;
  const json::value* const list_value = is_cohere ? member(&*reply, "results") : &*reply;
  const json::array* const list = list_value == nullptr ? nullptr : list_value->if_array();
  if (list == nullptr) {
    return wrong(is_cohere ? "its reply has no list `results`; is its dialect \"tei\"?"
                           : "its reply is no list; is its dialect \"cohere\"?");
  }
  if (list->size() != count) {
    return wrong(fmt::format("it answered {} scores for {} texts", list->size(), count));
  }
  RerankScores out;
  out.scores.resize(count);
  std::vector<bool> seen(count);
  const std::string_view score_name = is_cohere ? "relevance_score" : "score";
  for (const json::value& item : *list) {
    const json::value* const index_member = member(&item, "index");
    const json::value* const score = member(&item, score_name);
    if (index_member == nullptr || !index_member->is_int64() || score == nullptr) {
      return wrong(
          fmt::format("a result of its reply has no `index` or no `{}`", score_name));
    }
    const std::int64_t index = index_member->get_int64();
    if (index < 0 || static_cast<std::uint64_t>(index) >= count) {
      return wrong(
          fmt::format("it answered a score with index {} for {} texts", index, count));
    }
    const auto place = static_cast<std::size_t>(index);
    if (seen[place]) return wrong(fmt::format("it answered index {} twice", index));
    seen[place] = true;
    if (!is_number(*score) || !std::isfinite(as_double(*score))) {
      return wrong(fmt::format("the score of text {} is no finite number", index));
    }
    out.scores[place] = as_double(*score);
  }
  out.tokens = tokens_of(*reply);
  return out;
}

}  // namespace trawl::rerank
