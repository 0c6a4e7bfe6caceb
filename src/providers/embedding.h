#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/embedder.h"
#include "providers/provider.h"

namespace trawl {

// The name under which stages find who embeds with a model: equal ones give vectors that
// can be compared.
std::string embedding_key(const EmbeddingModel& model);

// An embedder as one whom stages ask, so that what it answered is recorded and a replay is
// given the same vectors.
std::shared_ptr<const Provider> embedding_provider(
    std::shared_ptr<const Embedder> embedder);

// What stages ask it, and what its answer says: vectors of `dimension` values, one for each
// text, one after the other.
std::string embedding_question(std::span<const std::string> texts, EmbeddingTask task);
//   unavailable  the answer is not one, or of another number or dimension
Result<std::vector<float>> read_embeddings(std::string_view answer, std::size_t count,
                                           std::uint32_t dimension);

}  // namespace trawl
