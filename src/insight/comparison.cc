#include "insight/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace trawl {
namespace {

json::value to_json(const ScoredId& id) {
  json::object out{{"document_id", id.document_id}, {"collection_id", id.collection_id}};
  if (id.score) out["score"] = *id.score;
  if (id.content_hash) out["content_hash"] = fmt::format("{:08x}", *id.content_hash);
  if (id.written) out["written"] = *id.written;
  return out;
}

std::string name_of(const ScoredId& id) {
  if (id.document_id.empty()) return "a row";
  return fmt::format("'{}'", truncate_text(id.document_id, 100));
}

// What differs of two candidates at the same place; empty: nothing.
std::string_view differing(const ScoredId& a, const ScoredId& b) {
  if (a.document_id != b.document_id || a.collection_id != b.collection_id) {
    return "document";
  }
  if (a.content_hash != b.content_hash) return "content";
  if (a.score != b.score) return "score";
  if (a.searches != b.searches) return "searches";
  // Neither is there beyond a size, so only what both have can be compared.
  if (a.written && b.written && *a.written != *b.written) return "written";
  return {};
}

std::string say(std::string_view what, std::size_t rank, const ScoredId& a,
                const ScoredId& b) {
  if (what == "document") {
    return fmt::format("{} was at rank {}, and now it is {}", name_of(a), rank, name_of(b));
  }
  if (what == "content") {
    return fmt::format("{} at rank {} holds something else than it did", name_of(a), rank);
  }
  if (what == "score") {
    return fmt::format("{} at rank {} had the score {}, and now it has {}", name_of(a),
                       rank, a.score ? fmt::format("{}", *a.score) : "none",
                       b.score ? fmt::format("{}", *b.score) : "none");
  }
  if (what == "searches") {
    return fmt::format("{} at rank {} was found in other places by the single searches",
                       name_of(a), rank);
  }
  return fmt::format("other values were written into {} at rank {}", name_of(a), rank);
}

std::optional<FirstDifference> compare_lists(const std::vector<ScoredId>& before,
                                             const std::vector<ScoredId>& after) {
  const std::size_t count = std::min(before.size(), after.size());
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view what = differing(before[i], after[i]);
    if (what.empty()) continue;
    FirstDifference out;
    out.what = what;
    out.rank = i + 1;
    out.sentence = say(what, i + 1, before[i], after[i]);
    out.before = to_json(before[i]);
    out.after = to_json(after[i]);
    return out;
  }
  return std::nullopt;
}

FirstDifference differing_values(std::string what, std::string sentence, json::value before,
                                 json::value after) {
  FirstDifference out;
  out.what = std::move(what);
  out.sentence = std::move(sentence);
  out.before = std::move(before);
  out.after = std::move(after);
  return out;
}

json::value to_json(const std::optional<std::string>& text) {
  return text ? json::value(*text) : json::value();
}

// The text without the places of a request, which depend on the short form that was sent.
std::string without_places(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto at = text.find("stages[");
    out += text.substr(0, at);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at);
    const auto end = text.find_first_of(" :;,'\"");
    if (end == std::string_view::npos) break;
    text.remove_prefix(end);
  }
  return out;
}

bool same_error(const std::optional<std::string>& a, const std::optional<std::string>& b) {
  if (a == b) return true;
  return a && b && without_places(*a) == without_places(*b);
}

std::optional<FirstDifference> compare_stages(const StageRecord& a, const StageRecord& b) {
  if (a.stage_name != b.stage_name || a.stage_id != b.stage_id) {
    return differing_values(
        "stage",
        fmt::format("the stage '{}' ({}) stood where '{}' ({}) stands now", a.stage_name,
                    a.stage_id, b.stage_name, b.stage_id),
        json::value(a.stage_name), json::value(b.stage_name));
  }
  if (auto found = compare_lists(a.candidates, b.candidates)) return found;
  if (!same_error(a.error, b.error)) {
    return differing_values("error", "the stage failed in another way, or only once",
                            to_json(a.error), to_json(b.error));
  }
  if (a.output_count != b.output_count) {
    return differing_values("count",
                            fmt::format("{} documents were handed on, and now {}",
                                        a.output_count, b.output_count),
                            a.output_count, b.output_count);
  }
  return std::nullopt;
}

std::string joined_versions(const Execution& execution) {
  std::string out;
  for (const auto& one : execution.collection_versions) {
    out += fmt::format("{}{} at version {}", out.empty() ? "" : ", ", one.collection_id,
                       one.version);
  }
  return out;
}

bool same_answers(const StageRecord& a, const StageRecord& b) {
  for (const ExternalCall& call : a.external_calls) {
    for (const ExternalCall& other : b.external_calls) {
      if (call.provider == other.provider && call.request_sha256 == other.request_sha256 &&
          call.answer_sha256 != other.answer_sha256) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

std::optional<FirstDifference> first_difference(const Execution& before,
                                                const Execution& after) {
  const std::size_t count = std::min(before.stages.size(), after.stages.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (auto found = compare_stages(before.stages[i], after.stages[i])) {
      found->stage_name = before.stages[i].stage_name;
      found->stage_index = i;
      return found;
    }
  }
  const auto in_results = [&](FirstDifference found) {
    found.stage_index = count;
    return std::optional(std::move(found));
  };
  if (before.stages.size() != after.stages.size()) {
    return in_results(differing_values(
        "count",
        fmt::format("{} stages ran, and now {}", before.stages.size(), after.stages.size()),
        before.stages.size(), after.stages.size()));
  }
  if (before.summary.status != after.summary.status) {
    return in_results(differing_values(
        "status",
        fmt::format("it ended as {}, and now as {}", before.summary.status,
                    after.summary.status),
        json::value(before.summary.status), json::value(after.summary.status)));
  }
  if (auto found = compare_lists(before.results, after.results)) {
    return in_results(std::move(*found));
  }
  if (before.summary.total_returned != after.summary.total_returned) {
    return in_results(differing_values(
        "count",
        fmt::format("{} documents were returned, and now {}", before.summary.total_returned,
                    after.summary.total_returned),
        before.summary.total_returned, after.summary.total_returned));
  }
  return std::nullopt;
}

DifferenceCause cause_of_difference(const Execution& before, const Execution& after) {
  if (before.fingerprint != after.fingerprint) {
    return {"parameters", "the pipelines differ"};
  }
  if (before.inputs_hash != after.inputs_hash) return {"inputs", "the inputs differ"};
  if (before.collection_versions != after.collection_versions) {
    return {"documents", fmt::format("documents were changed in between: {} was searched, "
                                     "and then {}",
                                     joined_versions(before), joined_versions(after))};
  }
  const std::size_t count = std::min(before.stages.size(), after.stages.size());
  for (std::size_t i = 0; i < count; ++i) {
    const StageRecord& a = before.stages[i];
    const StageRecord& b = after.stages[i];
    if (!same_answers(a, b)) {
      return {"answers", fmt::format("what the stage '{}' asked was answered differently",
                                     a.stage_name)};
    }
    if (a.seed && b.seed && a.seed != b.seed) {
      return {"seed", fmt::format("the stage '{}' drew from the seed {}, and then from {}",
                                  a.stage_name, *a.seed, *b.seed)};
    }
    if (a.context != b.context) {
      return {"time",
              fmt::format("the templates of the stage '{}' saw another time or budget",
                          a.stage_name)};
    }
  }
  return {"program",
          "nothing that was recorded differs, so it is the program: another version of it, "
          "or its settings"};
}

}  // namespace trawl
