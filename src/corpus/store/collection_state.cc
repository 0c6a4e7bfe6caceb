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

}  // namespace

Result<std::shared_ptr<CollectionState>> CollectionState::open(std::int64_t number,
                                                               const Collection& definition,
                                                               const Options& options) {
  std::shared_ptr<CollectionState> state(new CollectionState(number, definition, options));
  state->indexes_.resize(definition.features.size());
  for (std::size_t i = 0; i < definition.features.size(); ++i)
    TRAWL_TRY(state->open_index(i));
  return state;
}

std::int64_t CollectionState::next_rows_id() {
  static std::atomic<std::int64_t> next = 0;
  return ++next;
}

std::string CollectionState::index_directory(const Options& options, std::size_t i) {
  const std::string& name = options.numbering.name;
  return fmt::format("{}/{}{}{}", options.directory, i, name.empty() ? "" : "-", name);
}

Result<void> CollectionState::open_index(std::size_t i) {
  lexical::IndexOptions options;
  options.directory = index_directory(i);
  options.fingerprint = feature_fingerprint(features_[i]);
  options.language = features_[i].language;
  options.flush_rows = options_.flush_rows;
  if (const std::error_code made = make_private_directories(options.directory)) {
    return make_error(ErrorCode::storage, "the folder of an index cannot be made",
                      fmt::format("{}: {}", options.directory, made.message()));
  }
  TRAWL_ASSIGN(indexes_[i], lexical::LexicalIndex::open(std::move(options)));
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
  auto added = indexes_[i]->add(rows);
  if (added || indexes_[i]->row_count() == rows.back().row + 1) {
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
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    if (indexes_[i]->row_count() > row_end) {
      // Of other data: corpus.db was put back from a copy that is older than the index.
      spdlog::warn("collection {}: index {} has rows that the store lacks; rebuilding it",
                   collection_id_.str(), i);
      indexes_[i] = nullptr;
      lexical::remove_index(index_directory(i));
      TRAWL_TRY(open_index(i));
    }
    const std::uint32_t begin = indexes_[i]->row_count();
    if (begin == row_end) continue;
    spdlog::info("collection {}: indexing {} rows for {}", collection_id_.str(),
                 row_end - begin, features_[i].uri);
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
            collect_texts(features_[i], documents.back(), made, rows[*row - first].texts);
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
    for (std::size_t i = 0; i < indexes_.size(); ++i) {
      std::vector<lexical::RowTexts> rows(documents.size());
      std::deque<std::string> made;
      for (std::size_t k = 0; k < documents.size(); ++k) {
        rows[k].row = first + static_cast<std::uint32_t>(k);
        collect_texts(features_[i], *documents[k], made, rows[k].texts);
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

void CollectionState::flush() {
  for (const auto& index : indexes_) {
    if (index == nullptr) continue;
    if (const auto flushed = index->flush(); !flushed) {
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
  if (newest->dead == nullptr) return {};
  for (const auto& index : indexes_) TRAWL_TRY(index->tidy(gone, *newest->dead));
  return {};
}

Result<CollectionState::Renumbered> CollectionState::begin_renumbering(
    const std::string& name) const {
  Renumbered begun{lexical::Renumbering(history_.forgotten_rows()), options_, {}};
  begun.options.numbering = {name, places().without(begun.renumber.gone())};
  TRAWL_ASSIGN(const auto newest, history_.view());
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    TRAWL_ASSIGN(begun.done.emplace_back(),
                 indexes_[i]->copy_to(index_directory(begun.options, i), 0, begun.renumber,
                                      newest->dead == nullptr ? Bitmap() : *newest->dead));
  }
  return begun;
}

Result<std::shared_ptr<CollectionState>> CollectionState::finish_renumbering(
    Renumbered& begun, const Collection& definition, sqlite::Connection& connection) const {
  TRAWL_ASSIGN(const auto newest, history_.view());
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    auto copied = indexes_[i]->copy_to(index_directory(begun.options, i), begun.done[i],
                                       begun.renumber,
                                       newest->dead == nullptr ? Bitmap() : *newest->dead);
    if (!copied) return std::move(copied).error();
  }
  TRAWL_ASSIGN(auto next, open(number_, definition, begun.options));
  history_.renumber_into(next->history_, begun.renumber);
  // None, unless an index could not be written before.
  TRAWL_TRY(next->index_missing_rows(connection, next->history_.newest().row_end));
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
    for (std::size_t i = 0; i < indexes_.size(); ++i) {
      is_ours |= at->path() == std::filesystem::path(index_directory(i));
    }
    if (!is_ours) others.push_back(at->path());
  }
  for (const auto& other : others) std::filesystem::remove_all(other, failed);
}

void CollectionState::remove_indexes() {
  for (std::size_t i = 0; i < indexes_.size(); ++i)
    lexical::remove_index(index_directory(i));
  std::error_code removed;
  std::filesystem::remove_all(options_.directory, removed);
  if (removed) {
    spdlog::warn("cannot remove {}: {}", options_.directory, removed.message());
  }
}

}  // namespace trawl::store
