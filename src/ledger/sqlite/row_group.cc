#include "ledger/sqlite/row_group.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/bytes.h"
#include "model/execution_json.h"
#include "model/recorded_fields.h"

namespace trawl::sqlite {
namespace {

constexpr std::size_t kDictionaryMax = 256;

// Where the summary stands among the columns. Stored: never change it.
constexpr std::int64_t kSummaryColumn = 31;

// How reals are stored.
constexpr char kDictionary = 1;   // Distinct values, then one byte for each row.
constexpr char kThousandths = 2;  // encode_integers of the numbers times 1000.
constexpr char kRaw = 3;

constexpr auto kFirstReal = static_cast<std::size_t>(RealColumn::duration_ms);

Error damaged() {
  return make_error(ErrorCode::storage, "the stored data is damaged",
                    "a column of a row group cannot be read");
}

template <class Narrow>
void put_offsets(std::string& out, std::span<const std::int64_t> numbers,
                 std::int64_t base) {
  const std::size_t begin = out.size();
  out.resize(begin + numbers.size() * sizeof(Narrow));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto narrow = static_cast<Narrow>(static_cast<std::uint64_t>(numbers[i]) -
                                            static_cast<std::uint64_t>(base));
    std::memcpy(out.data() + begin + i * sizeof(Narrow), &narrow, sizeof narrow);
  }
}

template <class Narrow>
bool take_offsets(std::string_view bytes, std::int64_t base,
                  std::vector<std::int64_t>& out) {
  if (bytes.size() != out.size() * sizeof(Narrow)) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    Narrow narrow;
    std::memcpy(&narrow, bytes.data() + i * sizeof(Narrow), sizeof narrow);
    out[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(base) + narrow);
  }
  return true;
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// The numbers times 1000, where dividing again gives each of them back.
std::optional<std::vector<std::int64_t>> as_thousandths(std::span<const double> numbers) {
  constexpr double kMax = 9e12;
  std::vector<std::int64_t> out;
  out.reserve(numbers.size());
  for (const double number : numbers) {
    if (!(std::abs(number) < kMax)) return std::nullopt;
    const std::int64_t scaled = std::llround(number * 1000.0);
    if (!same_bits(static_cast<double>(scaled) / 1000.0, number)) return std::nullopt;
    out.push_back(scaled);
  }
  return out;
}

Result<std::string> read_chunk(Connection& connection, std::int64_t group,
                               std::int64_t column) {
  TRAWL_ASSIGN(auto select, connection.prepare("SELECT data FROM chunks WHERE chunk = ?"));
  TRAWL_ASSIGN(const bool found, select.bind(group * kColumnsMax + column).step());
  if (!found) return damaged();
  return select.string(0);
}

constexpr std::string_view kSelect =
    "SELECT e.seq, e.ns, e.ts, e.status, e.mode, e.failed_stage, e.caller, e.collections, "
    "e.stages, d.shape, e.row FROM executions e "
    "LEFT JOIN definitions d ON d.definition = e.definition ";

}  // namespace

std::string encode_integers(std::span<const std::int64_t> numbers) {
  std::int64_t low = 0;
  std::int64_t high = 0;
  if (!numbers.empty()) {
    const auto [least, most] = std::minmax_element(numbers.begin(), numbers.end());
    low = *least;
    high = *most;
  }
  const auto spread = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  std::string out;
  const auto head = [&](std::uint8_t width) {
    append(out, width);
    append(out, low);
  };
  if (spread == 0) {
    head(0);
  } else if (spread <= std::numeric_limits<std::uint8_t>::max()) {
    head(1);
    put_offsets<std::uint8_t>(out, numbers, low);
  } else if (spread <= std::numeric_limits<std::uint16_t>::max()) {
    head(2);
    put_offsets<std::uint16_t>(out, numbers, low);
  } else if (spread <= std::numeric_limits<std::uint32_t>::max()) {
    head(4);
    put_offsets<std::uint32_t>(out, numbers, low);
  } else {
    head(8);
    put_offsets<std::uint64_t>(out, numbers, low);
  }
  return out;
}

Result<std::vector<std::int64_t>> decode_integers(std::string_view bytes,
                                                  std::size_t count) {
  std::uint8_t width = 0;
  std::int64_t low = 0;
  if (!take(bytes, width) || !take(bytes, low)) return damaged();
  std::vector<std::int64_t> out(count, low);
  bool good = false;
  switch (width) {
    case 0:
      good = bytes.empty();
      break;
    case 1:
      good = take_offsets<std::uint8_t>(bytes, low, out);
      break;
    case 2:
      good = take_offsets<std::uint16_t>(bytes, low, out);
      break;
    case 4:
      good = take_offsets<std::uint32_t>(bytes, low, out);
      break;
    case 8:
      good = take_offsets<std::uint64_t>(bytes, low, out);
      break;
    default:
      break;
  }
  if (!good) return damaged();
  return out;
}

std::string encode_reals(std::span<const double> numbers) {
  std::vector<double> distinct;
  std::string codes;
  for (const double number : numbers) {
    std::size_t code = 0;
    // The value before is the likeliest; few others are tried in vain, since most columns
    // have a handful of values or give up soon.
    while (code < distinct.size() && !same_bits(distinct[code], number)) ++code;
    if (code == distinct.size()) {
      if (code == kDictionaryMax) break;
      distinct.push_back(number);
    }
    codes.push_back(static_cast<char>(code));
  }
  std::string out;
  if (codes.size() == numbers.size()) {
    append(out, kDictionary);
    append(out, static_cast<std::uint16_t>(distinct.size()));
    for (const double number : distinct) append(out, number);
    out += codes;
  } else if (const auto scaled = as_thousandths(numbers)) {
    append(out, kThousandths);
    out += encode_integers(*scaled);
  } else {
    append(out, kRaw);
    out.append(reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes());
  }
  return out;
}

Result<std::vector<double>> decode_reals(std::string_view bytes, std::size_t count) {
  char form = 0;
  if (!take(bytes, form)) return damaged();
  std::vector<double> out(count);
  if (form == kThousandths) {
    TRAWL_ASSIGN(const auto scaled, decode_integers(bytes, count));
    for (std::size_t i = 0; i < count; ++i) {
      out[i] = static_cast<double>(scaled[i]) / 1000.0;
    }
    return out;
  }
  if (form == kRaw) {
    if (bytes.size() != count * sizeof(double)) return damaged();
    if (count > 0) std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
  }
  std::uint16_t distinct_count = 0;
  if (form != kDictionary || !take(bytes, distinct_count)) return damaged();
  std::vector<double> distinct(distinct_count);
  for (double& number : distinct) {
    if (!take(bytes, number)) return damaged();
  }
  if (bytes.size() != count) return damaged();
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = static_cast<unsigned char>(bytes[i]);
    if (code >= distinct.size()) return damaged();
    out[i] = distinct[code];
  }
  return out;
}

Result<RowGroup> RowGroup::read_range(Connection& connection, std::int64_t first,
                                      std::int64_t last) {
  static const std::string kSql =
      std::string(kSelect) + "WHERE e.seq BETWEEN ? AND ? ORDER BY e.seq";
  RowGroup group(0);
  for (auto& column : group.integers_) column.emplace();
  for (auto& column : group.reals_) column.emplace();
  TRAWL_ASSIGN(auto rows, connection.prepare(kSql));
  rows.bind(first, last);
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return group;
    TRAWL_TRY(group.append(rows));
  }
}

Result<RowGroup> RowGroup::read_some(Connection& connection,
                                     std::span<const std::int64_t> seqs) {
  static const std::string kSql = std::string(kSelect) + "WHERE e.seq = ?";
  RowGroup group(0);
  for (auto& column : group.integers_) column.emplace();
  for (auto& column : group.reals_) column.emplace();
  TRAWL_ASSIGN(auto row, connection.prepare(kSql));
  for (const std::int64_t seq : seqs) {
    TRAWL_ASSIGN(const bool found, row.bind(seq).step());
    if (found) TRAWL_TRY(group.append(row));
    row.reset();
  }
  return group;
}

Result<void> RowGroup::append(const Statement& row) {
  TRAWL_ASSIGN(const ExecutionRowNumbers numbers, parse_row_numbers(row.text(10)));
  // The first ten columns of kSelect are the first ten of IntColumn; NULL reads as 0.
  for (int column = 0; column < 10; ++column) {
    integers_[static_cast<std::size_t>(column)]->push_back(row.integer(column));
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto column = static_cast<std::size_t>(kRowNumberFields[i].column);
    if (kRowNumberFields[i].kind == FieldKind::count) {
      integers_[column]->push_back(numbers[i].count);
    } else {
      reals_[column - kFirstReal]->push_back(numbers[i].amount);
    }
  }
  ++size_;
  return {};
}

Result<const std::vector<std::int64_t>*> RowGroup::integers(IntColumn column) {
  auto& numbers = integers_[static_cast<std::size_t>(column)];
  if (!numbers) {
    TRAWL_ASSIGN(const std::string bytes,
                 read_chunk(*connection_, group_, static_cast<std::int64_t>(column)));
    TRAWL_ASSIGN(numbers, decode_integers(bytes, size_));
  }
  return &*numbers;
}

Result<const std::vector<double>*> RowGroup::reals(RealColumn column) {
  auto& numbers = reals_[static_cast<std::size_t>(column) - kFirstReal];
  if (!numbers) {
    TRAWL_ASSIGN(const std::string bytes,
                 read_chunk(*connection_, group_, static_cast<std::int64_t>(column)));
    TRAWL_ASSIGN(numbers, decode_reals(bytes, size_));
  }
  return &*numbers;
}

Result<void> RowGroup::close(Connection& connection, std::int64_t group,
                             std::string_view summary) const {
  const auto put_chunk = [&](std::int64_t column, std::string_view data) -> Result<void> {
    TRAWL_ASSIGN(auto insert,
                 connection.prepare("INSERT INTO chunks (chunk, data) VALUES (?, ?)"));
    insert.bind(group * kColumnsMax + column);
    return insert.bind_blob(data).run();
  };
  for (std::size_t i = 0; i < kIntColumns; ++i) {
    TRAWL_TRY(put_chunk(static_cast<std::int64_t>(i), encode_integers(*integers_[i])));
  }
  for (std::size_t i = 0; i < kRealColumns; ++i) {
    TRAWL_TRY(
        put_chunk(static_cast<std::int64_t>(kFirstReal + i), encode_reals(*reals_[i])));
  }
  TRAWL_TRY(put_chunk(kSummaryColumn, summary));
  const auto& times = *integers_[static_cast<std::size_t>(IntColumn::timestamp)];
  const auto [first, last] = std::minmax_element(times.begin(), times.end());
  TRAWL_ASSIGN(auto mark, connection.prepare(
                              "INSERT OR REPLACE INTO row_groups (grp, closed, row_count, "
                              "ts_min, ts_max) VALUES (?, 1, ?, ?, ?)"));
  return mark.bind(group, static_cast<std::int64_t>(size_), *first, *last).run();
}

Result<std::vector<GroupPlace>> read_groups(Connection& connection, TimeUs start,
                                            TimeUs end) {
  std::vector<GroupPlace> groups;
  TRAWL_ASSIGN(auto rows,
               connection.prepare("SELECT grp, closed, row_count, ts_min, ts_max FROM "
                                  "row_groups WHERE ts_max >= ? AND ts_min <= ?"));
  rows.bind(start, end);
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return groups;
    groups.push_back({rows.integer(0), rows.integer(1) != 0,
                      static_cast<std::size_t>(rows.integer(2)), rows.integer(3),
                      rows.integer(4)});
  }
}

Result<RowGroup> read_group(Connection& connection, const GroupPlace& place) {
  if (place.closed) return RowGroup(connection, place.group, place.row_count);
  return RowGroup::read_range(connection, place.group * kRowGroupRows,
                              place.group * kRowGroupRows + kRowGroupRows - 1);
}

Result<std::vector<GroupSummaryEntry>> read_summary(Connection& connection,
                                                    std::int64_t group) {
  TRAWL_ASSIGN(const std::string bytes, read_chunk(connection, group, kSummaryColumn));
  return decode_summary(bytes);
}

Result<void> open_group(Connection& connection, std::int64_t group) {
  TRAWL_ASSIGN(auto mark, connection.prepare("UPDATE row_groups SET closed = 0, "
                                             "row_count = 0 WHERE grp = ? AND closed = 1"));
  TRAWL_TRY(mark.bind(group).run());
  if (connection.changes() == 0) return {};
  TRAWL_ASSIGN(auto chunks,
               connection.prepare("DELETE FROM chunks WHERE chunk BETWEEN ? AND ?"));
  return chunks.bind(group * kColumnsMax, group * kColumnsMax + kColumnsMax - 1).run();
}

}  // namespace trawl::sqlite
