#include "ledger/execution_filter.h"

#include <algorithm>

#include "base/field_path.h"
#include "base/work_limit.h"
#include "ledger/error_kind.h"
#include "model/execution_json.h"
#include "model/field_json.h"
#include "model/recorded_fields.h"
#include "text/analyzer.h"

namespace trawl {
namespace {

using Terms = std::vector<std::vector<std::string>>;

// Inputs stand a few levels deep in the requests that brought them.
constexpr std::size_t kInputsDepthMax = kJsonDepthMax + 16;

void for_each_value(const json::value& value,
                    const std::function<void(std::string_view)>& sink) {
  switch (value.kind()) {
    case json::kind::object:
      for (const auto& field : value.get_object()) for_each_value(field.value(), sink);
      return;
    case json::kind::array:
      for (const auto& item : value.get_array()) for_each_value(item, sink);
      return;
    case json::kind::string:
      sink(view(value.get_string()));
      return;
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      sink(to_json_text(value));
      return;
    default:
      return;
  }
}

// Terms of a text that `matches` may hold a query against.
bool text_matches(
    const TextQuery& query,
    const std::function<void(const std::function<void(std::string_view)>&)>& for_each) {
  Analyzer analyzer = Analyzer::make("", LongTerms::whole).value();
  Terms terms;
  for_each([&](std::string_view text) { terms.push_back(analyzer.terms(text)); });
  return query.matches(terms);
}

// What conditions see of a field that is not in the row.
json::value document_value(const RecordedField&, const std::string& text) {
  return text.empty() ? json::value(nullptr) : text_value(text);
}

json::value document_value(const RecordedField& field,
                           const std::optional<std::string>& text) {
  if (!text) return nullptr;
  if (field.kind == FieldKind::json) {
    if (auto value = parse_json(*text, kInputsDepthMax)) return std::move(*value);
  }
  return text_value(*text);
}

json::value document_value(const RecordedField&, const std::vector<std::string>& words) {
  json::array out;
  for (const std::string& word : words) out.push_back(text_value(word));
  return out;
}

json::value document_value(const RecordedField&, const Labels& labels) {
  json::object out;
  for (const auto& [name, value] : labels) out[name] = text_value(value);
  return out;
}

// Everything else as it is on the wire.
template <class Value>
json::value document_value(const RecordedField& field, const Value& value) {
  std::string text;
  NotingWriter writer(text);
  write_value(writer, field, value);
  auto parsed = parse_json(text);
  return parsed ? std::move(*parsed) : json::value(nullptr);
}

// The document of an execution, with those fields outside of the row that are wanted.
template <class Wanted>
json::object make_document(const Execution& execution, const Wanted& is_wanted) {
  json::object out;
  if (auto row = parse_json(execution_row_json(execution.summary))) {
    out = std::move(row->get_object());
  }
  for_each_recorded([&](const auto& field) {
    if (field.kept == Kept::row || !field.is(kFilter) || !is_wanted(field)) return;
    out[field.filter_name] = document_value(field, value_of(field, execution));
  });
  return out;
}

// Whether a condition of the filter looks at a field, or into it.
bool looks_at(const Filter& filter, std::string_view field) {
  const auto& paths = filter.paths();
  return std::any_of(paths.begin(), paths.end(), [&](std::string_view path) {
    return path.starts_with(field) &&
           (path.size() == field.size() || path[field.size()] == '.');
  });
}

bool returned(const Execution& execution, const ReturnedDocument& wanted) {
  const auto& ids = wanted.collection_ids;
  return std::any_of(
      execution.results.begin(), execution.results.end(), [&](const ScoredId& result) {
        return result.document_id == wanted.document_id &&
               (ids.empty() ||
                std::find(ids.begin(), ids.end(), result.collection_id) != ids.end());
      });
}

}  // namespace

void for_each_text(const std::optional<std::string>& query_summary,
                   const std::optional<std::string>& inputs,
                   const std::function<void(std::string_view)>& sink) {
  if (query_summary) sink(*query_summary);
  if (!inputs) return;
  if (const auto value = parse_json(*inputs, kInputsDepthMax)) {
    for_each_value(*value, sink);
  } else {
    sink(*inputs);
  }
}

json::object execution_document(const Execution& execution) {
  return make_document(execution, [](const RecordedField&) { return true; });
}

const std::vector<std::string_view>& execution_fields() {
  static const std::vector<std::string_view> kFields = [] {
    auto names = filter_names(kFilter);
    std::sort(names.begin(), names.end());
    return names;
  }();
  return kFields;
}

bool matches(const ExecutionFilter& filter, const Execution& execution) {
  const ExecutionSummary& summary = execution.summary;
  if (execution.namespace_id != filter.namespace_id) return false;
  if (filter.modes != ModeKinds::all() &&
      !filter.modes.has(mode_kind(summary.execution_mode))) {
    return false;
  }
  if (filter.status && summary.status != *filter.status) return false;
  if (filter.start_time && summary.timestamp < *filter.start_time) return false;
  if (filter.end_time && summary.timestamp > *filter.end_time) return false;
  if (filter.execution_ids &&
      std::find(filter.execution_ids->begin(), filter.execution_ids->end(),
                summary.execution_id) == filter.execution_ids->end()) {
    return false;
  }
  if (filter.query && !text_matches(*filter.query, [&](const auto& sink) {
        for_each_text(summary.query_summary, execution.inputs, sink);
      })) {
    return false;
  }
  if (filter.error && !text_matches(*filter.error, [&](const auto& sink) {
        if (execution.error) sink(*execution.error);
      })) {
    return false;
  }
  if (filter.returned_document && !returned(execution, *filter.returned_document)) {
    return false;
  }
  if (filter.error_kind) {
    if (summary.status == status::kCompleted || !execution.error) return false;
    count_work(execution.error->size() / 8 + 1);
    if (error_kind(*execution.error) != *filter.error_kind) return false;
  }
  if (filter.where.empty()) return true;
  // Inputs and results may be long, and most conditions look at something else.
  const json::object document = make_document(execution, [&](const RecordedField& field) {
    return std::any_of(filter.where.begin(), filter.where.end(), [&](const Filter& where) {
      return looks_at(where, field.filter_name);
    });
  });
  const auto look_up = [&](std::string_view path) -> PathValues {
    // A label's name may hold dots.
    constexpr std::string_view kLabels = "labels.";
    if (path.starts_with(kLabels)) {
      return document.at("labels").get_object().if_contains(path.substr(kLabels.size()));
    }
    return find_values(document, path);
  };
  return std::all_of(filter.where.begin(), filter.where.end(),
                     [&](const Filter& where) { return where.matches(look_up); });
}

}  // namespace trawl
