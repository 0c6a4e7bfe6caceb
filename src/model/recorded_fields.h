#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "model/execution.h"

// The one table of what is recorded of an execution. Writers and readers of JSON, filters,
// orders, lists, CSVs, redaction, the command line and the API's description are made from
// it: a new field is a member of Execution and a line at the end of kRecordedMembers.
namespace trawl {

// What a field holds, and so how it is written, read, described and redacted.
enum class FieldKind {
  word,     // Text that is always there.
  id,       // Text of the server's making, an id or a hash; null where there is none.
  text,     // Text that may quote a client, which redaction looks at; null where there is
            // none.
  instant,  // Microseconds since 1970; RFC 3339 in JSON.
  amount,   // A number from 0 up.
  count,    // A whole number from 0 up.
  rate,     // A number from 0 to 1, or null.
  flag,     // Yes or no.
  words,    // A list of texts, or null where it is not known.
  labels,   // Texts under names.
  json,     // JSON, or null.
  objects,  // A list of objects, of a schema of their own.
};

// Where it is kept. What is in the record alone needs no change of what is on disk:
// executions that were recorded before there was the field have none.
enum class Kept {
  row,         // Among the thirteen of a list's row, which the wire contract fixes.
  head,        // In the record, before the pipeline.
  definition,  // Once for all executions of a pipeline.
  record,      // In the record, after the pipeline.
  derived,     // Nowhere: it is made from other fields, and not on the wire.
};

// What it can be used for; a field has any of them.
enum FieldUse : unsigned {
  kRequired = 1,   // An execution that lacks it is refused.
  kFilter = 2,     // A path of `filters`.
  kCondition = 4,  // A member of the list's body too: to be equal to a text.
  kTerm = 8,       // Its value is in the index of terms, which `filters` look up.
  kSort = 16,      // Lists can be ordered by it.
  kCsv = 32,       // A column of CSVs; what is not in the row, of what did not complete.
  kSparse = 64,    // Left out of JSON where it is empty or zero.
};

// The column of row groups that has none.
inline constexpr int kNoColumn = -1;

// A line of the table, without the member itself.
struct RecordedField {
  std::string_view name;  // On the wire.
  FieldKind kind;
  std::string_view unit;  // Of a number whose name alone does not tell what it counts.
  Kept kept;
  // Its column in row groups, where conditions on it are quick. Stored: never change it.
  int column;
  unsigned uses;
  std::string_view description;  // One sentence, without a full stop.
  std::string_view filter_name;  // In filters and conditions.

  constexpr bool is(FieldUse use) const { return (uses & use) != 0; }
  constexpr bool is_number() const {
    return kind == FieldKind::amount || kind == FieldKind::count || kind == FieldKind::rate;
  }
};

// The same with its member: a pointer to one of Execution or ExecutionSummary, or, of a
// derived field, a function of an Execution.
template <class Member>
struct RecordedMember : RecordedField {
  Member member;
};

namespace recorded {

template <class Member>
struct Place {
  Kept kept;
  Member member;
  int column;
};
template <class T>
constexpr auto row(T ExecutionSummary::*member, int column = kNoColumn) {
  return Place<T ExecutionSummary::*>{Kept::row, member, column};
}
template <class T>
constexpr auto head(T Execution::*member) {
  return Place<T Execution::*>{Kept::head, member, kNoColumn};
}
template <class T>
constexpr auto definition(T Execution::*member, int column = kNoColumn) {
  return Place<T Execution::*>{Kept::definition, member, column};
}
template <class T>
constexpr auto record(T Execution::*member, int column = kNoColumn) {
  return Place<T Execution::*>{Kept::record, member, column};
}
template <class T>
constexpr auto derived(T (*make)(const Execution&), int column = kNoColumn) {
  return Place<T (*)(const Execution&)>{Kept::derived, make, column};
}

// A line that contradicts itself does not compile.
template <class Member>
consteval RecordedMember<Member> field(std::string_view name, FieldKind kind,
                                       std::string_view unit, Place<Member> place,
                                       unsigned uses, std::string_view description,
                                       std::string_view filter_name = {}) {
  const bool is_text = kind == FieldKind::word || kind == FieldKind::id ||
                       kind == FieldKind::text || kind == FieldKind::words;
  if (description.empty()) throw "a field needs a description";
  if ((uses & (kCondition | kTerm)) != 0 && ((uses & kFilter) == 0 || !is_text)) {
    throw "only a text that filters know has a condition of its own, or terms";
  }
  if ((uses & kTerm) != 0 && (kind == FieldKind::words || place.kept == Kept::row)) {
    throw "terms are made of single texts outside of the row";
  }
  if ((uses & kSparse) != 0 && (place.kept == Kept::row || (uses & kRequired) != 0)) {
    throw "what is always there is not left out";
  }
  if ((uses & kSort) != 0 && (place.kept != Kept::row || place.column == kNoColumn)) {
    throw "lists are ordered by columns of the row";
  }
  return {{name, kind, unit, place.kept, place.column, uses, description,
           filter_name.empty() ? name : filter_name},
          place.member};
}

// The kinds of the stages that ran.
std::vector<std::string> stage_ids(const Execution& execution);
// The ids of the documents in the results, without rows that stages made.
std::vector<std::string> returned_documents(const Execution& execution);

}  // namespace recorded

namespace recorded::table {
using enum FieldKind;

// In the order of the wire.
inline constexpr std::tuple kRecordedMembers{
    // name, kind, unit, where it is kept (and its column), uses
    field("execution_id", word, "", row(&ExecutionSummary::execution_id),
          kRequired | kFilter | kCsv, "Its name, unique in the namespace"),
    field("execution_mode", word, "", row(&ExecutionSummary::execution_mode, 4),
          kFilter | kCsv, "adhoc, replay or fork; imported history may hold others"),
    field("status", word, "", row(&ExecutionSummary::status, 3), kRequired | kFilter | kCsv,
          "completed, failed, cancelled or processing; imported history may hold others"),
    field("timestamp", instant, "", row(&ExecutionSummary::timestamp, 2),
          kRequired | kFilter | kSort | kCsv, "When it started"),
    field("duration_ms", amount, "ms", row(&ExecutionSummary::duration_ms, 16),
          kFilter | kSort | kCsv, "How long it took"),
    field("credits_used", amount, "credits", row(&ExecutionSummary::credits_used, 17),
          kFilter | kSort | kCsv, "What it cost"),
    field("total_processed", count, "documents",
          row(&ExecutionSummary::total_processed, 10), kFilter | kCsv,
          "Documents that went into stages, summed"),
    field("total_returned", count, "documents", row(&ExecutionSummary::total_returned, 11),
          kFilter | kSort | kCsv, "Documents that it returned"),
    field("cache_hit_rate", rate, "", row(&ExecutionSummary::cache_hit_rate, 18),
          kFilter | kCsv, "Share of its stages that the stage cache answered"),
    field("query_summary", text, "", row(&ExecutionSummary::query_summary), kFilter | kCsv,
          "Its inputs in a few words"),
    field("stages_completed", count, "stages", row(&ExecutionSummary::stages_completed, 12),
          kFilter | kCsv, "Stages that ran to their end"),
    field("total_stages", count, "stages", row(&ExecutionSummary::total_stages, 13),
          kFilter | kCsv, "Stages of its pipeline"),
    field("collection_ids", words, "", row(&ExecutionSummary::collection_ids, 7),
          kFilter | kCsv, "The collections that it searched"),
    field("inputs", json, "", head(&Execution::inputs), kFilter,
          "JSON text: a string that holds the object, to be parsed"),
    field("inputs_hash", id, "", head(&Execution::inputs_hash),
          kFilter | kCondition | kTerm, "SHA-1 of the inputs"),
    field("pipeline", json, "", definition(&Execution::pipeline), 0, "As it was validated"),
    field("fingerprint", id, "", definition(&Execution::fingerprint),
          kFilter | kCondition | kTerm, "SHA-256 of the pipeline"),
    field("shape", id, "", definition(&Execution::shape, 9), kFilter | kCondition,
          "The same without literals"),
    field("stages", objects, "", record(&Execution::stages), 0,
          "What each stage did, in their order"),
    field("results", objects, "", record(&Execution::results), 0,
          "The documents that it returned, best first"),
    field("collection_versions", objects, "", record(&Execution::collection_versions), 0,
          "The version of each collection that it searched"),
    field("error", text, "", record(&Execution::error), kFilter | kCsv, "Why it failed"),
    field("failed_stage", text, "", record(&Execution::failed_stage, 5),
          kFilter | kCondition | kCsv, "The name of the stage that failed"),
    field("namespace_id", id, "", record(&Execution::namespace_id), 0,
          "The namespace that it belongs to"),
    field("labels", labels, "", record(&Execution::labels), kFilter,
          "Names and values that its caller gave it"),
    field("caller_key_id", id, "", record(&Execution::caller_key_id, 6),
          kFilter | kCondition, "The id of the API key that ran it", "caller"),
    field("client", text, "", record(&Execution::client), kFilter, "Its User-Agent"),
    field("request_id", text, "", record(&Execution::request_id),
          kFilter | kCondition | kTerm, "The X-Request-Id of its request"),
    field("trace_id", text, "", record(&Execution::trace_id), kFilter | kTerm,
          "The trace that its request belongs to"),
    field("parent_execution_id", id, "", record(&Execution::parent_execution_id),
          kFilter | kCondition | kTerm | kSparse, "The execution that it descends from"),
    field("relation", id, "", record(&Execution::relation), kFilter | kSparse,
          "How it descends from that one"),
    field("retriever_id", id, "", record(&Execution::retriever_id),
          kFilter | kCondition | kTerm | kSparse, "The saved retriever that it ran"),
    field("retriever_revision", count, "", record(&Execution::retriever_revision), kSparse,
          "Which revision of the retriever"),
    field("queue_wait_ms", amount, "ms", record(&Execution::queue_wait_ms), kSparse,
          "From the arrival of its request to its beginning"),
    field("stage_id", words, "", derived(&stage_ids, 8), kFilter | kCondition,
          "The kinds of the stages that ran"),
    field("returned_document", words, "", derived(&returned_documents), kFilter,
          "The ids of the documents that it returned"),
};

}  // namespace recorded::table

using recorded::table::kRecordedMembers;

// The lines alone, in the same order.
inline constexpr auto kRecordedFields = std::apply(
    [](const auto&... members) {
      return std::array<RecordedField, sizeof...(members)>{members...};
    },
    kRecordedMembers);

// The lines of the row, which are the first of the table, and those of its numbers.
template <bool numbers>
consteval auto row_fields() {
  constexpr auto is_one = [](const RecordedField& field) {
    return field.kept == Kept::row && (!numbers || field.is_number());
  };
  constexpr auto size =
      std::count_if(kRecordedFields.begin(), kRecordedFields.end(), is_one);
  std::array<RecordedField, size> out{};
  std::copy_if(kRecordedFields.begin(), kRecordedFields.end(), out.begin(), is_one);
  return out;
}
inline constexpr auto kRowFields = row_fields<false>();
inline constexpr auto kRowNumberFields = row_fields<true>();
static_assert(kRowFields.size() == 13 && kRecordedFields[12].kept == Kept::row,
              "the row is of the wire contract; keep a new field in the record");

// Where a field stands in the table.
consteval std::size_t recorded_index(std::string_view name) {
  for (std::size_t i = 0; i < kRecordedFields.size(); ++i) {
    if (kRecordedFields[i].name == name) return i;
  }
  throw "there is no such field";
}

// The field of this name in filters and conditions, or null.
const RecordedField* find_filter_field(std::string_view filter_name);

// Names of fields in the order of the table: those that have all of these uses.
std::vector<std::string_view> filter_names(unsigned uses);
// The names on the wire of all that a record shows, and of what CSVs and rows have.
const std::vector<std::string_view>& detail_field_names();
const std::vector<std::string_view>& csv_field_names();

// Whether all of a CSV is in the rows of a list; else it takes whole records.
inline constexpr bool kCsvIsInRows = [] {
  for (const RecordedField& field : kRecordedFields) {
    if (field.is(kCsv) && field.kept != Kept::row) return false;
  }
  return true;
}();

// --- over all fields with their members ----------------------------------------------

// Calls `visit` with each RecordedMember.
template <class Visit>
constexpr void for_each_recorded(Visit&& visit) {
  std::apply([&](const auto&... members) { (visit(members), ...); }, kRecordedMembers);
}

template <class Member>
inline constexpr bool kIsRowMember = false;
template <class T>
inline constexpr bool kIsRowMember<T ExecutionSummary::*> = true;

// Those of the row alone, whose members are the summary's.
template <class Visit>
constexpr void for_each_in_row(Visit&& visit) {
  for_each_recorded([&]<class Member>(const RecordedMember<Member>& field) {
    if constexpr (kIsRowMember<Member>) visit(field);
  });
}

// Those that are kept: all that a record shows.
template <class Visit>
constexpr void for_each_kept(Visit&& visit) {
  for_each_recorded([&]<class Member>(const RecordedMember<Member>& field) {
    if constexpr (std::is_member_object_pointer_v<Member>) visit(field);
  });
}

// The value in an execution: a reference to its member, or what is derived from it.
template <class Member, class Of>
constexpr decltype(auto) value_of(const RecordedMember<Member>& field, Of& execution) {
  if constexpr (kIsRowMember<Member>) {
    return std::invoke(field.member, execution.summary);
  } else {
    return std::invoke(field.member, execution);
  }
}

}  // namespace trawl
