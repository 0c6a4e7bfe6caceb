#include "corpus/store/collection_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <filesystem>
#include <utility>

#include "base/log.h"
#include "base/private_files.h"
#include "corpus/store/document_table.h"
#include "corpus/store/feature_text.h"
#include "corpus/store/place_table.h"

namespace trawl::store {
namespace {

// Rows read before they are added to an index together.
constexpr std::uint32_t kIndexBatchRows = 2'000;
constexpr std::uint32_t kReportRows = 100'000;

// A Bitmap has a fixed size, so it is made anew with room to spare.
void set_row(Bitmap& rows, std::uint32_t row) {
  if (row >= rows.size()) {
    Bitmap grown(row + row / 2 + 64);
    rows.for_each([&](std::uint32_t one) { grown.set(one); });
    rows = std::move(grown);
  }
  rows.set(row);
}

}  // namespace

Result<std::shared_ptr<CollectionState>> CollectionState::open(std::int64_t number,
                                                               const Collection& definition,
                                                               const Options& options) {
  std::shared_ptr<CollectionState> state(new CollectionState(number, definition, options));
  for (const Feature& feature : definition.features) {
    TRAWL_TRY(state->add_feature(feature));
  }
  return state;
}

Result<void> CollectionState::add_feature(const Feature& feature) {
  std::size_t i = 0;
  {
    const MutexLock lock(features_mutex_);
    i = indexes_.size();
    indexes_.emplace_back().feature = feature;
  }
  auto opened = feature.kind == Feature::Kind::dense ? open_vectors(i) : open_index(i);
  if (!opened) remove_last_feature();
  return opened;
}

void CollectionState::remove_last_feature() {
  const MutexLock lock(features_mutex_);
  indexes_.pop_back();
}

CollectionState::FeatureIndex& CollectionState::at(std::size_t i) const {
  const MutexLock lock(features_mutex_);
  return indexes_[i];
}

std::size_t CollectionState::feature_count() const {
  const MutexLock lock(features_mutex_);
  return indexes_.size();
}

std::int64_t CollectionState::next_rows_id() {
  static std::atomic<std::int64_t> next = 0;
  return ++next;
}

std::string CollectionState::index_directory(const Options& options, std::size_t i) {
  const std::string& name = options.numbering.name;
  return fmt::format("{}/{}{}{}", options.directory, i, name.empty() ? "" : "-", name);
}

std::vector<std::uint32_t> CollectionState::dense_features() const {
  std::vector<std::uint32_t> dense;
  for (std::size_t i = 0; i < feature_count(); ++i) {
    if (at(i).feature.kind == Feature::Kind::dense) {
      dense.push_back(static_cast<std::uint32_t>(i));
    }
  }
  return dense;
}

Result<void> CollectionState::open_index(std::size_t i) {
  lexical::IndexOptions options;
  options.directory = index_directory(i);
  const Feature& feature = at(i).feature;
  options.fingerprint = feature_fingerprint(feature);
  options.language = feature.language;
  options.flush_rows = options_.flush_rows;
  if (const std::error_code made = make_private_directories(options.directory)) {
    return make_error(ErrorCode::storage, "the folder of an index cannot be made",
                      fmt::format("{}: {}", options.directory, made.message()));
  }
  TRAWL_ASSIGN(at(i).words, lexical::LexicalIndex::open(std::move(options)));
  return {};
}

Result<void> CollectionState::open_vectors(std::size_t i) {
  const Feature& feature = at(i).feature;
  dense::IndexOptions options;
  options.directory = index_directory(i);
  options.fingerprint = feature_fingerprint(feature);
  options.dimension = feature.dimension;
  options.metric = feature.metric;
  if (const std::error_code made = make_private_directories(options.directory)) {
    return make_error(ErrorCode::storage, "the folder of an index cannot be made",
                      fmt::format("{}: {}", options.directory, made.message()));
  }
  TRAWL_ASSIGN(at(i).vectors, dense::DenseIndex::open(std::move(options)));
  return {};
}

Result<void> CollectionState::load_history(sqlite::Connection& connection) {
  TRAWL_ASSIGN(const auto gone, read_gone(connection, number_));
  TRAWL_ASSIGN(auto superseded,
               connection.prepare("SELECT version, place FROM superseded "
                                  "WHERE collection = ? ORDER BY version, place"));
  TRAWL_ASSIGN(auto versions,
               connection.prepare("SELECT version, row_end, written_at FROM versions "
                                  "WHERE collection = ? ORDER BY version"));
  superseded.bind(number_);
  versions.bind(number_);
  const auto damaged = [&](const std::string& what) {
    return make_error(ErrorCode::storage, "the stored data is damaged",
                      fmt::format("collection {}: {}", collection_id_.str(), what));
  };
  TRAWL_ASSIGN(bool more, superseded.step());
  std::vector<std::uint32_t> rows;  // That the version does not see and the one before did.
  for (const PlaceRange& range : gone) {
    const std::uint32_t end = places().rows_before(range.end);
    for (auto row = places().rows_before(range.begin); row < end; ++row)
      rows.push_back(row);
  }
  std::optional<std::uint64_t> before;
  while (true) {
    TRAWL_ASSIGN(const bool found, versions.step());
    if (!found) break;
    VersionHistory::Version version;
    version.version = static_cast<std::uint64_t>(versions.integer(0));
    version.row_end = places().rows_before(static_cast<std::uint32_t>(versions.integer(1)));
    version.written_at = versions.integer(2);
    if (before && version.version != *before + 1) {
      return damaged(fmt::format("version {} follows {}", version.version, *before));
    }
    while (more && static_cast<std::uint64_t>(superseded.integer(0)) <= version.version) {
      const auto row = places().row_of(static_cast<std::uint32_t>(superseded.integer(1)));
      if (!row) {
        return damaged(fmt::format("version {} supersedes place {}, which is gone",
                                   version.version, superseded.integer(1)));
      }
      rows.push_back(*row);
      TRAWL_ASSIGN(more, superseded.step());
    }
    for (const std::uint32_t row : rows) {
      if (row < version.row_end) continue;
      return damaged(fmt::format("version {} supersedes row {} of {}", version.version, row,
                                 version.row_end));
    }
    if (!before) fate_->oldest = version.version;
    history_.append(version, rows);
    rows.clear();
    before = version.version;
  }
  if (!before) return damaged("it has no version");
  return {};
}

Result<void> CollectionState::add_rows(std::size_t i,
                                       std::span<const lexical::RowTexts> rows) {
  lexical::LexicalIndex& index = *at(i).words;
  auto added = index.add(rows);
  if (added || index.row_count() == rows.back().row + 1) {
    // Rows that could not be written as a segment are in memory: results are right, and
    // the next start indexes them again.
    if (!added) {
      spdlog::error("collection {}: index {} cannot be written: {} ({})",
                    collection_id_.str(), i, added.error().message, added.error().detail);
    }
    return {};
  }
  return added;
}

Result<void> CollectionState::index_missing_rows(sqlite::Connection& connection,
                                                 std::uint32_t row_end) {
  for (std::size_t i = 0; i < feature_count(); ++i) {
    FeatureIndex& one = at(i);
    if (one.words == nullptr) continue;
    if (one.words->row_count() > row_end) {
      // Of other data: corpus.db was put back from a copy that is older than the index.
      spdlog::warn("collection {}: index {} has rows that the store lacks; rebuilding it",
                   collection_id_.str(), i);
      one.words = nullptr;
      lexical::remove_index(index_directory(i));
      TRAWL_TRY(open_index(i));
    }
    const std::uint32_t begin = one.words->row_count();
    if (begin == row_end) continue;
    spdlog::info("collection {}: indexing {} rows for {}", collection_id_.str(),
                 row_end - begin, one.feature.uri);
    for (std::uint32_t first = begin; first < row_end;) {
      const std::uint32_t last = std::min(row_end - first, kIndexBatchRows) + first;
      std::vector<lexical::RowTexts> rows(last - first);
      for (std::uint32_t row = first; row < last; ++row) rows[row - first].row = row;
      std::deque<json::object> documents;
      std::deque<std::string> made;
      TRAWL_TRY(visit_rows(
          connection, number_, places().place_of(first), places().place_of(last - 1) + 1,
          [&](const RawDocument& raw) -> Result<void> {
            auto document = parse_document(raw);
            if (!document) {
              // One damaged document must not keep the others away.
              spdlog::error("collection {}: {}", collection_id_.str(),
                            document.error().message);
              return {};
            }
            const auto row = places().row_of(raw.place);
            if (!row) return {};
            documents.push_back(std::move(document->fields));
            collect_texts(one.feature, documents.back(), made, rows[*row - first].texts);
            return {};
          }));
      TRAWL_TRY(add_rows(i, rows));
      if ((last - begin) / kReportRows != (first - begin) / kReportRows) {
        spdlog::info("collection {}: indexed {} of {} rows", collection_id_.str(),
                     last - begin, row_end - begin);
      }
      first = last;
    }
  }
  return {};
}

void CollectionState::index_documents(sqlite::Connection& connection, std::uint32_t first,
                                      const std::vector<const json::object*>& documents) {
  const auto index_all = [&]() -> Result<void> {
    // Nothing is missing unless an earlier add failed.
    TRAWL_TRY(index_missing_rows(connection, first));
    for (std::size_t i = 0; i < feature_count(); ++i) {
      const FeatureIndex& one = at(i);
      if (one.words == nullptr) continue;
      std::vector<lexical::RowTexts> rows(documents.size());
      std::deque<std::string> made;
      for (std::size_t k = 0; k < documents.size(); ++k) {
        rows[k].row = first + static_cast<std::uint32_t>(k);
        collect_texts(one.feature, *documents[k], made, rows[k].texts);
      }
      TRAWL_TRY(add_rows(i, rows));
    }
    return {};
  };
  if (documents.empty()) return;
  if (const auto indexed = index_all(); !indexed) {
    spdlog::error("collection {}: {} new documents are stored but not indexed: {} ({})",
                  collection_id_.str(), documents.size(), indexed.error().message,
                  indexed.error().detail);
  }
}

Result<void> CollectionState::index_missing_vectors(sqlite::Connection& connection,
                                                    std::uint64_t newest) {
  for (std::size_t i = 0; i < feature_count(); ++i) {
    FeatureIndex& one = at(i);
    if (one.vectors == nullptr) continue;
    if (one.vectors->version() > newest) {
      spdlog::warn(
          "collection {}: index {} has vectors that the store lacks; rebuilding it",
          collection_id_.str(), i);
      one.vectors = nullptr;
      dense::remove_index(index_directory(i));
      TRAWL_TRY(open_vectors(i));
    }
    // A version at a time, and the small ones of many writes in their order.
    std::uint64_t version = 0;
    std::vector<std::pair<std::uint32_t, std::vector<float>>> gathered;
    const auto add = [&]() -> Result<void> {
      if (gathered.empty()) return {};
      std::vector<dense::RowVectors> rows;
      rows.reserve(gathered.size());
      for (const auto& [row, values] : gathered) rows.push_back({row, values});
      TRAWL_TRY(add_vectors(i, version, rows));
      gathered.clear();
      return {};
    };
    const auto gather_one = [&](const VectorEntry& entry) -> Result<void> {
      if (entry.version != version) TRAWL_TRY(add());
      version = entry.version;
      const auto row = places().row_of(entry.place);
      // Of a feature of another kind or dimension they cannot be: that is damage.
      const bool fits = entry.values.size() % one.feature.dimension == 0;
      if (!fits) {
        spdlog::error("collection {}: the vectors at place {} are damaged",
                      collection_id_.str(), entry.place);
      }
      if (row && fits && !entry.values.empty()) gathered.emplace_back(*row, entry.values);
      return {};
    };
    TRAWL_TRY(
        visit_arrivals(connection, key(i), one.vectors->version(), newest, gather_one));
    TRAWL_TRY(add());
  }
  return {};
}

Result<void> CollectionState::add_vectors(std::size_t i, std::uint64_t version,
                                          std::span<const dense::RowVectors> rows) {
  dense::DenseIndex& index = *at(i).vectors;
  auto added = index.add(version, rows);
  if (added || index.version() == version) {
    if (!added) {
      spdlog::error("collection {}: index {} cannot be written: {} ({})",
                    collection_id_.str(), i, added.error().message, added.error().detail);
    }
    return {};
  }
  return added;
}

void CollectionState::index_arrivals(sqlite::Connection& connection, std::uint64_t version,
                                     std::span<const Arrival> arrivals) {
  if (arrivals.empty()) return;
  const auto index_all = [&]() -> Result<void> {
    // Nothing is missing unless an earlier add failed.
    TRAWL_TRY(index_missing_vectors(connection, version - 1));
    for (std::size_t i = 0; i < feature_count(); ++i) {
      const FeatureIndex& one = at(i);
      if (one.vectors == nullptr) continue;
      std::vector<dense::RowVectors> rows;
      const MutexLock lock(one.mutex);
      for (const Arrival& arrival : arrivals) {
        if (arrival.feature != i) continue;
        const std::uint32_t row = places().row_of(arrival.place).value();  // It is alive.
        if (one.settled) set_row(*one.settled, row);
        if (!arrival.values.empty()) rows.push_back({row, arrival.values});
      }
      std::sort(rows.begin(), rows.end(),
                [](const auto& a, const auto& b) { return a.row < b.row; });
      if (!rows.empty()) TRAWL_TRY(add_vectors(i, version, rows));
    }
    return {};
  };
  if (const auto indexed = index_all(); !indexed) {
    spdlog::error("collection {}: {} vectors are stored but not indexed: {} ({})",
                  collection_id_.str(), arrivals.size(), indexed.error().message,
                  indexed.error().detail);
  }
}

Result<Bitmap> CollectionState::settled_rows(sqlite::Connection& connection,
                                             std::uint32_t feature) const {
  const FeatureIndex& one = at(feature);
  const MutexLock lock(one.mutex);
  if (!one.settled) {
    Bitmap settled(history_.newest().row_end);
    TRAWL_TRY(visit_settled(connection, key(feature), [&](std::uint32_t place) {
      if (const auto row = places().row_of(place)) set_row(settled, *row);
    }));
    one.settled = std::move(settled);
  }
  return *one.settled;
}

void CollectionState::flush() {
  for (std::size_t i = 0; i < feature_count(); ++i) {
    const FeatureIndex& one = at(i);
    const auto flushed = one.words != nullptr     ? one.words->flush()
                         : one.vectors != nullptr ? one.vectors->flush()
                                                  : Result<void>();
    if (!flushed) {
      spdlog::warn(
          "collection {}: an index cannot be written, the next start indexes its "
          "newest rows again: {} ({})",
          collection_id_.str(), flushed.error().message, flushed.error().detail);
    }
  }
}

Result<void> CollectionState::tidy_indexes() {
  const Bitmap gone = history_.forgotten_rows();
  TRAWL_ASSIGN(const auto newest, history_.view());
  const std::uint64_t oldest = history_.oldest().version;
  for (std::size_t i = 0; i < feature_count(); ++i) {
    const FeatureIndex& one = at(i);
    if (one.vectors != nullptr) TRAWL_TRY(one.vectors->tidy(gone, oldest));
    if (one.words == nullptr || newest->dead == nullptr) continue;
    TRAWL_TRY(one.words->tidy(gone, *newest->dead));
  }
  return {};
}

Result<std::uint64_t> CollectionState::copy_index(std::size_t i, const Renumbered& begun,
                                                  std::uint64_t after) const {
  const FeatureIndex& one = at(i);
  const std::string directory = index_directory(begun.options, i);
  if (one.vectors != nullptr) {
    const Bitmap& gone = begun.renumber.gone();
    return one.vectors->copy_to(directory, after,
                                [&](std::uint32_t row) -> std::optional<std::uint32_t> {
                                  if (gone.test(row)) return std::nullopt;
                                  return begun.renumber(row);
                                });
  }
  TRAWL_ASSIGN(const auto newest, history_.view());
  TRAWL_ASSIGN(
      const std::uint32_t rows,
      one.words->copy_to(directory, static_cast<std::uint32_t>(after), begun.renumber,
                         newest->dead == nullptr ? Bitmap() : *newest->dead));
  return std::uint64_t{rows};
}

Result<CollectionState::Renumbered> CollectionState::begin_renumbering(
    const std::string& name) const {
  Renumbered begun{lexical::Renumbering(history_.forgotten_rows()), options_, {}};
  begun.options.numbering = {name, places().without(begun.renumber.gone())};
  for (std::size_t i = 0; i < feature_count(); ++i) {
    TRAWL_ASSIGN(begun.done.emplace_back(), copy_index(i, begun, 0));
  }
  return begun;
}

Result<std::shared_ptr<CollectionState>> CollectionState::finish_renumbering(
    Renumbered& begun, const Collection& definition, sqlite::Connection& connection) const {
  for (std::size_t i = 0; i < feature_count(); ++i) {
    // One that was added meanwhile is copied now.
    const std::uint64_t after = i < begun.done.size() ? begun.done[i] : 0;
    if (auto copied = copy_index(i, begun, after); !copied) {
      return std::move(copied).error();
    }
  }
  TRAWL_ASSIGN(auto next, open(number_, definition, begun.options));
  history_.renumber_into(next->history_, begun.renumber);
  // None, unless an index could not be written before.
  const VersionHistory::Version newest = next->history_.newest();
  TRAWL_TRY(next->index_missing_rows(connection, newest.row_end));
  TRAWL_TRY(next->index_missing_vectors(connection, newest.version));
  next->fate_ = fate_;
  return next;
}

void CollectionState::forget_before(std::uint64_t version) {
  history_.forget_before(version);
  fate_->oldest = version;
}

Result<void> CollectionState::check_kept(std::uint64_t version) const {
  const std::uint64_t oldest = fate_->oldest;
  if (version < oldest) return VersionHistory::not_kept(version, oldest);
  return {};
}

void CollectionState::remove_other_indexes() const {
  std::error_code failed;
  std::vector<std::filesystem::path> others;
  for (std::filesystem::directory_iterator at(options_.directory, failed), end;
       !failed && at != end; at.increment(failed)) {
    bool is_ours = false;
    for (std::size_t i = 0; i < feature_count(); ++i) {
      is_ours |= at->path() == std::filesystem::path(index_directory(i));
    }
    if (!is_ours) others.push_back(at->path());
  }
  for (const auto& other : others) std::filesystem::remove_all(other, failed);
}

void CollectionState::remove_indexes() {
  for (std::size_t i = 0; i < feature_count(); ++i) {
    if (at(i).words != nullptr) {
      lexical::remove_index(index_directory(i));
    } else {
      dense::remove_index(index_directory(i));
    }
  }
  std::error_code removed;
  std::filesystem::remove_all(options_.directory, removed);
  if (removed) {
    spdlog::warn("cannot remove {}: {}", options_.directory, removed.message());
  }
}

}  // namespace trawl::store
