#include "ledger/sqlite/aggregation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "base/json.h"
#include "ledger/duration_bins.h"
#include "ledger/sqlite/modes.h"
#include "ledger/sqlite/rows.h"
#include "ledger/sqlite/search.h"

namespace trawl::sqlite {
namespace {

// The columns that figures are made of.
struct FigureColumns {
  const std::vector<std::int64_t>* timestamp = nullptr;
  const std::vector<std::int64_t>* status = nullptr;
  const std::vector<std::int64_t>* returned = nullptr;
  const std::vector<double>* duration = nullptr;
  const std::vector<double>* credits = nullptr;
  const std::vector<double>* rate = nullptr;

  static Result<FigureColumns> read(RowGroup& group) {
    FigureColumns out;
    TRAWL_ASSIGN(out.timestamp, group.integers(IntColumn::timestamp));
    TRAWL_ASSIGN(out.status, group.integers(IntColumn::status));
    TRAWL_ASSIGN(out.returned, group.integers(IntColumn::total_returned));
    TRAWL_ASSIGN(out.duration, group.reals(RealColumn::duration_ms));
    TRAWL_ASSIGN(out.credits, group.reals(RealColumn::credits_used));
    TRAWL_ASSIGN(out.rate, group.reals(RealColumn::cache_hit_rate));
    return out;
  }

  void add_to(AggregateFigures& figures, std::size_t i, std::string_view word) const {
    const double cache_rate = (*rate)[i];
    figures.add(word, (*duration)[i], (*credits)[i], (*returned)[i],
                std::isnan(cache_rate) ? std::nullopt : std::optional(cache_rate));
  }
};

// Texts of words, remembered for one call.
class WordTexts {
 public:
  WordTexts(Connection& connection, Words& words)
      : connection_(connection), words_(words) {}
  Result<std::string_view> of(std::int64_t number) {
    if (number == 0) return std::string_view();
    auto& word = known_[number];
    if (word == nullptr) {
      TRAWL_ASSIGN(word, words_.find(connection_, number));
    }
    return std::string_view(word->text);
  }

 private:
  Connection& connection_;
  Words& words_;
  std::map<std::int64_t, std::shared_ptr<const Word>> known_;
};

class Aggregation {
 public:
  Aggregation(Connection& connection, Words& words, const ExecutionFilter& filter,
              const AggregateRequest& request)
      : connection_(connection),
        words_(words),
        texts_(connection, words),
        filter_(filter),
        request_(request) {}

  Result<Aggregate> run() {
    const bool by_summary =
        filter_.is_basic() && request_.bucket != TimeBucket::minute &&
        (request_.by == AggregateBy::none || request_.by == AggregateBy::status);
    if (by_summary) {
      TRAWL_TRY(run_by_summaries());
    } else {
      TRAWL_ASSIGN(const bool whole,
                   visit_matches(connection_, words_, filter_, request_.budget_us,
                                 [this](RowGroup& group, const auto& matching) {
                                   return add_rows(group, matching);
                                 }));
      if (!whole || over_budget_) out_.set_partial();
    }
    TRAWL_TRY(give_keys());
    return std::move(out_).finish();
  }

 private:
  // Figures under the numbers of words, or of bins of durations, until give_keys() turns
  // these into texts.
  using Key = std::pair<TimeUs, std::int64_t>;

  std::optional<IntColumn> key_column() const {
    switch (request_.by) {
      case AggregateBy::status:
        return IntColumn::status;
      case AggregateBy::collection:
        return IntColumn::collections;
      case AggregateBy::stage:
        return IntColumn::stages;
      case AggregateBy::caller:
        return IntColumn::caller;
      case AggregateBy::shape:
        return IntColumn::shape;
      case AggregateBy::none:
      case AggregateBy::label:
      case AggregateBy::label_name:
      case AggregateBy::error:
      case AggregateBy::failed_stage:
      case AggregateBy::duration:
        break;
    }
    return std::nullopt;
  }

  Result<void> add_rows(RowGroup& group, const std::vector<std::uint8_t>& matching) {
    TRAWL_ASSIGN(const FigureColumns columns, FigureColumns::read(group));
    const std::vector<std::int64_t>* keys = nullptr;
    if (const auto column = key_column()) {
      TRAWL_ASSIGN(keys, group.integers(*column));
    }
    TRAWL_ASSIGN(const auto* seqs, group.integers(IntColumn::seq));
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (matching[i] == 0) continue;
      const TimeUs bucket = span_of((*columns.timestamp)[i]).begin;
      TRAWL_ASSIGN(const std::string_view status, texts_.of((*columns.status)[i]));
      const bool by_error =
          request_.by == AggregateBy::error || request_.by == AggregateBy::failed_stage;
      const bool by_label =
          request_.by == AggregateBy::label || request_.by == AggregateBy::label_name;
      if (by_label || (by_error && status != status::kCompleted)) {
        TRAWL_TRY(add_recorded(columns, i, (*seqs)[i], bucket, status));
        if (over_budget_) return {};
        continue;
      }
      std::int64_t number = keys == nullptr ? 0 : (*keys)[i];
      if (request_.by == AggregateBy::duration) {
        number = static_cast<std::int64_t>(duration_bin((*columns.duration)[i]));
      }
      columns.add_to(numbered_[{bucket, number}], i, status);
    }
    return {};
  }

  // Only the records have labels and errors.
  Result<void> add_recorded(const FigureColumns& columns, std::size_t i, std::int64_t seq,
                            TimeUs bucket, std::string_view status) {
    over_budget_ = over_budget_ || std::chrono::steady_clock::now() > deadline_;
    if (over_budget_) return {};
    TRAWL_ASSIGN(const Execution execution, read_execution(connection_, words_, seq));
    AggregateFigures one;
    columns.add_to(one, i, status);
    out_.add_total(one);
    for (const AggregateKey& key : aggregate_keys(request_, execution)) {
      out_.add(bucket, key, one);
    }
    return {};
  }

  Result<void> run_by_summaries() {
    std::int64_t ns = 0;
    ModeWords modes;
    {
      TRAWL_ASSIGN(auto select, connection_.prepare(
                                    "SELECT ns, descended FROM namespaces WHERE id = ?"));
      TRAWL_ASSIGN(const bool found, select.bind(filter_.namespace_id.str()).step());
      if (!found) return {};
      ns = select.integer(0);
      TRAWL_ASSIGN(modes, mode_words(connection_, filter_.modes, select.integer(1) != 0));
      if (modes.takes_none()) return {};
    }
    std::optional<std::int64_t> status;
    if (filter_.status) {
      TRAWL_ASSIGN(status, Words::number_of(connection_, *filter_.status));
      if (!status) return {};
    }
    const TimeUs start = std::max(filter_.start_time.value_or(kTimeMin), kTimeMin);
    const TimeUs end = std::min(filter_.end_time.value_or(kTimeMax), kTimeMax);
    if (start > end) return {};
    TRAWL_ASSIGN(const auto places, read_groups(connection_, start, end));
    for (const GroupPlace& place : places) {
      if (std::chrono::steady_clock::now() > deadline_) {
        out_.set_partial();
        return {};
      }
      // A summary does not tell modes apart.
      TRAWL_ASSIGN(const bool summed,
                   place.closed ? takes_whole(place, ns, modes) : Result<bool>(false));
      bool ragged = !summed;
      if (summed) {
        TRAWL_ASSIGN(const auto entries, read_summary(connection_, place.group));
        for (const GroupSummaryEntry& entry : entries) {
          if (entry.ns != ns || (status && entry.status != *status)) continue;
          const TimeUs last = entry.hour + kMicrosPerHour - 1;
          if (last < start || entry.hour > end) continue;
          if (entry.hour >= start && last <= end && is_in_one_bucket(entry.hour)) {
            numbered_[key_of(entry.hour, entry.status)].merge(entry.figures);
          } else {
            ragged = true;
          }
        }
      }
      if (!ragged) continue;
      // The hours that the range or a bucket cuts, and what has no summary yet.
      TRAWL_ASSIGN(RowGroup group, read_group(connection_, place));
      TRAWL_ASSIGN(const auto* namespaces, group.integers(IntColumn::ns));
      TRAWL_ASSIGN(const auto* kinds, group.integers(IntColumn::mode));
      TRAWL_ASSIGN(const FigureColumns columns, FigureColumns::read(group));
      for (std::size_t i = 0; i < group.size(); ++i) {
        const TimeUs time = (*columns.timestamp)[i];
        if ((*namespaces)[i] != ns || time < start || time > end) continue;
        if (!modes.takes((*kinds)[i])) continue;
        if (status && (*columns.status)[i] != *status) continue;
        if (summed) {
          const BucketSpan hour = bucket_span(TimeBucket::hour, time);
          if (hour.begin >= start && hour.end - 1 <= end && is_in_one_bucket(hour.begin)) {
            continue;
          }
        }
        TRAWL_ASSIGN(const std::string_view word, texts_.of((*columns.status)[i]));
        columns.add_to(numbered_[key_of(time, (*columns.status)[i])], i, word);
      }
    }
    return {};
  }

  // Whether none of the namespace's executions in a closed group has a mode that is not
  // wanted.
  Result<bool> takes_whole(const GroupPlace& place, std::int64_t ns,
                           const ModeWords& modes) {
    if (modes.takes_all()) return true;
    TRAWL_ASSIGN(RowGroup group, read_group(connection_, place));
    TRAWL_ASSIGN(const auto* namespaces, group.integers(IntColumn::ns));
    TRAWL_ASSIGN(const auto* kinds, group.integers(IntColumn::mode));
    for (std::size_t i = 0; i < group.size(); ++i) {
      if ((*namespaces)[i] == ns && !modes.takes((*kinds)[i])) return false;
    }
    return true;
  }

  Key key_of(TimeUs time, std::int64_t status) {
    return {span_of(time).begin, request_.by == AggregateBy::status ? status : 0};
  }

  // The bucket of an instant; neighbours, which come one after the other, share it.
  const BucketSpan& span_of(TimeUs time) {
    if (request_.bucket != TimeBucket::none && (time < span_.begin || time >= span_.end)) {
      span_ = bucket_span(request_.bucket, time, request_.zone);
    }
    return span_;
  }

  // Whether an hour of UTC, as summaries have them, is not cut by a bucket of the zone.
  bool is_in_one_bucket(TimeUs hour) {
    return request_.bucket == TimeBucket::none ||
           span_of(hour).end >= hour + kMicrosPerHour;
  }

  Result<void> give_keys() {
    for (const auto& [key, figures] : numbered_) {
      out_.add_total(figures);
      if (request_.by == AggregateBy::duration) {
        out_.add(key.first, duration_key(static_cast<std::size_t>(key.second)), figures);
        continue;
      }
      TRAWL_ASSIGN(const std::string_view text, texts_.of(key.second));
      std::vector<AggregateKey> keys;
      if (request_.by == AggregateBy::collection || request_.by == AggregateBy::stage) {
        if (const auto list = parse_json(text.empty() ? "[]" : text)) {
          for (const auto& item : list->get_array()) {
            keys.emplace_back(std::string(view(item.get_string())));
          }
        }
      } else if (!text.empty()) {
        keys.emplace_back(std::string(text));
      }
      for (const AggregateKey& name : once_each(std::move(keys))) {
        out_.add(key.first, name, figures);
      }
    }
    return {};
  }

  Connection& connection_;
  Words& words_;
  WordTexts texts_;
  const ExecutionFilter& filter_;
  const AggregateRequest& request_;
  const std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + std::chrono::microseconds(request_.budget_us);
  bool over_budget_ = false;
  BucketSpan span_;
  std::map<Key, AggregateFigures> numbered_;
  Aggregator out_;
};

}  // namespace

Result<Aggregate> aggregate_executions(Connection& connection, Words& words,
                                       const ExecutionFilter& filter,
                                       const AggregateRequest& request) {
  TRAWL_ASSIGN(auto transaction, Transaction::begin(connection, Transaction::Kind::read));
  return Aggregation(connection, words, filter, request).run();
}

Result<std::vector<GroupSummaryEntry>> summarize(Connection& connection, Words& words,
                                                 RowGroup& group) {
  WordTexts texts(connection, words);
  TRAWL_ASSIGN(const FigureColumns columns, FigureColumns::read(group));
  TRAWL_ASSIGN(const auto* namespaces, group.integers(IntColumn::ns));
  std::map<std::tuple<std::int64_t, std::int64_t, TimeUs>, AggregateFigures> sums;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const std::int64_t status = (*columns.status)[i];
    TRAWL_ASSIGN(const std::string_view word, texts.of(status));
    const TimeUs hour = bucket_span(TimeBucket::hour, (*columns.timestamp)[i]).begin;
    columns.add_to(sums[{(*namespaces)[i], status, hour}], i, word);
  }
  std::vector<GroupSummaryEntry> out;
  out.reserve(sums.size());
  for (auto& [key, figures] : sums) {
    out.push_back(
        {std::get<0>(key), std::get<1>(key), std::get<2>(key), std::move(figures)});
  }
  return out;
}

}  // namespace trawl::sqlite
