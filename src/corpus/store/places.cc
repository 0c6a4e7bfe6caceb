#include "corpus/store/places.h"

#include <algorithm>

namespace trawl::store {

std::uint32_t Places::place_of(std::uint32_t row) const {
  const auto next = std::partition_point(runs_.begin() + 1, runs_.end(),
                                         [&](const Run& run) { return run.row <= row; });
  const Run& run = *(next - 1);
  return run.place + (row - run.row);
}

std::uint32_t Places::rows_before(std::uint32_t place) const {
  const auto next = std::partition_point(
      runs_.begin(), runs_.end(), [&](const Run& run) { return run.place <= place; });
  if (next == runs_.begin()) return 0;
  const Run& run = *(next - 1);
  const std::uint32_t row = run.row + (place - run.place);
  return next == runs_.end() ? row : std::min(row, next->row);
}

std::optional<std::uint32_t> Places::row_of(std::uint32_t place) const {
  const std::uint32_t row = rows_before(place);
  if (place_of(row) != place) return std::nullopt;
  return row;
}

Places Places::without(const Bitmap& gone) const {
  std::vector<Run> runs;
  std::uint32_t end = 0;  // Of the rows that are looked at; those after it stay.
  gone.for_each([&](std::uint32_t row) { end = row + 1; });
  std::uint32_t count = 0;
  std::uint32_t expected = 0;  // Place that goes on with the last run.
  auto run = runs_.begin();
  for (std::uint32_t row = 0; row <= end; ++row) {
    if (gone.test(row)) continue;
    while (run + 1 != runs_.end() && (run + 1)->row <= row) ++run;
    const std::uint32_t place = run->place + (row - run->row);
    if (runs.empty() || place != expected) runs.push_back({count, place});
    expected = place + 1;
    ++count;
  }
  // Row `end` is there, so the last run goes on from it; later ones follow as they were.
  for (++run; run != runs_.end(); ++run) {
    runs.push_back({count + (run->row - end - 1), run->place});
  }
  return Places(std::move(runs));
}

}  // namespace trawl::store
