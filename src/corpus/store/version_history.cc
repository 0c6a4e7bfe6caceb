#include "corpus/store/version_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace trawl::store {

// A Bitmap has a fixed size, so it is rebuilt with room to spare.
void VersionHistory::mark_dead(Bitmap& bitmap, std::uint32_t row) const {
  if (row >= bitmap.size()) {
    const std::uint64_t wanted = std::max<std::uint64_t>(
        std::uint64_t{row} + 1, std::uint64_t{versions_.back().row_end} * 3 / 2 + 64);
    Bitmap grown(static_cast<std::uint32_t>(
        std::min<std::uint64_t>(wanted, std::numeric_limits<std::uint32_t>::max())));
    bitmap.for_each([&](std::uint32_t i) { grown.set(i); });
    bitmap = std::move(grown);
  }
  bitmap.set(row);
}

void VersionHistory::append(const Version& version,
                            std::span<const std::uint32_t> superseded) {
  const MutexLock lock(mutex_);
  const bool oldest = versions_.empty();
  versions_.push_back(version);
  for (const std::uint32_t row : superseded) {
    mark_dead(dead_, row);
    if (oldest) {
      mark_dead(dead_before_, row);
      ++dead_before_count_;
    } else {
      superseded_.push_back({version.version, row});
    }
  }
  newest_view_ = nullptr;
}

Result<TimeUs> VersionHistory::time_of(std::uint64_t version) const {
  const MutexLock lock(mutex_);
  TRAWL_TRY(check_locked(version));
  return versions_[version - versions_.front().version].written_at;
}

Result<std::uint64_t> VersionHistory::version_at(TimeUs time) const {
  const MutexLock lock(mutex_);
  const auto after = std::partition_point(
      versions_.begin(), versions_.end(),
      [&](const Version& version) { return version.written_at <= time; });
  if (after == versions_.begin()) {
    return make_error(
        ErrorCode::not_found,
        fmt::format("no version of {} is kept; the oldest was written at {}",
                    format_time(time), format_time(versions_.front().written_at)));
  }
  return std::prev(after)->version;
}

Result<void> VersionHistory::check(std::uint64_t version) const {
  const MutexLock lock(mutex_);
  return check_locked(version);
}

Result<void> VersionHistory::check_locked(std::uint64_t version) const {
  if (version > versions_.back().version) {
    return make_error(ErrorCode::not_found,
                      fmt::format("version {} does not exist yet; the newest is {}",
                                  version, versions_.back().version));
  }
  if (version < versions_.front().version) {
    return not_kept(version, versions_.front().version);
  }
  return {};
}

Error VersionHistory::not_kept(std::uint64_t version, std::uint64_t oldest) {
  return make_error(
      ErrorCode::not_found,
      fmt::format("version {} is no longer kept; the oldest is {} (replaced and deleted "
                  "documents are removed after a time set in the server's configuration)",
                  version, oldest));
}

Result<std::shared_ptr<const VersionView>> VersionHistory::view(
    std::optional<std::uint64_t> version) const {
  const MutexLock lock(mutex_);
  if (version) TRAWL_TRY(check_locked(*version));
  const std::uint64_t oldest = versions_.front().version;
  const std::uint64_t newest = versions_.back().version;
  const bool wants_newest = !version || *version == newest;
  if (wants_newest && newest_view_ != nullptr) return newest_view_;

  const Version& at = versions_[(version ? *version : newest) - oldest];
  auto view = std::make_shared<VersionView>();
  view->version = at.version;
  view->row_end = at.row_end;
  const auto end = std::partition_point(
      superseded_.begin(), superseded_.end(),
      [&](const Superseded& entry) { return entry.version <= at.version; });
  const auto count =
      static_cast<std::uint32_t>(end - superseded_.begin()) + dead_before_count_;
  view->document_count = at.row_end - count;
  if (count > 0 && wants_newest) {
    view->dead = std::make_shared<Bitmap>(dead_);
  } else if (count > 0) {
    auto dead = std::make_shared<Bitmap>(at.row_end);
    dead_before_.for_each([&](std::uint32_t row) { dead->set(row); });
    std::for_each(superseded_.begin(), end,
                  [&](const Superseded& entry) { dead->set(entry.row); });
    view->dead = std::move(dead);
  }
  if (wants_newest) newest_view_ = view;
  return std::shared_ptr<const VersionView>(std::move(view));
}

VersionHistory::Version VersionHistory::newest() const {
  const MutexLock lock(mutex_);
  return versions_.back();
}

bool VersionHistory::is_dead(std::uint32_t row) const {
  const MutexLock lock(mutex_);
  return dead_.test(row);
}

std::vector<std::uint32_t> VersionHistory::superseded_rows() const {
  const MutexLock lock(mutex_);
  std::vector<std::uint32_t> rows;
  rows.reserve(superseded_.size());
  for (const Superseded& entry : superseded_) rows.push_back(entry.row);
  return rows;
}

std::size_t VersionHistory::superseded_count() const {
  const MutexLock lock(mutex_);
  return superseded_.size();
}

VersionHistory::Version VersionHistory::oldest() const {
  const MutexLock lock(mutex_);
  return versions_.front();
}

std::optional<TimeUs> VersionHistory::first_superseded() const {
  const MutexLock lock(mutex_);
  if (superseded_.empty()) return std::nullopt;
  return versions_[superseded_.front().version - versions_.front().version].written_at;
}

VersionHistory::Removable VersionHistory::removable(TimeUs until, std::uint64_t last,
                                                    std::size_t rows_max) const {
  const MutexLock lock(mutex_);
  const std::uint64_t oldest = versions_.front().version;
  Removable removable;
  for (const Superseded& entry : superseded_) {
    if (entry.version > last) break;
    if (versions_[entry.version - oldest].written_at > until) break;
    if (entry.version != removable.version && removable.rows.size() >= rows_max) break;
    removable.version = entry.version;
    removable.rows.push_back(entry.row);
  }
  return removable;
}

void VersionHistory::forget_before(std::uint64_t version) {
  const MutexLock lock(mutex_);
  while (versions_.size() > 1 && versions_.front().version < version) versions_.pop_front();
  while (!superseded_.empty() && superseded_.front().version <= versions_.front().version) {
    mark_dead(dead_before_, superseded_.front().row);
    ++dead_before_count_;
    superseded_.pop_front();
  }
}

Bitmap VersionHistory::forgotten_rows() const {
  const MutexLock lock(mutex_);
  return dead_before_;
}

std::uint32_t VersionHistory::forgotten_count() const {
  const MutexLock lock(mutex_);
  return dead_before_count_;
}

void VersionHistory::renumber_into(VersionHistory& next,
                                   const lexical::Renumbering& renumber) const {
  const MutexLock lock(mutex_);
  auto entry = superseded_.begin();
  std::vector<std::uint32_t> rows;
  for (Version version : versions_) {
    rows.clear();
    for (; entry != superseded_.end() && entry->version <= version.version; ++entry) {
      rows.push_back(renumber(entry->row));
    }
    version.row_end = renumber(version.row_end);
    next.append(version, rows);
  }
}

}  // namespace trawl::store
