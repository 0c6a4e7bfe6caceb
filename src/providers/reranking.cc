#include "providers/reranking.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/object_reader.h"

namespace trawl {
namespace {

Result<json::object> object_of(std::string_view text, std::string_view what) {
  TRAWL_ASSIGN(json::value value, parse_json(text));
  if (!value.is_object()) {
    return make_error(ErrorCode::invalid, fmt::format("the {} is no JSON object", what));
  }
  return std::move(value.get_object());
}

}  // namespace

std::string encode_rerank_question(const std::string& query,
                                   std::span<const std::string> texts) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("query").string(query).key("texts").begin_array();
  for (const std::string& text : texts) writer.string(text);
  writer.end_array().end_object();
  return out;
}

Result<RerankQuestion> decode_rerank_question(std::string_view question) {
  TRAWL_ASSIGN(const json::object object, object_of(question, "question"));
  ObjectReader in(object, "");
  RerankQuestion out;
  out.query = in.string({"query"});
  out.texts = in.strings({"texts"});
  if (!in.ok()) return in.error();
  return out;
}

std::string encode_rerank_answer(const RerankScores& scores) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("scores").begin_array();
  for (const double score : scores.scores) writer.number(score);
  writer.end_array().key("tokens").unsigned_integer(scores.tokens).end_object();
  return out;
}

Result<RerankScores> decode_rerank_answer(std::string_view answer, std::size_t count) {
  TRAWL_ASSIGN(const json::object object, object_of(answer, "answer"));
  ObjectReader in(object, "");
  RerankScores out;
  out.tokens = static_cast<std::uint64_t>(
      in.integer({"tokens"}, 0, 0, std::numeric_limits<std::int64_t>::max()));
  const json::array* const scores = in.array({"scores"});
  if (!in.ok()) return in.error();
  if (scores == nullptr || scores->size() != count) {
    return invalid_at("scores", fmt::format("the answer has {} scores for {} texts",
                                            scores == nullptr ? 0 : scores->size(), count));
  }
  for (const json::value& score : *scores) {
    if (!is_number(score) || !std::isfinite(as_double(score))) {
      return invalid_at(fmt::format("scores[{}]", out.scores.size()),
                        "the score is no number");
    }
    out.scores.push_back(as_double(score));
  }
  return out;
}

Result<std::string> RerankingProvider::ask(const std::string& question,
                                           const AskContext& context) const {
  TRAWL_ASSIGN(const RerankQuestion asked, decode_rerank_question(question));
  TRAWL_ASSIGN(const RerankScores scores,
               reranker_->rerank(asked.query, asked.texts, context));
  return encode_rerank_answer(scores);
}

}  // namespace trawl
