#include "pipeline/boundary_record.h"

#include <algorithm>
#include <unordered_set>

namespace trawl {

std::vector<ScoredId> scored_ids(const CandidateList& candidates, std::size_t max) {
  std::vector<ScoredId> out;
  const std::size_t count = std::min(max, candidates.size());
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    ScoredId& id = out.emplace_back();
    id.collection_id = candidates.collection_id(i);
    id.document_id = candidates.document_id(i);
    id.score = candidates.score(i);
    if (const std::uint64_t hash = candidates.content_hash(i); hash != 0) {
      id.content_hash = static_cast<std::uint32_t>(hash >> 32);
    }
  }
  return out;
}

void note_origins(const CandidateList& given, const CandidateList& output,
                  std::size_t written_bytes_max, StageRecord& record) {
  if (!output.has_origins()) return;
  // Stages share what they did not change, so who has the same has it from before.
  std::unordered_set<const json::object*> written_before;
  std::unordered_set<const SearchParts*> parts_before;
  const std::size_t count = given.has_origins() ? given.size() : 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto* written = given.written(i)) written_before.insert(written);
    if (!given.parts(i).empty()) parts_before.insert(&given.parts(i));
  }
  std::size_t room = written_bytes_max;
  for (std::size_t i = 0; i < record.candidates.size(); ++i) {
    ScoredId& id = record.candidates[i];
    const SearchParts& parts = output.parts(i);
    if (!parts.empty() && !parts_before.contains(&parts)) id.searches = parts;
    const auto* written = output.written(i);
    if (written == nullptr || written_before.contains(written)) continue;
    const std::size_t bytes = to_json_text(*written).size();
    if (bytes > room) {
      record.written_truncated = true;
      break;
    }
    room -= bytes;
    id.written = *written;
  }
}

}  // namespace trawl
