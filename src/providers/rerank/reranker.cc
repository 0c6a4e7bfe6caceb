#include "providers/rerank/reranker.h"

#include <algorithm>
#include <utility>

#include "base/json.h"

namespace trawl::rerank {
namespace {

// Of a result without its text; and of all that is not results.
constexpr std::size_t kResultBytes = 512;
constexpr std::size_t kFrameBytes = 1 << 20;
// Some send the texts back, in which a byte may be written as six.
constexpr std::size_t kWrittenBytesMax = 6;

}  // namespace

RemoteReranker::RemoteReranker(RerankerOptions options, const Clock& clock)
    : options_(std::move(options)),
      name_(options_.model.empty() ? options_.remote.name
                                   : options_.remote.name + ":" + options_.model),
      remote_(options_.remote, clock) {}

Result<RerankScores> RemoteReranker::rerank(const std::string& query,
                                            std::span<const std::string> texts,
                                            const AskContext& context) const {
  const std::string_view asked = cut_text(query, options_.text_bytes_max);
  RerankScores all;
  const std::size_t batch_max = std::max<std::size_t>(options_.batch_max, 1);
  while (!texts.empty()) {
    const std::size_t count = std::min(texts.size(), batch_max);
    TRAWL_ASSIGN(const RerankScores batch,
                 rerank_batch(asked, texts.first(count), context));
    all.scores.insert(all.scores.end(), batch.scores.begin(), batch.scores.end());
    all.tokens += batch.tokens;
    texts = texts.subspan(count);
  }
  return all;
}

Result<RerankScores> RemoteReranker::rerank_batch(std::string_view query,
                                                  std::span<const std::string> texts,
                                                  const AskContext& context) const {
  const bool is_cohere = options_.dialect == Dialect::cohere;
  std::string body;
  std::size_t text_bytes = query.size();
  JsonWriter writer(body);
  writer.begin_object();
  if (is_cohere && !options_.model.empty()) writer.key("model").string(options_.model);
  writer.key("query").string(query).key(is_cohere ? "documents" : "texts").begin_array();
  for (const std::string& text : texts) {
    const std::string_view sent =
        text.empty() ? " " : cut_text(text, options_.text_bytes_max);
    text_bytes += sent.size();
    writer.string(sent);
  }
  writer.end_array();
  if (is_cohere) {
    writer.key("top_n").unsigned_integer(texts.size());
  } else {
    writer.key("truncate").boolean(true);
  }
  writer.end_object();

  const std::size_t reply_bytes_max =
      kFrameBytes + texts.size() * kResultBytes + text_bytes * kWrittenBytesMax;
  TRAWL_ASSIGN(const std::string reply_body,
               remote_.post("/rerank", std::move(body), reply_bytes_max, context));
  auto reply = read_rerank_reply(reply_body, options_.dialect, texts.size());
  remote_.used(reply ? reply->tokens : 0, text_bytes);
  if (!reply) return remote_.wrong_answer(reply.error().message);
  return std::move(*reply);
}

}  // namespace trawl::rerank
