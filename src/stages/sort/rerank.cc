#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "base/counted.h"
#include "base/text.h"
#include "base/work_limit.h"
#include "model/engine_fields.h"
#include "pipeline/absent_fields.h"
#include "providers/embedding.h"
#include "providers/reranking.h"
#include "stages/definitions.h"
#include "stages/not_lost.h"
#include "stages/values.h"

namespace trawl {
namespace {

// The model that clients of the hosted product name without being asked.
constexpr std::string_view kHostedDefault = "BAAI__bge_reranker_v2_m3";
constexpr std::size_t kCandidatesDefault = 10;

constexpr std::string_view kRerankSchema = R"json({
  "type": "object",
  "properties": {
    "query": {"type": "string", "default": "{{INPUT.query}}", "description": "The text that documents are compared with."},
    "document_field": {"type": "string", "default": "content", "description": "Dotted path of the text of a document."},
    "inference_name": {"type": ["string", "null"], "default": null, "description": "The reranker, by its name in the server's configuration; null, or the model that the hosted product has by default: the one there is. Where there is none, documents are compared by their stored vectors, with a warning. Also read as model."},
    "max_candidates": {"type": ["integer", "null"], "default": 10, "minimum": 1, "maximum": 1000, "description": "So many of the first documents are scored; the others follow as they were. null: all."},
    "top_k": {"type": ["integer", "null"], "default": null, "minimum": 1, "description": "Documents kept. Also read as top_n."},
    "score_field": {"type": "string", "default": "scores.rerank", "description": "Dotted path under which the score is written."},
    "batch_size": {"type": "integer", "default": 32, "minimum": 1, "maximum": 100, "description": "Documents of one call."},
    "max_document_chars": {"type": "integer", "default": 2000, "minimum": 100, "maximum": 50000, "description": "A longer text is cut."},
    "max_concurrent_batches": {"type": "integer", "default": 3, "minimum": 1, "maximum": 10, "description": "Accepted; calls are made one after the other."},
    "cache_behavior": {"type": "string", "enum": ["auto", "disabled", "aggressive"], "default": "auto", "description": "disabled: the result of this stage is not remembered."},
    "cache_ttl_seconds": {"type": ["integer", "null"], "default": null, "minimum": 0, "description": "Accepted; remembered results are never stale."}
  }
})json";

class Rerank : public Stage {
 public:
  std::string location;
  std::string query;
  bool query_unknown = false;
  std::string document_field;
  std::string reranker_name;  // Empty for the one there is.
  std::optional<std::size_t> max_candidates = kCandidatesDefault;
  std::optional<std::size_t> top_k;
  std::string score_field;
  std::size_t batch_size = 32;
  std::size_t max_document_chars = 2000;
  bool cached = true;

  StageTraits traits() const override { return {}; }
  bool may_be_cached() const override { return cached; }
  FieldSet fields_read() const override {
    FieldSet fields({top_name(), std::string(engine_field::kScore), "original_score",
                     "rerank_position"});
    if (reranker_ != nullptr) fields.add(document_field);
    return fields;
  }
  FieldSet fields_needed() const override {
    return reranker_ != nullptr ? FieldSet({document_field}) : FieldSet();
  }

  Result<void> bind(BindContext& context) override {
    auto reranker = context.provider(
        reranker_name.empty() ? "rerank" : fmt::format("rerank:{}", reranker_name));
    if (reranker) {
      reranker_ = std::move(*reranker);
      return {};
    }
    // One that was named beside others that are there is a mistake.
    if (!reranker_name.empty() && context.provider("rerank")) {
      Error error = std::move(reranker).error();
      error.message = fmt::format(
          "there is no reranker '{}' on this server; leave "
          "inference_name out to use the one there is",
          truncate_text(reranker_name, 128));
      error.location = location + ".inference_name";
      return error;
    }
    for (const auto& snapshot : context.snapshots) {
      for (const Feature& feature : snapshot->collection().features) {
        if (feature.kind != Feature::Kind::dense || !feature.model) continue;
        const std::string key = embedding_key(*feature.model);
        if (auto embedder = context.provider(key)) embedders_[key] = std::move(*embedder);
      }
    }
    if (!embedders_.empty()) return {};
    Error error =
        make_error(ErrorCode::not_enabled,
                   "rerank has nothing to compare by: this server has no reranker, and the "
                   "collections have no vectors of a model (docs/providers.md)");
    error.location = location;
    return error;
  }

  Result<StageOutput> run(CandidateList input, StageRun& run) const override {
    StageOutput output;
    TRAWL_ASSIGN(const std::vector<std::optional<double>> scores,
                 score(input, run, output.warnings));
    const std::vector<std::size_t> order = order_of(scores);
    const auto scored = static_cast<std::size_t>(
        std::count_if(scores.begin(), scores.end(), [](const auto& one) { return one; }));
    output.metadata = {{"scored", scored},
                       {"by", reranker_ != nullptr ? "reranker" : "vectors"}};
    std::vector<std::size_t> kept = order;
    if (top_k && kept.size() > *top_k) kept.resize(*top_k);
    output.candidates = input.picked(kept);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const auto& value = scores[kept[i]];
      if (!value) continue;
      CandidateList& out = output.candidates;
      const auto before = out.score(i);
      write_score(out, i, *value);
      out.write(i, "original_score", before ? json::value(*before) : json::value());
      out.write(i, "rerank_position", i + 1);
      out.set_score(i, *value);
    }
    return output;
  }

  Result<Loss> explain_loss(const LostDocument& lost, StageRun& run) const override {
    if (!lost.position) return not_given();
    TRAWL_ASSIGN(const auto scores, scores_again(lost.input, run));
    const std::size_t rank = rank_of(scores, *lost.position);
    const auto& value = scores[*lost.position];
    Loss out;
    out.reason = "beyond_limit";
    out.sentence = value ? fmt::format("with {:.4g} it is at rank {}, and top_k is {}",
                                       *value, rank, top_k.value_or(0))
                         : fmt::format("it was not scored, is at rank {}, and top_k is {}",
                                       rank, top_k.value_or(0));
    out.evidence = {{"rank", rank},
                    {"score", value ? json::value(*value) : json::value()},
                    {"top_k", top_k ? json::value(*top_k) : json::value()}};
    out.changes.push_back(change_parameter("top_k", rank));
    return out;
  }

  Result<std::optional<Standing>> explain_standing(const KeptDocument& kept,
                                                   StageRun& run) const override {
    if (!kept.before) return std::optional<Standing>();
    TRAWL_ASSIGN(const auto scores, scores_again(kept.input, run));
    const auto& value = scores[*kept.before];
    Standing out;
    out.sentence =
        value ? fmt::format("the {} gave it {:.4g}",
                            reranker_ != nullptr ? "reranker" : "stored vector", *value)
              : "it was not scored, and follows those that were";
    out.evidence = {{"score", value ? json::value(*value) : json::value()},
                    {"by", reranker_ != nullptr ? "reranker" : "vectors"},
                    {"rank_before", *kept.before + 1}};
    return std::optional(std::move(out));
  }

 private:
  std::string top_name() const { return score_field.substr(0, score_field.find('.')); }

  // Those that are asked about.
  std::vector<std::size_t> asked(const CandidateList& input) const {
    std::vector<std::size_t> out(
        std::min(input.size(), max_candidates.value_or(input.size())));
    std::iota(out.begin(), out.end(), std::size_t{0});
    return out;
  }

  Result<std::vector<std::optional<double>>> scores_again(const CandidateList& input,
                                                          StageRun& run) const {
    std::vector<std::string> ignored;
    CandidateList again = input;
    TRAWL_TRY(again.load(fields_read(), run.check));
    return score(again, run, ignored);
  }

  Result<std::vector<std::optional<double>>> score(
      const CandidateList& input, StageRun& run, std::vector<std::string>& warnings) const {
    if (reranker_ == nullptr) return by_vectors(input, run, warnings);
    std::vector<std::optional<double>> scores(input.size());
    std::vector<std::size_t> places;
    std::vector<std::string> texts;
    for (const std::size_t i : asked(input)) {
      json::value scratch;
      const json::value* value = present_value(input, i, document_field, scratch);
      std::string text = value == nullptr ? std::string() : value_text(*value);
      if (text.empty()) continue;
      count_work(text.size() / kBytesPerStep + 8);
      places.push_back(i);
      texts.push_back(truncate_text(text, max_document_chars));
    }
    for (std::size_t begin = 0; begin < texts.size(); begin += batch_size) {
      const std::size_t count = std::min(batch_size, texts.size() - begin);
      const std::string question =
          encode_rerank_question(query, std::span(texts).subspan(begin, count));
      TRAWL_ASSIGN(const std::string answer, run.calls.ask(*reranker_, question));
      TRAWL_ASSIGN(const RerankScores told, decode_rerank_answer(answer, count));
      for (std::size_t i = 0; i < count; ++i) scores[places[begin + i]] = told.scores[i];
    }
    if (places.empty() && !input.empty()) {
      warnings.push_back(
          fmt::format("none of the documents has a text at '{}'; they keep "
                      "their order",
                      truncate_text(document_field, 64)));
    }
    return scores;
  }

  // How like the stored vectors are to the query, where there is no reranker.
  Result<std::vector<std::optional<double>>> by_vectors(
      const CandidateList& input, StageRun& run, std::vector<std::string>& warnings) const {
    warnings.emplace_back(
        "this server has no reranker; the documents were compared by their stored vectors");
    std::vector<std::optional<double>> scores(input.size());
    std::map<std::string, std::vector<float>> queries;
    std::size_t without = 0;
    for (const std::size_t i : asked(input)) {
      const Snapshot* snapshot = input.snapshot(i);
      const Feature* feature = snapshot == nullptr ? nullptr : embedded(*snapshot);
      if (feature == nullptr) {
        ++without;
        continue;
      }
      const std::string key = embedding_key(*feature->model);
      auto found = queries.find(key);
      if (found == queries.end()) {
        TRAWL_ASSIGN(const std::string answer,
                     run.calls.ask(*embedders_.at(key),
                                   embedding_question({&query, 1}, EmbeddingTask::query)));
        TRAWL_ASSIGN(std::vector<float> vector,
                     read_embeddings(answer, 1, feature->dimension));
        found = queries.emplace(key, std::move(vector)).first;
      }
      SearchRequest request;
      request.feature_uri = feature->uri;
      request.vectors = found->second;
      TRAWL_ASSIGN(const auto alike,
                   snapshot->similarity(request, input.document(i), run.check));
      if (alike) {
        scores[i] = shortest_double(*alike);
      } else {
        ++without;
      }
    }
    if (without > 0) {
      warnings.push_back(
          fmt::format("{} no vectors, and {} after those that have",
                      counted(without, "document") + (without == 1 ? " has" : " have"),
                      without == 1 ? "comes" : "come"));
    }
    return scores;
  }

  const Feature* embedded(const Snapshot& snapshot) const {
    for (const Feature& feature : snapshot.collection().features) {
      if (feature.kind == Feature::Kind::dense && feature.model &&
          embedders_.contains(embedding_key(*feature.model))) {
        return &feature;
      }
    }
    return nullptr;
  }

  // Those with a score, best first; then the others as they were.
  static std::vector<std::size_t> order_of(
      const std::vector<std::optional<double>>& scores) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      count_work();
      if (!scores[a] || !scores[b]) return scores[a].has_value() && !scores[b];
      return *scores[a] > *scores[b];
    });
    return order;
  }
  static std::size_t rank_of(const std::vector<std::optional<double>>& scores,
                             std::size_t position) {
    const auto order = order_of(scores);
    return static_cast<std::size_t>(std::find(order.begin(), order.end(), position) -
                                    order.begin()) +
           1;
  }

  void write_score(CandidateList& list, std::size_t i, double value) const {
    const std::string top = top_name();
    if (top == score_field) return list.write(i, top, value);
    json::value scratch;
    const json::value* before = list.find(i, top, scratch);
    json::value whole =
        before != nullptr && before->is_object() ? *before : json::value(json::object());
    json::value* at = &whole;
    std::string_view rest = std::string_view(score_field).substr(top.size() + 1);
    while (true) {
      const std::size_t dot = rest.find('.');
      json::value& next =
          at->as_object()[json::string_view(rest.data(), std::min(dot, rest.size()))];
      if (dot == std::string_view::npos) {
        next = value;
        break;
      }
      if (!next.is_object()) next = json::object();
      at = &next;
      rest.remove_prefix(dot + 1);
    }
    list.write(i, top, std::move(whole));
  }

  std::shared_ptr<const Provider> reranker_;
  std::map<std::string, std::shared_ptr<const Provider>> embedders_;  // By their keys.
};

Result<std::unique_ptr<Stage>> make_rerank(ObjectReader& in) {
  auto stage = std::make_unique<Rerank>();
  stage->location = in.location();
  const json::value* query = in.find({"query"});
  stage->query_unknown = query != nullptr && in.is_template(*query);
  stage->query = in.string({"query"});
  if (query != nullptr && !stage->query_unknown && trim(stage->query).empty() && in.ok()) {
    in.fail("query", "is empty; give the text that documents are compared with");
  }
  stage->document_field = in.string({"document_field"}, "content");
  if (stage->document_field.empty()) {
    in.fail("document_field", "is empty; give the path of a text");
  }
  stage->reranker_name = in.string({"inference_name", "model"});
  if (stage->reranker_name == kHostedDefault || stage->reranker_name == "null") {
    stage->reranker_name.clear();
  }
  if (const json::value* sent = in.find({"max_candidates"})) {
    if (!in.is_template(*sent)) {
      stage->max_candidates = static_cast<std::size_t>(in.integer(
          {"max_candidates"}, static_cast<std::int64_t>(kCandidatesDefault), 1, 1000));
    }
  } else if (in.source().contains("max_candidates")) {
    stage->max_candidates.reset();  // null: all.
  }
  if (const auto top = in.optional_integer({"top_k", "top_n"}, 1, 10'000)) {
    stage->top_k = static_cast<std::size_t>(*top);
  }
  stage->score_field = in.string({"score_field"}, "scores.rerank");
  const std::string& field = stage->score_field;
  if (field.empty() || field.front() == '.' || field.back() == '.' ||
      field.find("..") != std::string::npos) {
    in.fail("score_field", "is no path; use names with dots between");
  }
  stage->batch_size = static_cast<std::size_t>(in.integer({"batch_size"}, 32, 1, 100));
  stage->max_document_chars =
      static_cast<std::size_t>(in.integer({"max_document_chars"}, 2000, 100, 50'000));
  in.integer({"max_concurrent_batches"}, 3, 1, 10);
  stage->cached = in.one_of({"cache_behavior"}, true,
                            {{"auto", true}, {"disabled", false}, {"aggressive", true}});
  in.optional_integer({"cache_ttl_seconds"}, 0, std::int64_t{1} << 53);
  TRAWL_TRY(in.status());
  return std::unique_ptr<Stage>(std::move(stage));
}

}  // namespace

StageDefinition rerank_definition() {
  static constexpr std::string_view kBounds[] = {"top_k", "top_n", "max_candidates"};
  static constexpr std::string_view kShapeNames[] = {"document_field", "inference_name"};
  static constexpr std::string_view kTexts[] = {"query"};
  StageDefinition definition;
  definition.stage_id = "rerank";
  definition.category = "sort";
  definition.description =
      "Scores the first documents by how well they answer the query, by a reranker of the "
      "configuration or else by their stored vectors, and sorts by that. The score becomes "
      "that of the document; the one before is its original_score.";
  definition.icon = "list-ordered";
  definition.parameter_schema = kRerankSchema;
  definition.make = make_rerank;
  definition.defaults = R"({"query": "{{INPUT.query}}"})";
  definition.bounds = kBounds;
  definition.shape_names = kShapeNames;
  definition.text_places = kTexts;
  return definition;
}

}  // namespace trawl
