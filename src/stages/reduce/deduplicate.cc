#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/text.h"
#include "query/value_key.h"
#include "stages/definitions.h"
#include "stages/not_lost.h"
#include "stages/ticker.h"
#include "stages/values.h"
#include "text/fold.h"
#include "text/similarity.h"

namespace trawl {
namespace {

// Comparing texts costs the square of their number. At this many, of 4 kB each and none
// like another, that took 17 seconds on two cores of 2.5 GHz (600 of them: 0.2); below a
// threshold of about 0.93 such texts take a hundred times longer. A longer list is refused
// with what to do about it.
constexpr std::size_t kComparedDocumentsMax = 10'000;

constexpr std::string_view kDeduplicateSchema = R"json({
  "type": "object",
  "properties": {
    "strategy": {
      "type": "string", "enum": ["field", "content"], "default": "field",
      "description": "field: documents with equal values in all of `fields` are duplicates. content: documents whose texts are similar are."
    },
    "fields": {
      "type": "array", "items": {"type": "string"}, "minItems": 1,
      "description": "Dotted paths that make up the key; required for field. A missing field counts as null, and nulls are equal."
    },
    "content_field": {
      "type": "string", "default": "content",
      "description": "Dotted path of the text, for content."
    },
    "similarity_threshold": {
      "type": "number", "default": 0.95, "minimum": 0, "maximum": 1,
      "description": "Texts at or above this similarity are duplicates. The measure is 2 * (characters of the longest common subsequence) / (characters of both), over the first 4096 characters."
    },
    "keep": {
      "type": "string", "enum": ["first", "last"], "default": "first",
      "description": "Which of the duplicates stays."
    },
    "case_sensitive": {
      "type": "boolean", "default": true,
      "description": "Whether letter case makes strings different."
    }
  }
})json";

constexpr std::string_view kDeduplicateBounds[] = {"similarity_threshold"};

class Deduplicate : public Stage {
 public:
  bool by_content = false;
  std::vector<std::string> fields;
  std::string content_field;
  double threshold = 0.95;
  bool keep_last = false;
  bool case_sensitive = true;

  StageTraits traits() const override { return {.keeps_order = true}; }
  FieldSet fields_read() const override {
    return by_content ? FieldSet({content_field}) : FieldSet(fields);
  }
  FieldSet fields_needed() const override { return fields_read(); }

  Result<StageOutput> run(CandidateList input, StageRun& run) const override {
    // The last of the duplicates is the first that is met going backwards.
    std::vector<std::size_t> order(input.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      order[i] = keep_last ? order.size() - 1 - i : i;
    }
    TRAWL_ASSIGN(std::vector<std::size_t> kept,
                 by_content ? unique_by_content(input, order, run.check)
                            : unique_by_fields(input, order, run.check));
    std::sort(kept.begin(), kept.end());
    StageOutput output;
    output.metadata = {{"strategy", by_content ? "content" : "field"},
                       {"input_count", input.size()},
                       {"duplicates_removed", input.size() - kept.size()}};
    output.candidates = input.picked(kept);
    return output;
  }

  Result<Loss> explain_loss(const LostDocument& lost, StageRun& run) const override {
    if (!lost.position) return not_given();
    CandidateList kept = lost.output.candidates;
    TRAWL_TRY(kept.load(fields_read(), run.check));
    Loss out;
    out.reason = "duplicate";
    std::optional<std::size_t> of;
    double similarity = -1;
    if (by_content) {
      TRAWL_TRY(find_most_similar(lost, kept, run.check, of, similarity));
    } else {
      const std::string key = key_of(lost.input, *lost.position);
      Ticker ticker(run.check);
      for (std::size_t i = 0; i < kept.size() && !of; ++i) {
        TRAWL_TRY(ticker.tick());
        if (key_of(kept, i) == key) of = i;
      }
    }
    if (!of) return out;
    out.evidence = {{"duplicate_of", kept.document_id(*of)},
                    {"collection_id", kept.collection_id(*of)},
                    {"strategy", by_content ? "content" : "field"}};
    const std::string other = truncate_text(kept.document_id(*of), 100);
    if (by_content && similarity < 0) {
      out.sentence = fmt::format("it has no '{}', and neither has '{}', which is kept",
                                 content_field, other);
    } else if (by_content) {
      out.evidence["similarity"] = similarity;
      out.evidence["similarity_threshold"] = threshold;
      out.sentence = fmt::format(
          "its text is like that of '{}', which is kept: the similarity is {:.4g}, and "
          "from "
          "{:.4g} on texts are duplicates",
          other, similarity, threshold);
      const double above = std::nextafter(similarity, 2.0);
      if (above <= 1) {
        out.changes.push_back(change_parameter("similarity_threshold", above));
      }
    } else {
      json::object values;
      for (const std::string& field : fields) {
        json::value scratch;
        const json::value* value =
            present_value(lost.input, *lost.position, field, scratch);
        values[field] = value == nullptr ? json::value() : *value;
      }
      out.evidence["values"] = std::move(values);
      out.sentence = fmt::format("'{}', which is kept, has the same {}", other,
                                 fmt::join(fields, ", "));
    }
    // It may be the one at the other end.
    out.changes.push_back(change_parameter("keep", keep_last ? "first" : "last"));
    return out;
  }

 private:
  std::string key_of(const CandidateList& list, std::size_t i) const {
    std::string key;
    for (const std::string& field : fields) {
      json::value scratch;
      append_value_key(key, present_value(list, i, field, scratch),
                       case_sensitive ? CaseMode::sensitive : CaseMode::folded);
    }
    return key;
  }

  std::optional<std::string> compared_text(const CandidateList& list, std::size_t i) const {
    json::value scratch;
    const json::value* value = present_value(list, i, content_field, scratch);
    if (value == nullptr) return std::nullopt;
    std::string text = value_text(*value);
    return case_sensitive ? text : fold_case(text);
  }

  // Of the kept ones; below zero where neither has a text.
  Result<void> find_most_similar(const LostDocument& lost, const CandidateList& kept,
                                 const Checkpoint& check, std::optional<std::size_t>& of,
                                 double& similarity) const {
    Ticker ticker(check);
    const auto own = compared_text(lost.input, *lost.position);
    const ComparableText own_text(own.value_or(""));
    SequenceMatcher matcher(own_text);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const auto text = compared_text(kept, i);
      if (own.has_value() != text.has_value()) continue;
      if (!own) {
        of = i;
        return {};
      }
      const ComparableText other(*text);
      std::size_t steps = 1;
      if (!matcher.reaches(other, threshold, steps)) {
        TRAWL_TRY(ticker.tick(steps));
        continue;
      }
      const double ratio = *own == *text ? 1.0 : matcher.ratio(other);
      TRAWL_TRY(ticker.tick(steps));
      if (ratio > similarity) {
        similarity = ratio;
        of = i;
      }
    }
    return {};
  }

  Result<std::vector<std::size_t>> unique_by_fields(const CandidateList& input,
                                                    const std::vector<std::size_t>& order,
                                                    const Checkpoint& check) const {
    Ticker ticker(check);
    std::vector<std::size_t> kept;
    std::unordered_set<std::string> seen;
    for (const std::size_t i : order) {
      TRAWL_TRY(ticker.tick());
      if (seen.insert(key_of(input, i)).second) kept.push_back(i);
    }
    return kept;
  }

  Result<std::vector<std::size_t>> unique_by_content(const CandidateList& input,
                                                     const std::vector<std::size_t>& order,
                                                     const Checkpoint& check) const {
    if (input.size() > kComparedDocumentsMax) {
      return make_error(
          ErrorCode::invalid,
          fmt::format("deduplicate by content compares every document with every "
                      "other and takes at most {} of them, not {}; put a limit "
                      "before it, or use strategy field",
                      kComparedDocumentsMax, input.size()));
    }
    Ticker ticker(check);
    std::vector<std::size_t> kept;
    std::unordered_set<std::string> seen;  // Whole texts: the cheap and commonest case.
    bool seen_missing = false;
    UniqueTexts unique;
    std::vector<std::unique_ptr<NewText>> batch;
    const auto finish_batch = [&]() -> Result<void> {
      TRAWL_TRY(find_similar(batch, unique, ticker));
      for (auto& text : batch) {
        if (text->is_duplicate) continue;
        kept.push_back(text->position);
        unique[text->text.length].push_back(std::move(text->text));
      }
      batch.clear();
      return {};
    };
    for (const std::size_t i : order) {
      TRAWL_TRY(ticker.tick());
      json::value scratch;
      const json::value* value = present_value(input, i, content_field, scratch);
      if (value == nullptr) {
        if (!seen_missing) kept.push_back(i);
        seen_missing = true;
        continue;
      }
      std::string text = value_text(*value);
      if (!case_sensitive) text = fold_case(text);
      if (const auto [first, is_new] = seen.insert(std::move(text)); is_new) {
        batch.push_back(std::make_unique<NewText>(*first, i, threshold));
        if (batch.size() == kBatch) TRAWL_TRY(finish_batch());
      }
    }
    TRAWL_TRY(finish_batch());
    return kept;
  }

  // Those that were kept, by length, because only texts of near lengths can be similar.
  using UniqueTexts = std::map<std::size_t, std::vector<ComparableText>>;

  // A text that may be similar to one of those.
  struct NewText {
    NewText(std::string_view content, std::size_t i, double threshold)
        : text(content), position(i) {
      // 2 * shorter / (shorter + longer) >= threshold, solved for either; one character of
      // slack on both sides keeps rounding from excluding what the exact test admits.
      const double length = static_cast<double>(text.length);
      shortest = length * threshold / (2 - threshold) - 1;
      longest = threshold > 0 ? length * (2 - threshold) / threshold + 1 : HUGE_VAL;
    }
    NewText(const NewText&) = delete;
    NewText& operator=(const NewText&) = delete;

    ComparableText text;
    std::size_t position;  // In the input.
    double shortest = 0;
    double longest = 0;
    SequenceMatcher matcher{text};
    bool is_duplicate = false;
  };
  // A kept text is in the processor's cache for so many new ones; each at a time, they
  // would all wait for memory.
  static constexpr std::size_t kBatch = 32;

  // Finds out which of a batch are similar to one that was kept, or comes before it in the
  // batch and is no duplicate itself.
  Result<void> find_similar(std::vector<std::unique_ptr<NewText>>& batch,
                            const UniqueTexts& unique, Ticker& ticker) const {
    if (batch.empty()) return {};
    const auto compare = [&](NewText& text, const ComparableText& other) -> Result<void> {
      const auto length = static_cast<double>(other.length);
      if (text.is_duplicate || length < text.shortest || length > text.longest) return {};
      std::size_t steps = 0;
      text.is_duplicate = text.matcher.reaches(other, threshold, steps);
      return ticker.tick(steps);
    };
    double shortest = HUGE_VAL;
    double longest = 0;
    for (const auto& text : batch) {
      shortest = std::min(shortest, text->shortest);
      longest = std::max(longest, text->longest);
    }
    auto at = unique.lower_bound(
        shortest > 0 ? static_cast<std::size_t>(std::floor(shortest)) : std::size_t{0});
    for (; at != unique.end() && static_cast<double>(at->first) <= longest; ++at) {
      for (const ComparableText& other : at->second) {
        for (auto& text : batch) TRAWL_TRY(compare(*text, other));
      }
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      for (std::size_t before = 0; before < i; ++before) {
        if (batch[before]->is_duplicate) continue;
        TRAWL_TRY(compare(*batch[i], batch[before]->text));
      }
    }
    return {};
  }
};

Result<std::unique_ptr<Stage>> make_deduplicate(ObjectReader& in) {
  auto stage = std::make_unique<Deduplicate>();
  stage->by_content = in.one_of({"strategy"}, false, {{"field", false}, {"content", true}});
  const json::value* fields = in.find({"fields", "field"});
  stage->fields = in.strings({"fields", "field"});
  if (!stage->by_content) {
    if (fields == nullptr) {
      in.fail("fields",
              "is required for strategy field; list the paths that make up the key");
    } else if (stage->fields.empty() && !in.is_template(*fields)) {
      in.fail("fields", "is empty; list at least one path");
    }
  }
  stage->content_field = in.string({"content_field"}, "content");
  stage->threshold = in.number({"similarity_threshold"}, 0.95, 0.0, 1.0);
  stage->keep_last = in.one_of({"keep"}, false, {{"first", false}, {"last", true}});
  stage->case_sensitive = in.boolean({"case_sensitive"}, true);
  TRAWL_TRY(in.status());
  return std::unique_ptr<Stage>(std::move(stage));
}

}  // namespace

StageDefinition deduplicate_definition() {
  static constexpr std::string_view kShapeNames[] = {"strategy", "field"};
  StageDefinition definition;
  definition.stage_id = "deduplicate";
  definition.category = "reduce";
  definition.description =
      "Removes repeated documents, by equal fields or by similar text. The survivors keep "
      "their order.";
  definition.icon = "copy-minus";
  definition.parameter_schema = kDeduplicateSchema;
  definition.make = make_deduplicate;
  definition.shape_names = kShapeNames;
  definition.bounds = kDeduplicateBounds;
  return definition;
}

}  // namespace trawl
