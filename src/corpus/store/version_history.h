#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/bitmap.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "corpus/lexical/renumbering.h"

namespace trawl::store {

// What one version of a collection sees: rows [0, row_end) without `dead`.
struct VersionView {
  std::uint64_t version = 0;
  std::uint32_t row_end = 0;
  std::uint32_t document_count = 0;
  // Null when no row is dead. May be smaller or larger than row_end; bits are below it.
  std::shared_ptr<const Bitmap> dead;

  bool sees(std::uint32_t row) const {
    return row < row_end && (dead == nullptr || !dead->test(row));
  }
};

// The versions of one collection, in memory. Rows are appended in the order of versions,
// so the rows that a version knows are a prefix, and the ones it no longer sees are those
// that were superseded in it or before. Thread-safe; views are immutable.
class VersionHistory {
 public:
  struct Version {
    std::uint64_t version = 0;
    std::uint32_t row_end = 0;
    TimeUs written_at = 0;
  };

  // Versions are consecutive. `superseded` are rows that were alive in the one before.
  void append(const Version& version, std::span<const std::uint32_t> superseded);

  // The newest version, or an older one.
  //   not_found  the version lies in the future, or was forgotten
  Result<std::shared_ptr<const VersionView>> view(
      std::optional<std::uint64_t> version = {}) const;

  // Whether a version can be viewed.
  //   not_found  as view()
  Result<void> check(std::uint64_t version) const;

  // The rows that no version that is kept sees.
  Bitmap forgotten_rows() const;
  std::uint32_t forgotten_count() const;
  // The same history, into an empty one, by other numbers. All that are forgotten are gone.
  void renumber_into(VersionHistory& next, const lexical::Renumbering& renumber) const;

  Version newest() const;
  // When a version was written, and the newest that was written by then.
  //   not_found  as view()
  Result<TimeUs> time_of(std::uint64_t version) const;
  Result<std::uint64_t> version_at(TimeUs time) const;
  bool is_dead(std::uint32_t row) const;

  // The next versions whose superseded rows may be removed: those superseded no later than
  // `until`, and in no version after `last`, a whole number of versions, about `rows_max`
  // rows. Empty when there are none.
  struct Removable {
    std::uint64_t version = 0;  // The oldest that is whole without these rows.
    std::vector<std::uint32_t> rows;
  };
  Removable removable(TimeUs until, std::uint64_t last, std::size_t rows_max) const;
  // Rows that an older version sees and the newest does not.
  std::vector<std::uint32_t> superseded_rows() const;
  std::size_t superseded_count() const;
  Version oldest() const;
  // When the first of the rows that may be removed was superseded; nothing without any.
  std::optional<TimeUs> first_superseded() const;

  // Why a version before the oldest cannot be viewed.
  static Error not_kept(std::uint64_t version, std::uint64_t oldest);

  // Versions before this one can no longer be viewed.
  void forget_before(std::uint64_t version);

 private:
  struct Superseded {
    std::uint64_t version;
    std::uint32_t row;
  };

  Result<void> check_locked(std::uint64_t version) const TRAWL_REQUIRES(mutex_);
  void mark_dead(Bitmap& bitmap, std::uint32_t row) const TRAWL_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::deque<Version> versions_ TRAWL_GUARDED_BY(mutex_);
  // In the order of versions, without those of the oldest version kept and before.
  std::deque<Superseded> superseded_ TRAWL_GUARDED_BY(mutex_);
  // Superseded in the oldest version kept, or before.
  Bitmap dead_before_ TRAWL_GUARDED_BY(mutex_);
  std::uint32_t dead_before_count_ TRAWL_GUARDED_BY(mutex_) = 0;
  Bitmap dead_ TRAWL_GUARDED_BY(mutex_);  // As the newest version sees it.
  // Made when somebody asks, so a run of writes does not copy `dead_` each time.
  mutable std::shared_ptr<const VersionView> newest_view_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl::store
