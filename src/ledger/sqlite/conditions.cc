#include "ledger/sqlite/conditions.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/work_limit.h"
#include "ledger/error_kind.h"
#include "ledger/execution_id_key.h"
#include "ledger/sqlite/modes.h"
#include "model/recorded_fields.h"
#include "text/analyzer.h"

namespace trawl::sqlite {
namespace {

// Up to so many executions are looked up one by one, each for about the price of a column
// of a whole group.
constexpr std::size_t kCandidatesMax = 3'000;
static_assert(kCandidatesMax <= SeqSet::kFew);

// Row groups that the sets of one filter may have bits of, half a kilobyte each.
constexpr std::size_t kGatheredGroupsMax = 200'000;

// Whole numbers up to here are the same as doubles.
constexpr double kExactMax = 9'007'199'254'740'992.0;

// The column of a field that conditions name, if it is of such a kind and has one.
const RecordedField* find_column(std::string_view path, bool (*is_of_kind)(FieldKind)) {
  const RecordedField* field = find_filter_field(path);
  if (field == nullptr || field->column == kNoColumn || !is_of_kind(field->kind)) {
    return nullptr;
  }
  return field;
}

bool is_word_kind(FieldKind kind) {
  return kind == FieldKind::word || kind == FieldKind::id || kind == FieldKind::text ||
         kind == FieldKind::words;
}

bool is_number_kind(FieldKind kind) {
  return kind == FieldKind::count || kind == FieldKind::amount || kind == FieldKind::rate;
}

// The numbers of columns are in the table; their names here are for code.
constexpr int column_of(std::string_view filter_name) {
  for (const RecordedField& field : kRecordedFields) {
    if (field.filter_name == filter_name) return field.column;
  }
  return kNoColumn;
}
static_assert(column_of("timestamp") == static_cast<int>(IntColumn::timestamp) &&
              column_of("status") == static_cast<int>(IntColumn::status) &&
              column_of("execution_mode") == static_cast<int>(IntColumn::mode) &&
              column_of("failed_stage") == static_cast<int>(IntColumn::failed_stage) &&
              column_of("caller") == static_cast<int>(IntColumn::caller) &&
              column_of("collection_ids") == static_cast<int>(IntColumn::collections) &&
              column_of("stage_id") == static_cast<int>(IntColumn::stages) &&
              column_of("shape") == static_cast<int>(IntColumn::shape) &&
              column_of("total_returned") == static_cast<int>(IntColumn::total_returned) &&
              column_of("duration_ms") == static_cast<int>(RealColumn::duration_ms) &&
              column_of("credits_used") == static_cast<int>(RealColumn::credits_used) &&
              column_of("cache_hit_rate") == static_cast<int>(RealColumn::cache_hit_rate));

// Lists are words that hold JSON; a list of stages is never null.
json::value word_value(IntColumn column, const Word* word) {
  if (word == nullptr) {
    return column == IntColumn::stages ? json::value(json::array()) : json::value(nullptr);
  }
  if (column == IntColumn::collections || column == IntColumn::stages) {
    auto list = parse_json(word->text);
    return list ? std::move(*list) : json::value(nullptr);
  }
  return json::value(word->text);
}

// The number that a comparison is against, where it says one.
std::optional<double> wanted_number(const FilterNode& node) {
  switch (node.op) {
    case FilterOp::eq:
    case FilterOp::ne:
    case FilterOp::gt:
    case FilterOp::gte:
    case FilterOp::lt:
    case FilterOp::lte:
      break;
    default:
      return std::nullopt;
  }
  if (node.bound.kind != Comparable::Kind::number) return std::nullopt;
  const double number = as_double(node.bound.number);
  if (!(std::abs(number) < kExactMax)) return std::nullopt;
  return number;
}

}  // namespace

Result<Conditions> Conditions::bind(Connection& connection, Words& words,
                                    const ExecutionFilter& filter, std::int64_t budget_us) {
  Conditions out(connection, words, budget_us);
  ModeWords modes;
  {
    TRAWL_ASSIGN(auto select,
                 connection.prepare("SELECT ns, descended FROM namespaces WHERE id = ?"));
    TRAWL_ASSIGN(const bool found, select.bind(filter.namespace_id.str()).step());
    out.nothing_ = !found;
    if (!found) return out;
    out.ns_ = select.integer(0);
    if (filter.modes != ModeKinds::all()) {
      TRAWL_ASSIGN(modes, mode_words(connection, filter.modes, select.integer(1) != 0));
      out.nothing_ = modes.takes_none();
    }
  }
  out.start_ = std::max(filter.start_time.value_or(kTimeMin), kTimeMin);
  out.end_ = std::min(filter.end_time.value_or(kTimeMax), kTimeMax);
  out.root_.kind = Test::Kind::all;
  auto& tests = out.root_.children;
  const auto integers = [&](IntColumn column, std::int64_t low, std::int64_t high) {
    Test test;
    test.kind = Test::Kind::integers;
    test.column = column;
    test.low = low;
    test.high = high;
    tests.push_back(std::move(test));
  };
  integers(IntColumn::ns, out.ns_, out.ns_);
  if (filter.start_time || filter.end_time) {
    integers(IntColumn::timestamp, out.start_, out.end_);
  }
  if (!modes.takes_all()) {
    Test test;
    test.kind = modes.are_wanted ? Test::Kind::any : Test::Kind::none;
    for (const std::int64_t word : modes.words) {
      Test& one = test.children.emplace_back();
      one.kind = Test::Kind::integers;
      one.column = IntColumn::mode;
      one.low = one.high = word;
    }
    tests.push_back(std::move(test));
  }
  if (filter.status) {
    TRAWL_ASSIGN(const auto status, Words::number_of(connection, *filter.status));
    if (!status) out.nothing_ = true;
    integers(IntColumn::status, status.value_or(0), status.value_or(0));
  }
  if (filter.execution_ids) {
    auto& seqs = out.candidates_.emplace();
    TRAWL_ASSIGN(auto select,
                 connection.prepare("SELECT seq FROM executions INDEXED BY "
                                    "executions_by_id WHERE ns = ? AND id = ?"));
    for (const ExecutionId& id : *filter.execution_ids) {
      const std::string key = execution_id_key(id);
      select.bind(out.ns_);
      TRAWL_ASSIGN(const bool found, select.bind_blob(key).step());
      if (found) seqs.push_back(select.integer(0));
      select.reset();
    }
    std::sort(seqs.begin(), seqs.end());
    seqs.erase(std::unique(seqs.begin(), seqs.end()), seqs.end());
  }
  if (filter.query) {
    TRAWL_ASSIGN(Test test, out.text_test(*filter.query, false));
    tests.push_back(std::move(test));
  }
  if (filter.error) {
    TRAWL_ASSIGN(Test test, out.text_test(*filter.error, true));
    tests.push_back(std::move(test));
  }
  if (filter.error_kind) TRAWL_TRY(out.add_error_kind(*filter.error_kind, tests));
  if (filter.returned_document) {
    tests.emplace_back().kind = Test::Kind::unknown;  // Records alone say it.
  }
  out.where_ = filter.where;
  for (const Filter& where : out.where_) {
    TRAWL_ASSIGN(Test test, out.compile(where.root()));
    tests.push_back(std::move(test));
  }
  out.consider(out.root_);
  return out;
}

Result<Conditions::Test> Conditions::compile(const FilterNode& node) {
  Test test;
  switch (node.kind) {
    case FilterNode::Kind::all:
      test.kind = Test::Kind::all;
      break;
    case FilterNode::Kind::any:
      test.kind = Test::Kind::any;
      break;
    case FilterNode::Kind::none:
      test.kind = Test::Kind::none;
      break;
    case FilterNode::Kind::condition:
      return compile_condition(node);
    case FilterNode::Kind::unknown:
      test.kind = Test::Kind::unknown;
      return test;
  }
  for (const FilterNode& child : node.children) {
    TRAWL_ASSIGN(Test compiled, compile(child));
    test.children.push_back(std::move(compiled));
  }
  return test;
}

Result<Conditions::Test> Conditions::compile_condition(const FilterNode& node) {
  if (const auto* field = find_column(node.path, is_word_kind)) {
    Test test;
    test.kind = Test::Kind::words;
    test.column = static_cast<IntColumn>(field->column);
    test.node = &node;
    return test;
  }
  if (auto test = number_test(node)) return std::move(*test);
  TRAWL_ASSIGN(auto exact, exact_test(node));
  if (exact) return std::move(*exact);
  Test unknown;
  unknown.kind = Test::Kind::unknown;
  return unknown;
}

// low..high, both included, for numbers and for the time.
std::optional<Conditions::Test> Conditions::number_test(const FilterNode& node) const {
  constexpr auto kIntMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kIntMax = std::numeric_limits<std::int64_t>::max();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Test test;
  if (node.path == "timestamp" && node.bound.kind == Comparable::Kind::time) {
    test.kind = Test::Kind::integers;
    test.column = IntColumn::timestamp;
    test.low = kIntMin;
    test.high = kIntMax;
    switch (node.op) {
      case FilterOp::gt:
        test.low = node.bound.time + 1;
        return test;
      case FilterOp::gte:
        test.low = node.bound.time;
        return test;
      case FilterOp::lt:
        test.high = node.bound.time - 1;
        return test;
      case FilterOp::lte:
        test.high = node.bound.time;
        return test;
      case FilterOp::eq:
      case FilterOp::ne:
        test.low = test.high = node.bound.time;
        test.negate = node.op == FilterOp::ne;
        return test;
      default:
        return std::nullopt;
    }
  }
  const RecordedField* field = find_column(node.path, is_number_kind);
  if (field == nullptr) return std::nullopt;
  if (node.op == FilterOp::is_null && field->kind == FieldKind::rate &&
      node.value.is_bool()) {
    test.kind = Test::Kind::reals;
    test.real = static_cast<RealColumn>(field->column);
    test.is_null = true;
    test.negate = !node.value.get_bool();
    return test;
  }
  const auto wanted = wanted_number(node);
  if (!wanted) return std::nullopt;
  test.negate = node.op == FilterOp::ne;
  if (field->kind != FieldKind::count) {
    test.kind = Test::Kind::reals;
    test.real = static_cast<RealColumn>(field->column);
    test.real_low = -kInfinity;
    test.real_high = kInfinity;
    if (node.op == FilterOp::gt) {
      test.real_low = std::nextafter(*wanted, kInfinity);
    } else if (node.op == FilterOp::lt) {
      test.real_high = std::nextafter(*wanted, -kInfinity);
    } else {
      if (node.op != FilterOp::lte) test.real_low = *wanted;
      if (node.op != FilterOp::gte) test.real_high = *wanted;
    }
    return test;
  }
  test.kind = Test::Kind::integers;
  test.column = static_cast<IntColumn>(field->column);
  const auto floor = static_cast<std::int64_t>(std::floor(*wanted));
  const auto ceiling = static_cast<std::int64_t>(std::ceil(*wanted));
  test.low = kIntMin;
  test.high = kIntMax;
  switch (node.op) {
    case FilterOp::gt:
      test.low = floor + 1;
      break;
    case FilterOp::gte:
      test.low = ceiling;
      break;
    case FilterOp::lt:
      test.high = ceiling - 1;
      break;
    case FilterOp::lte:
      test.high = floor;
      break;
    default:  // eq and ne: an empty interval where the number has a fraction.
      test.low = ceiling;
      test.high = floor;
      break;
  }
  return test;
}

Result<std::optional<Conditions::Test>> Conditions::exact_test(const FilterNode& node) {
  std::optional<Test> none;
  if (!has_exact_terms(node.path)) return none;
  std::vector<std::string_view> wanted;
  if (node.op == FilterOp::eq && node.value.is_string()) {
    wanted.push_back(view(node.value.get_string()));
  } else if (node.op == FilterOp::in && node.set != nullptr) {
    for (const json::value& value : node.set->values()) {
      if (!value.is_string()) return none;
      wanted.push_back(view(value.get_string()));
    }
  } else {
    return none;
  }
  auto found = std::make_shared<SeqSet>();
  const bool is_sure = is_label(node.path) && node.mode == CaseMode::sensitive;
  for (const std::string_view value : wanted) {
    // An empty value has no term: it may be anywhere. Other spellings of an instant have
    // other terms.
    if (value.empty() || parse_time_like(value)) return none;
    const std::string expression = is_sure ? label_expression(ns_, node.path, value)
                                           : exact_expression(ns_, node.path, value);
    TRAWL_ASSIGN(const bool whole, gather(
                                       [&](const std::function<bool()>& is_enough) {
                                         return match_terms(connection_, expression, *found,
                                                            is_enough);
                                       },
                                       *found));
    if (!whole) return none;
  }
  gathered_groups_ += found->group_count();
  TRAWL_TRY(read_unindexed());
  Test test;
  test.kind = Test::Kind::set;
  test.set_is_sure = is_sure;
  test.set = std::move(found);
  return std::optional<Test>(std::move(test));
}

Result<Conditions::Test> Conditions::text_test(const TextQuery& query, bool error) {
  Test test;
  if (query.matches_everything() || query.matches_nothing()) {
    test.value = query.matches_everything();
    return test;
  }
  auto found = std::make_shared<SeqSet>();
  TRAWL_ASSIGN(const bool whole, gather(
                                     [&](const std::function<bool()>& is_enough) {
                                       return match_query(connection_, ns_, query, error,
                                                          *found, is_enough);
                                     },
                                     *found));
  if (!whole) {
    test.kind = Test::Kind::unknown;
    return test;
  }
  gathered_groups_ += found->group_count();
  TRAWL_TRY(read_unindexed());
  test.kind = Test::Kind::set;
  test.set = std::move(found);
  test.set_is_sure = std::all_of(
      query.phrases().begin(), query.phrases().end(), [](const TextQuery::Phrase& phrase) {
        // The index knows only a part of longer beginnings, perhaps without the last
        // character.
        constexpr std::size_t kSureMax = kShortenedBytesMax - 3;
        return phrase.terms.size() == 1 &&
               (!phrase.prefix || phrase.terms.front().size() <= kSureMax);
      });
  return test;
}

// Only the record has the error whole; words of the kind, and the status, leave fewer of
// them to read.
Result<void> Conditions::add_error_kind(const std::string& kind, std::vector<Test>& tests) {
  const TextQuery words = TextQuery::parse(words_of_error_kind(kind));
  if (!words.matches_everything() && !words.matches_nothing()) {
    TRAWL_ASSIGN(Test test, text_test(words, true));
    tests.push_back(std::move(test));
  }
  TRAWL_ASSIGN(const auto completed, Words::number_of(connection_, status::kCompleted));
  if (completed) {
    Test test;
    test.kind = Test::Kind::integers;
    test.column = IntColumn::status;
    test.low = test.high = *completed;
    test.negate = true;
    tests.push_back(std::move(test));
  }
  tests.emplace_back().kind = Test::Kind::unknown;
  return {};
}

Result<bool> Conditions::gather(const Gather& some, SeqSet& found) {
  const auto is_enough = [&] {
    return gathering_.used_up() ||
           gathered_groups_ + found.group_count() > kGatheredGroupsMax;
  };
  count_work(1'000);  // About what a look into the index costs.
  if (found.size() > 0 && is_enough()) return false;
  return some(is_enough);
}

Result<void> Conditions::read_unindexed() {
  if (unindexed_ != nullptr) return {};
  auto found = std::make_shared<SeqSet>();
  TRAWL_TRY(find_unindexed(connection_, *found));
  unindexed_ = std::move(found);
  return {};
}

// Looks for a condition that leaves few executions to look at.
void Conditions::consider(const Test& test) {
  if (candidates_) return;
  if (test.kind == Test::Kind::all) {
    for (const Test& child : test.children) consider(child);
    return;
  }
  if (test.kind != Test::Kind::set ||
      test.set->size() + unindexed_->size() > kCandidatesMax) {
    return;
  }
  auto& seqs = candidates_.emplace(test.set->few());
  seqs.insert(seqs.end(), unindexed_->few().begin(), unindexed_->few().end());
  std::sort(seqs.begin(), seqs.end());
  seqs.erase(std::unique(seqs.begin(), seqs.end()), seqs.end());
}

bool Conditions::touches(const GroupPlace& place) const {
  // Only a top-level set can rule a group out.
  for (const Test& test : root_.children) {
    if (test.kind == Test::Kind::set && test.set->of_group(place.group) == nullptr &&
        unindexed_->of_group(place.group) == nullptr) {
      return false;
    }
  }
  return true;
}

std::optional<std::size_t> Conditions::count_indexed(const GroupPlace& place) const {
  std::optional<SeqSet::Bits> both;
  for (const Test& test : root_.children) {
    if (test.kind == Test::Kind::set) {
      if (!test.set_is_sure || unindexed_->of_group(place.group) != nullptr) {
        return std::nullopt;
      }
      const SeqSet::Bits* bits = test.set->of_group(place.group);
      if (bits == nullptr) return 0;
      both = both ? *both & *bits : *bits;
    } else if (test.kind != Test::Kind::integers) {
      return std::nullopt;
    } else if (test.column == IntColumn::timestamp) {
      const bool whole = place.ts_min >= test.low && place.ts_max <= test.high;
      if (test.negate || !whole) return std::nullopt;
    } else if (test.column != IntColumn::ns) {
      return std::nullopt;  // A term tells the namespace, and nothing else of these.
    }
  }
  if (!both) return std::nullopt;
  return both->count();
}

Result<bool> Conditions::word_answer(Test& test, std::int64_t number) {
  if (const auto known = test.word_answers.find(number); known != test.word_answers.end()) {
    return known->second;
  }
  std::shared_ptr<const Word> word;
  if (number != 0) {
    TRAWL_ASSIGN(word, words_.find(connection_, number));
  }
  const json::value value = word_value(test.column, word.get());
  const bool answer = matches_condition(*test.node, &value);
  test.word_answers.emplace(number, answer);
  return answer;
}

Result<Conditions::Answers> Conditions::evaluate(RowGroup& group) {
  return evaluate(root_, group);
}

Result<Conditions::Answers> Conditions::evaluate(Test& test, RowGroup& group) {
  const std::size_t size = group.size();
  count_work(size / 4 + 1);
  Answers out;
  switch (test.kind) {
    case Test::Kind::constant:
      out.may.assign(size, test.value ? 1 : 0);
      out.sure = out.may;
      return out;
    case Test::Kind::unknown:
      out.may.assign(size, 1);
      out.sure.assign(size, 0);
      return out;
    case Test::Kind::all:
      out.may.assign(size, 1);
      out.sure.assign(size, 1);
      for (Test& child : test.children) {
        TRAWL_ASSIGN(const Answers answers, evaluate(child, group));
        for (std::size_t i = 0; i < size; ++i) {
          out.may[i] &= answers.may[i];
          out.sure[i] &= answers.sure[i];
        }
        // What is ruled out already need not be looked at again.
        if (std::find(out.may.begin(), out.may.end(), 1) == out.may.end()) break;
      }
      return out;
    case Test::Kind::any:
    case Test::Kind::none:
      out.may.assign(size, 0);
      out.sure.assign(size, 0);
      for (Test& child : test.children) {
        TRAWL_ASSIGN(const Answers answers, evaluate(child, group));
        for (std::size_t i = 0; i < size; ++i) {
          out.may[i] |= answers.may[i];
          out.sure[i] |= answers.sure[i];
        }
      }
      if (test.kind == Test::Kind::none) {
        std::swap(out.may, out.sure);
        for (std::size_t i = 0; i < size; ++i) {
          out.may[i] ^= 1;
          out.sure[i] ^= 1;
        }
      }
      return out;
    case Test::Kind::integers: {
      TRAWL_ASSIGN(const auto* numbers, group.integers(test.column));
      out.may.resize(size);
      for (std::size_t i = 0; i < size; ++i) {
        const std::int64_t number = (*numbers)[i];
        out.may[i] = ((number >= test.low) & (number <= test.high)) ^ test.negate;
      }
      out.sure = out.may;
      return out;
    }
    case Test::Kind::reals: {
      TRAWL_ASSIGN(const auto* numbers, group.reals(test.real));
      out.may.resize(size);
      for (std::size_t i = 0; i < size; ++i) {
        const double number = (*numbers)[i];
        const bool matches = test.is_null
                                 ? std::isnan(number)
                                 : (number >= test.real_low) & (number <= test.real_high);
        out.may[i] = matches ^ test.negate;
      }
      out.sure = out.may;
      return out;
    }
    case Test::Kind::words: {
      TRAWL_ASSIGN(const auto* numbers, group.integers(test.column));
      out.may.resize(size);
      std::int64_t last = -1;
      bool answer = false;
      for (std::size_t i = 0; i < size; ++i) {
        if ((*numbers)[i] != last) {
          last = (*numbers)[i];
          TRAWL_ASSIGN(answer, word_answer(test, last));
        }
        out.may[i] = answer;
      }
      out.sure = out.may;
      return out;
    }
    case Test::Kind::set: {
      TRAWL_ASSIGN(const auto* seqs, group.integers(IntColumn::seq));
      out.may.resize(size);
      out.sure.resize(size);
      static const SeqSet::Bits kNone;
      const SeqSet::Bits* in_set = &kNone;
      const SeqSet::Bits* not_indexed = &kNone;
      std::int64_t bits_of = -1;
      for (std::size_t i = 0; i < size; ++i) {
        const std::int64_t seq = (*seqs)[i];
        if (group_of(seq) != bits_of) {
          bits_of = group_of(seq);
          in_set = test.set->of_group(bits_of);
          if (in_set == nullptr) in_set = &kNone;
          not_indexed = unindexed_->of_group(bits_of);
          if (not_indexed == nullptr) not_indexed = &kNone;
        }
        const auto bit = static_cast<std::size_t>(seq % kRowGroupRows);
        const bool is_in = (*in_set)[bit];
        const bool is_unindexed = (*not_indexed)[bit];
        out.may[i] = is_in | is_unindexed;
        out.sure[i] = is_in & test.set_is_sure & !is_unindexed;
      }
      return out;
    }
  }
  return out;
}

}  // namespace trawl::sqlite
