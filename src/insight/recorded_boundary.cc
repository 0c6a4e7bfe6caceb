#include "insight/recorded_boundary.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/work_limit.h"
#include "insight/obstacle.h"
#include "pipeline/open_collection.h"

namespace trawl {
namespace {

using Name = std::pair<std::string, std::string>;  // Collection and document.

Name boundary_name(const ScoredId& id) {
  return {id.collection_id, id.document_id};
}

class BoundaryBuilder {
 public:
  BoundaryBuilder(const Catalog& catalog, const Corpus& corpus, const Execution& execution,
                  const BoundPipeline& bound, std::size_t stage)
      : catalog_(catalog),
        corpus_(corpus),
        execution_(execution),
        bound_(bound),
        stage_(stage) {}

  Result<RecordedBoundary> build() {
    RecordedBoundary out;
    if (auto reason = not_whole()) {
      out.reason = std::move(*reason);
      return out;
    }
    CandidateList list;
    const std::vector<ScoredId>& recorded = execution_.stages[stage_].candidates;
    for (std::size_t i = 0; i < recorded.size(); ++i) {
      TRAWL_TRY(check_work());
      TRAWL_ASSIGN(auto missing, add(recorded[i], list));
      if (missing) {
        out.reason = std::move(*missing);
        return out;
      }
    }
    out.candidates = std::move(list);
    return out;
  }

 private:
  std::string stage_name(std::size_t i) const {
    return truncate_text(execution_.stages[i].stage_name, 100);
  }

  // Since the last stage that read collections, whose documents had nothing written yet.
  std::size_t first_stage() const {
    std::size_t first = stage_;
    while (first > 0 && !bound_.stage_facts[first].traits.source) --first;
    return first;
  }

  std::optional<std::string> not_whole() {
    if (execution_.stages.size() <= stage_) return "the stage is not in the record";
    for (std::size_t i = 0; i <= stage_; ++i) {
      const StageRecord& record = execution_.stages[i];
      if (record.error) return fmt::format("the stage '{}' failed then", stage_name(i));
    }
    const StageRecord& last = execution_.stages[stage_];
    if (last.candidates_truncated ||
        last.candidates.size() != static_cast<std::size_t>(last.output_count)) {
      return fmt::format("{} of {} documents were recorded", last.candidates.size(),
                         last.output_count);
    }
    for (std::size_t i = first_stage(); i <= stage_; ++i) {
      if (execution_.stages[i].written_truncated) {
        return fmt::format("not all that the stage '{}' wrote was recorded", stage_name(i));
      }
    }
    return std::nullopt;
  }

  // The places of each document in a list.
  const std::multimap<Name, std::size_t>& places(std::size_t stage) {
    auto [found, is_new] = places_.try_emplace(stage);
    if (is_new) {
      const auto& ids = execution_.stages[stage].candidates;
      for (std::size_t i = 0; i < ids.size(); ++i)
        found->second.emplace(boundary_name(ids[i]), i);
    }
    return found->second;
  }

  // What the stages up to this one gave to a document: the record has it where it was
  // given.
  template <class Member>
  Result<const Member*> given(const ScoredId& id, Member ScoredId::*member,
                              std::optional<std::string>& missing) {
    const auto is_there = [](const Member& value) { return !(value == Member()); };
    if (is_there(id.*member)) return &(id.*member);
    for (std::size_t i = stage_; i-- > first_stage();) {
      const auto [begin, end] = places(i).equal_range(boundary_name(id));
      const auto count = std::distance(begin, end);
      if (count == 0 && !execution_.stages[i].candidates_truncated) break;
      if (count != 1) {
        missing = fmt::format("it does not say what '{}' was like at the stage '{}'",
                              truncate_text(id.document_id, 100), stage_name(i));
        return nullptr;
      }
      const ScoredId& before = execution_.stages[i].candidates[begin->second];
      if (is_there(before.*member)) return &(before.*member);
    }
    return nullptr;
  }

  Result<std::shared_ptr<const Snapshot>> snapshot_of(const std::string& id) {
    using Snapshots = std::vector<std::shared_ptr<const Snapshot>>;
    for (const Snapshots* list :
         {&bound_.snapshots, &bound_.extra, &std::as_const(late_)}) {
      for (const auto& snapshot : *list) {
        if (snapshot->collection().id.str() == id) return snapshot;
      }
    }
    TRAWL_ASSIGN(auto opened, open_collection(catalog_, corpus_, bound_.namespace_id, id,
                                              execution_.collection_versions));
    late_.push_back(opened);
    return opened;
  }

  // Adds a candidate; or says why that cannot be done.
  Result<std::optional<std::string>> add(const ScoredId& id, CandidateList& list) {
    std::optional<std::string> missing;
    if (id.document_id.empty()) {
      if (!id.written) missing = "a row that an earlier stage made is not in it";
      if (id.written && masked(*id.written)) missing = "a row in it is masked";
      if (!missing) list.add_row(*id.written, id.score);
      return missing;
    }
    TRAWL_ASSIGN(const auto* written, given(id, &ScoredId::written, missing));
    if (missing) return missing;
    TRAWL_ASSIGN(const auto* parts, given(id, &ScoredId::searches, missing));
    if (missing) return missing;
    if (written != nullptr && masked(**written)) {
      missing = "what stages wrote is masked in it";
      return missing;
    }
    TRAWL_ASSIGN(const auto snapshot, snapshot_of(id.collection_id));
    TRAWL_ASSIGN(auto document, snapshot->get(id.document_id));
    const auto hash =
        document ? static_cast<std::uint32_t>(document->content_hash >> 32) : 0;
    if (!document || !id.content_hash || hash != *id.content_hash) {
      missing =
          fmt::format("'{}' was another document then", truncate_text(id.document_id, 100));
      return missing;
    }
    const std::size_t place = list.size();
    list.add(list.source(snapshot), std::move(*document), FieldSet::all(), id.score);
    if (parts != nullptr) list.set_parts(place, *parts);
    if (written != nullptr) {
      for (const auto& field : **written)
        list.write(place, view(field.key()), field.value());
    }
    return missing;
  }

  static bool masked(const json::object& written) {
    return !replaced_inputs(json::value(written)).empty();
  }

  const Catalog& catalog_;
  const Corpus& corpus_;
  const Execution& execution_;
  const BoundPipeline& bound_;
  const std::size_t stage_;
  std::map<std::size_t, std::multimap<Name, std::size_t>> places_;
  std::vector<std::shared_ptr<const Snapshot>> late_;
};

}  // namespace

Result<RecordedBoundary> rebuild_boundary(const Catalog& catalog, const Corpus& corpus,
                                          const Execution& execution,
                                          const BoundPipeline& bound, std::size_t stage) {
  return BoundaryBuilder(catalog, corpus, execution, bound, stage).build();
}

}  // namespace trawl
