#include "insight/sought_document.h"

#include <utility>

namespace trawl {

bool asks_about(const WhyQuestion& question, const Snapshot& snapshot) {
  return question.collection.empty() ||
         snapshot.collection().id.str() == question.collection ||
         snapshot.collection().name == question.collection;
}

Result<std::vector<SoughtDocument>> find_sought(const BoundPipeline& bound,
                                                const WhyQuestion& question,
                                                std::size_t max) {
  std::vector<SoughtDocument> out;
  for (const auto* list : {&bound.snapshots, &bound.extra}) {
    for (const auto& snapshot : *list) {
      if (out.size() == max || !asks_about(question, *snapshot)) continue;
      TRAWL_ASSIGN(auto document, snapshot->get(question.document_id));
      if (document) out.push_back({snapshot, std::move(*document)});
    }
  }
  return out;
}

}  // namespace trawl
