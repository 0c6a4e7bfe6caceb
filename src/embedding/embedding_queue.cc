#include "embedding/embedding_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/guarded.h"

namespace trawl {
namespace {

bool is_paused(const Collection& collection, std::string_view uri) {
  const auto* paused = collection.definition.if_contains(kPausedFeatures);
  if (paused == nullptr || !paused->is_array()) return false;
  const auto& list = paused->get_array();
  return std::any_of(list.begin(), list.end(), [&](const json::value& each) {
    return each.is_string() && view(each.get_string()) == uri;
  });
}

// The one of a URI that new documents are embedded for.
const Feature* embedded_feature(const Collection& collection, std::string_view uri) {
  const auto& features = collection.features;
  for (auto each = features.rbegin(); each != features.rend(); ++each) {
    if (each->uri == uri && each->kind == Feature::Kind::dense && each->model &&
        each->until == Feature::kForever) {
      return &*each;
    }
  }
  return nullptr;
}

Error no_model(const Collection& collection, std::string_view uri) {
  return make_error(ErrorCode::not_found,
                    fmt::format("collection '{}' has no dense feature '{}' whose vectors "
                                "are made by a model",
                                collection.name, truncate_text(uri, 200)));
}

}  // namespace

EmbeddingQueue::EmbeddingQueue(Catalog& catalog, Corpus& corpus, const Embedders& embedders,
                               Options options)
    : catalog_(catalog),
      corpus_(corpus),
      embedders_(embedders),
      options_(std::move(options)) {}

EmbeddingQueue::~EmbeddingQueue() {
  stop();
}

void EmbeddingQueue::stop() {
  stop_.request_stop(StopReason::server_stopping);
  wake();
  thread_.join();
}

void EmbeddingQueue::start() {
  if (!corpus_.traits().vectors) return;
  thread_ = start_thread("embedding", [this] { run(); });
}

void EmbeddingQueue::wake() {
  {
    const MutexLock lock(mutex_);
    is_awake_ = true;
  }
  woken_.notify_all();
}

void EmbeddingQueue::run() {
  give_way_to_other_threads();
  auto count_at = std::chrono::steady_clock::now();
  while (!is_stopping()) {
    bool any = false;
    run_guarded("the making of vectors", [&] { any = turn(); });
    progressed_.notify_all();
    if (const auto now = std::chrono::steady_clock::now(); now >= count_at) {
      run_guarded("the count of vectors", [&] { awaited_ = count_awaited(); });
      count_at = now + options_.idle;
    }
    if (any) continue;
    MutexLock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + options_.idle;
    while (!is_awake_ && woken_.wait_until(lock, until)) {
    }
    is_awake_ = false;
  }
}

std::vector<EmbeddingQueue::Work> EmbeddingQueue::all_work() const {
  std::vector<Work> all;
  const auto namespaces = catalog_.list_namespaces();
  if (!namespaces) return all;
  for (const Namespace& ns : *namespaces) {
    const auto collections = catalog_.list_collections(ns.id);
    if (!collections) continue;
    for (const Collection& collection : *collections) {
      for (const Feature& feature : collection.features) {
        // Of one whose model changes, the new one; the old one is given nothing more.
        if (embedded_feature(collection, feature.uri) == &feature) {
          all.push_back({collection, feature});
        }
      }
    }
  }
  return all;
}

bool EmbeddingQueue::turn() {
  bool any = false;
  for (const Work& work : all_work()) {
    if (is_stopping()) return false;
    if (is_paused(work.collection, work.feature.uri)) continue;
    const Key key{work.collection.id.str(), work.feature.uri};
    {
      const MutexLock lock(mutex_);
      const auto failure = failures_.find(key);
      if (failure != failures_.end() &&
          std::chrono::steady_clock::now() < failure->second.retry_at) {
        continue;
      }
    }
    const auto embedded = embed_some(work);
    if (!embedded) {
      if (is_stopping()) return false;
      note_failure(key, embedded.error());
      continue;
    }
    any |= *embedded;
    const MutexLock lock(mutex_);
    failures_.erase(key);
  }
  return any;
}

Result<bool> EmbeddingQueue::embed_some(const Work& work) {
  const CollectionId& id = work.collection.id;
  const std::string& uri = work.feature.uri;
  auto awaited = corpus_.awaited_vectors(id, uri, {}, options_.batch);
  // A collection that was deleted meanwhile awaits nothing.
  if (!awaited && awaited.error().code == ErrorCode::not_found) return false;
  if (!awaited) return std::move(awaited).error();
  if (awaited->empty()) return false;
  std::vector<ArrivedVectors> arrived;
  std::vector<std::string> texts;
  std::vector<std::size_t> of_text;  // Whose they are, in `arrived`.
  std::uint64_t reused = 0;
  for (AwaitedVectors& one : *awaited) {
    arrived.push_back({one.document, one.text_hash, std::move(one.known)});
    if (!arrived.back().values.empty()) {
      ++reused;
    } else if (!one.text.empty()) {
      of_text.push_back(arrived.size() - 1);
      texts.push_back(std::move(one.text));
    }
  }
  std::uint64_t tokens = 0;
  std::int64_t busy_us = 0;
  if (!texts.empty()) {
    TRAWL_ASSIGN(const auto embedder, embedders_.find(*work.feature.model));
    if (options_.may_receive) {
      TRAWL_TRY(options_.may_receive(work.collection.namespace_id, *embedder));
    }
    const std::size_t step = std::max<std::size_t>(1, embedder->batch_max());
    const std::uint32_t dimension = work.feature.dimension;
    AskContext context;
    context.stop = stop_.token();
    for (std::size_t begin = 0; begin < texts.size(); begin += step) {
      const std::size_t count = std::min(step, texts.size() - begin);
      const std::int64_t began_us = monotonic_us();
      TRAWL_ASSIGN(const Embeddings made,
                   embedder->embed(std::span(texts).subspan(begin, count),
                                   EmbeddingTask::passage, context));
      busy_us += monotonic_us() - began_us;
      if (made.values.size() != count * dimension) {
        return make_error(
            ErrorCode::unavailable,
            fmt::format("{} made {} values for {} texts; {} dimensions were "
                        "expected",
                        work.feature.model->name, made.values.size(), count, dimension));
      }
      tokens += made.tokens;
      for (std::size_t i = 0; i < count; ++i) {
        const float* values = made.values.data() + i * dimension;
        arrived[of_text[begin + i]].values.assign(values, values + dimension);
      }
    }
  }
  const std::uint64_t count = arrived.size();
  auto stored = corpus_.put_vectors(id, uri, std::move(arrived));
  if (!stored && stored.error().code == ErrorCode::not_found) return false;
  if (!stored) return std::move(stored).error();
  const MutexLock lock(mutex_);
  totals_.documents += count;
  totals_.reused += reused;
  totals_.tokens += tokens;
  totals_.busy_us += busy_us;
  return true;
}

void EmbeddingQueue::note_failure(const Key& key, const Error& error) {
  std::chrono::milliseconds delay{};
  {
    const MutexLock lock(mutex_);
    ++totals_.failures;
    Failure& failure = failures_[key];
    failure.message = error.message;
    failure.delay = failure.delay.count() == 0
                        ? options_.retry_first
                        : std::min(failure.delay * 2, options_.retry_most);
    failure.retry_at = std::chrono::steady_clock::now() + failure.delay;
    delay = failure.delay;
  }
  spdlog::warn("collection {}: the vectors of {} cannot be made: {} (tried again in {} s)",
               key.first, key.second, error.message,
               std::chrono::duration<double>(delay).count());
}

Result<EmbeddingState> EmbeddingQueue::state(const Collection& collection,
                                             const std::string& feature_uri) const {
  if (embedded_feature(collection, feature_uri) == nullptr) {
    return no_model(collection, feature_uri);
  }
  EmbeddingState out;
  TRAWL_ASSIGN(out.progress, corpus_.vector_progress(collection.id, feature_uri));
  out.is_paused = is_paused(collection, feature_uri);
  const MutexLock lock(mutex_);
  const auto failure = failures_.find({collection.id.str(), feature_uri});
  if (failure != failures_.end()) out.error = failure->second.message;
  return out;
}

Result<void> EmbeddingQueue::wait_for(const Collection& collection, const StopToken& stop,
                                      const Deadline& deadline) {
  // Looked at now and then: who stops the wait need not know of us.
  constexpr std::chrono::milliseconds kLook{50};
  // Who writes meanwhile must not keep this waiting: those that came first are first.
  std::optional<DocumentRef> last;
  while (true) {
    wake();
    bool is_done = true;
    // It may be paused meanwhile, or be given another model.
    TRAWL_ASSIGN(const Collection latest,
                 catalog_.find_collection(collection.namespace_id, collection.id.str()));
    for (const Feature& feature : latest.features) {
      if (embedded_feature(latest, feature.uri) != &feature) continue;
      TRAWL_ASSIGN(const EmbeddingState now, state(latest, feature.uri));
      if (!last) last = now.progress.newest;
      if (!now.progress.first_awaited || now.progress.first_awaited > last) continue;
      is_done = false;
      if (!now.is_paused && !now.error) continue;
      return make_error(ErrorCode::unavailable,
                        fmt::format("the vectors of '{}' do not come: {}; the documents "
                                    "are stored, and found by their words",
                                    feature.uri, now.error ? *now.error : "it is paused"));
    }
    if (is_done) return {};
    if (stop.stop_requested()) {
      return make_error(ErrorCode::cancelled, "nobody waits for the vectors any more");
    }
    if (is_stopping()) {
      return make_error(
          ErrorCode::unavailable,
          "the server is stopping; the documents are stored, and their vectors "
          "are made when it runs again");
    }
    if (deadline.passed()) {
      return make_error(ErrorCode::timeout,
                        "the vectors were not there in time; the documents are stored, and "
                        "their vectors come later");
    }
    MutexLock lock(mutex_);
    (void)progressed_.wait_until(lock, std::chrono::steady_clock::now() + kLook);
  }
}

EmbeddingQueue::Totals EmbeddingQueue::totals() const {
  const MutexLock lock(mutex_);
  return totals_;
}

std::uint64_t EmbeddingQueue::count_awaited() const {
  std::uint64_t all = 0;
  for (const Work& work : all_work()) {
    const auto progress = corpus_.vector_progress(work.collection.id, work.feature.uri);
    if (progress) all += progress->awaited;
  }
  return all;
}

}  // namespace trawl
