#include "cli/commands/document_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ostream>
#include <span>
#include <string_view>
#include <utility>

#include "base/field_path.h"
#include "base/text.h"
#include "cli/terminal/format.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

constexpr std::size_t kFieldsShown = 6;
// Longer text than this is a body rather than a fact; such fields come last.
constexpr std::size_t kShortText = 100;
// Text is worth this many columns before another field is; a sentence needs them.
constexpr std::size_t kTextWidth = 36;
constexpr std::size_t kListElementsShown = 6;
constexpr std::size_t kCellCharsMax = 400;

struct Field {
  std::string name;
  std::size_t longest = 0;
  bool numeric = true;
};

bool is_system_field(std::string_view name) {
  return name == "collection_id" || name == "document_id" || name == "created_at" ||
         name == "updated_at" || name.front() == '_';
}

std::string heading_of(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

// A list of documents, as grouping makes them, is told by its first ids.
std::string cell_text(const json::value& value) {
  const auto* list = value.if_array();
  std::string text;
  if (list && list->size() > kListElementsShown) {
    json::array head(list->begin(), list->begin() + kListElementsShown);
    text = plain_text(head) + ", …";
  } else {
    text = plain_text(value);
  }
  return fit(text, kCellCharsMax);
}

// Integers as they are: a year or an identifier takes no thousands separators.
RowColumn field_column(const std::string& name, bool numeric, int hide_order,
                       std::size_t min_width = 12) {
  RowColumn column;
  column.shape.title = heading_of(name);
  column.shape.right = numeric;
  column.shape.flexible = !numeric;
  column.shape.min_width = min_width;
  column.shape.hide_order = hide_order;
  column.path = name;
  column.cell = [name](const json::object& row) {
    json::value several;
    const auto* value = find_values(row, name).as_one(several);
    return Cell{value ? cell_text(*value) : std::string(), Style::plain};
  };
  return column;
}

enum class ScoreKind {
  none,       // All 0: nothing was searched for.
  number,     // What a search gave, or a number of the documents' own.
  own_field,  // Of the documents' own, and no number everywhere: a field like any other.
};
ScoreKind score_of(const json::array& documents) {
  ScoreKind out = ScoreKind::none;
  for (const auto& document : documents) {
    const auto* object = document.if_object();
    const auto* value = object ? object->if_contains("score") : nullptr;
    if (value == nullptr || value->is_null()) continue;
    if (!is_number(*value)) return ScoreKind::own_field;
    if (as_double(*value) != 0) out = ScoreKind::number;
  }
  return out;
}

std::vector<Field> collect_fields(const json::array& documents, bool with_score) {
  std::vector<Field> fields;
  for (const auto& document : documents) {
    const auto* object = document.if_object();
    if (!object) continue;
    for (const auto& member : *object) {
      const std::string_view name(member.key().data(), member.key().size());
      const auto& value = member.value();
      if (name.empty() || is_system_field(name) || value.is_object()) continue;
      if (name == "score" && !with_score) continue;
      auto at = std::find_if(fields.begin(), fields.end(),
                             [&](const Field& field) { return field.name == name; });
      if (at == fields.end()) at = fields.insert(fields.end(), Field{std::string(name)});
      at->longest = std::max(at->longest, display_width(cell_text(value)));
      at->numeric = at->numeric && (is_number(value) || value.is_null());
    }
  }
  return fields;
}

bool repeats_id(const json::array& documents, const std::string& name) {
  for (const auto& document : documents) {
    const auto* object = document.if_object();
    if (!object) return false;
    const auto* id = object->if_contains("document_id");
    const auto* value = object->if_contains(name);
    if (!id || !value || *id != *value) return false;
  }
  return true;
}

// The paths that documents have, down to some depth, to suggest one of them.
void collect_paths(const json::value& value, const std::string& prefix, int depth,
                   std::vector<std::string>& paths) {
  constexpr int kDepthMax = 4;
  if (const auto* list = value.if_array()) {
    for (const auto& item : *list) collect_paths(item, prefix, depth, paths);
    return;
  }
  const auto* object = value.if_object();
  if (object == nullptr || depth == kDepthMax) return;
  for (const auto& member : *object) {
    const std::string name(member.key().data(), member.key().size());
    const std::string path = prefix.empty() ? name : prefix + "." + name;
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
    collect_paths(member.value(), path, depth + 1, paths);
  }
}

}  // namespace

std::vector<RowColumn> choose_columns(const json::array& documents,
                                      const std::vector<std::string>& wanted) {
  std::vector<RowColumn> columns;
  if (!wanted.empty()) {
    for (const auto& name : wanted) {
      bool numeric = true;
      for (const auto& document : documents) {
        const auto values = find_values(document, name);
        numeric = numeric &&
                  (values.empty() || (values.one() != nullptr && is_number(*values.one())));
      }
      columns.push_back(field_column(name, numeric, 0));
    }
    return columns;
  }
  const ScoreKind kind = score_of(documents);
  if (kind == ScoreKind::number) {
    RowColumn score = field_column("score", true, 0);
    score.cell = [](const json::object& row) {
      const auto* value = row.if_contains("score");
      if (value == nullptr || !is_number(*value)) return Cell{"-", Style::dim};
      return Cell{format_number(number_at(row, "score"), 3), Style::plain};
    };
    columns.push_back(std::move(score));
  }
  const bool has_ids =
      std::any_of(documents.begin(), documents.end(), [](const json::value& document) {
        const auto* object = document.if_object();
        return object && object->contains("document_id");
      });
  if (has_ids) {
    RowColumn id = field_column("document_id", false, 0);
    id.shape.title = "DOCUMENT";
    id.shape.min_width = 20;
    columns.push_back(std::move(id));
  }
  std::vector<Field> fields = collect_fields(documents, kind == ScoreKind::own_field);
  fields.erase(std::remove_if(fields.begin(), fields.end(),
                              [&](const Field& field) {
                                return field.longest == 0 ||
                                       repeats_id(documents, field.name);
                              }),
               fields.end());
  std::stable_partition(fields.begin(), fields.end(),
                        [](const Field& field) { return field.longest <= kShortText; });
  if (fields.size() > kFieldsShown) fields.resize(kFieldsShown);
  int hide_order = 0;
  for (const auto& field : fields)
    columns.push_back(field_column(field.name, field.numeric, ++hide_order,
                                   std::min(field.longest, kTextWidth)));
  // Without scores and ids the first field is what a row is about.
  if (columns.size() == fields.size() && !columns.empty()) columns[0].shape.hide_order = 0;
  return columns;
}

void tell_unknown_columns(Host& host, const json::array& documents,
                          const std::vector<std::string>& wanted) {
  if (documents.empty()) return;
  for (const auto& name : wanted) {
    const bool known = std::any_of(
        documents.begin(), documents.end(),
        [&](const auto& document) { return !find_values(document, name).empty(); });
    if (known) continue;
    std::vector<std::string> paths;
    for (const auto& document : documents) collect_paths(document, "", 0, paths);
    const auto near = name == "id" || name == "_id"
                          ? std::string_view("document_id")
                          : nearest_name(name, std::span<const std::string>(paths));
    host.err << fmt::format(
        "warning: --columns has '{}', which none of these documents has{}\n",
        printable(name),
        near.empty() ? "" : fmt::format(" (did you mean '{}'?)", printable(near)));
  }
}

std::string facet_text(const json::array& values) {
  constexpr std::size_t kValuesShown = 10;
  if (values.empty()) return "no values";
  std::string line;
  for (std::size_t i = 0; i < std::min(values.size(), kValuesShown); ++i) {
    const auto* one = values[i].if_object();
    if (one == nullptr) continue;
    line += fmt::format("{}{} ({})", line.empty() ? "" : ", ", text_at(*one, "value"),
                        format_count(count_at(*one, "count")));
  }
  if (values.size() > kValuesShown) {
    line += fmt::format(", and {} more", values.size() - kValuesShown);
  }
  return line;
}

}  // namespace trawl::cli
