#include "pipeline/absent_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "base/text.h"
#include "model/engine_fields.h"

namespace trawl {
namespace {

// Documents whose fields are offered instead.
constexpr std::size_t kShownDocumentsMax = 3;
// Of each collection, for a filter that found nothing.
constexpr std::size_t kLookedAtMax = 200;

bool is_of_engine(std::string_view path) {
  const std::string_view first = path.substr(0, path.find_first_of(".["));
  return first == engine_field::kDocumentId || first == engine_field::kCollectionId ||
         first == engine_field::kInternal || first == engine_field::kScore ||
         first == engine_field::kFeatures || first == engine_field::kSortRelevance;
}

Result<bool> has_any(const CandidateList& candidates, std::string_view path,
                     const Checkpoint& check) {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    json::value scratch;
    if (!candidates.values(i, path, scratch).empty()) return true;
    if (i % 1024 == 1023) TRAWL_TRY(check());
  }
  return false;
}

// Those that none has.
Result<std::vector<std::string>> absent_of(const CandidateList& candidates,
                                           const FieldSet& fields,
                                           const Checkpoint& check) {
  std::vector<std::string> absent;
  for (const std::string& path : fields.paths()) {
    if (is_of_engine(path)) continue;
    TRAWL_ASSIGN(const bool found, has_any(candidates, path, check));
    if (!found) absent.push_back(path);
  }
  return absent;
}

// The fields at the top level of the first documents.
Result<std::set<std::string>> names_in(CandidateList candidates, const Checkpoint& check) {
  candidates = candidates.slice(0, kShownDocumentsMax);
  TRAWL_TRY(candidates.load(FieldSet::all(), check));
  std::set<std::string> names;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    for (const auto& field : candidates.to_json(i)) names.emplace(key_of(field));
  }
  return names;
}

Result<void> tell(const std::vector<std::string>& absent, const CandidateList& candidates,
                  std::string_view of_which, const Checkpoint& check,
                  std::vector<std::string>& warnings) {
  if (absent.empty()) return {};
  TRAWL_ASSIGN(const auto names, names_in(candidates, check));
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (const std::string& path : absent) {
    warnings.push_back(fmt::format("none of {} has a field '{}'{}", of_which,
                                   truncate_text(path, 64), did_you_mean(path, known)));
  }
  return {};
}

}  // namespace

Result<void> warn_of_absent_fields(const CandidateList& candidates, const FieldSet& fields,
                                   const Checkpoint& check,
                                   std::vector<std::string>& warnings) {
  if (candidates.empty() || fields.is_all()) return {};
  TRAWL_ASSIGN(const auto absent, absent_of(candidates, fields, check));
  const std::size_t count = candidates.size();
  return tell(absent, candidates,
              fmt::format("its {} document{}", count, count == 1 ? "" : "s"), check,
              warnings);
}

Result<void> warn_of_fields_of_filter(
    std::span<const std::shared_ptr<const Snapshot>> snapshots, const FieldSet& fields,
    const Checkpoint& check, std::vector<std::string>& warnings) {
  if (fields.empty() || fields.is_all()) return {};
  CandidateList looked_at;
  bool all = true;
  for (const auto& snapshot : snapshots) {
    std::vector<DocumentRef> first;
    TRAWL_TRY(snapshot->scan({}, check, [&](std::span<const DocumentRef> found) -> bool {
      const std::size_t room = kLookedAtMax - first.size();
      first.insert(
          first.end(), found.begin(),
          found.begin() + static_cast<std::ptrdiff_t>(std::min(room, found.size())));
      return first.size() < kLookedAtMax;
    }));
    all &= first.size() == snapshot->document_count();
    looked_at.add(looked_at.source(snapshot), first);
  }
  if (looked_at.empty()) return {};
  // Nearly always the first few have all of them.
  CandidateList few = looked_at.slice(0, kShownDocumentsMax);
  TRAWL_TRY(few.load(fields, check));
  TRAWL_ASSIGN(const auto suspects, absent_of(few, fields, check));
  if (suspects.empty()) return {};
  const FieldSet wanted(suspects);
  TRAWL_TRY(looked_at.load(wanted, check));
  TRAWL_ASSIGN(const auto absent, absent_of(looked_at, wanted, check));
  return tell(absent, looked_at,
              fmt::format("the {}{} document{} searched", all ? "" : "first ",
                          looked_at.size(), looked_at.size() == 1 ? "" : "s"),
              check, warnings);
}

}  // namespace trawl
