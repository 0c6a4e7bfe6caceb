#include "cli/terminal/row_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <utility>

#include "base/clock.h"
#include "base/field_path.h"
#include "base/text.h"
#include "cli/terminal/format.h"
#include "cli/terminal/time_text.h"

namespace trawl::cli {
namespace {

constexpr std::int64_t kPageLimitMax = 1000;

std::vector<TableColumn> shapes(const std::vector<RowColumn>& columns) {
  std::vector<TableColumn> out;
  for (const auto& column : columns) {
    if (column.cell) out.push_back(column.shape);
  }
  return out;
}

}  // namespace

RowWriter::RowWriter(Context& context, std::vector<RowColumn> columns)
    : host_(context.host()),
      format_(context.format()),
      csv_texts_(context.flags().raw ? CsvTexts::raw : CsvTexts::safe),
      columns_(std::move(columns)),
      table_(shapes(columns_), host_.width, host_.colour) {}

void RowWriter::write(const json::array& rows) {
  switch (format_) {
    case Format::table:
      if (!rows.empty()) write_table(rows);
      break;
    case Format::csv:
      write_csv(rows);
      break;
    case Format::json: {
      std::string out = started_ ? "" : "{\"results\":[";
      for (const auto& row : rows) {
        if (row_count_ > 0 || &row != rows.begin()) out.push_back(',');
        append_json(out, row);
      }
      host_.out << printable_json(out, host_.out_is_terminal);
      break;
    }
    case Format::ndjson: {
      std::string out;
      for (const auto& row : rows) {
        append_json_line(out, to_json_text(row));
        out.push_back('\n');
      }
      host_.out << printable_json(out, host_.out_is_terminal);
      break;
    }
  }
  started_ = true;
  row_count_ += static_cast<std::int64_t>(rows.size());
}

void RowWriter::drop_empty_columns(const json::array& rows) {
  std::erase_if(columns_, [&](const RowColumn& column) {
    return !column.needed_by.empty() &&
           std::none_of(rows.begin(), rows.end(), [&](const json::value& row) {
             const auto* object = row.if_object();
             return object != nullptr && !text_at(*object, column.needed_by).empty();
           });
  });
  table_ = Table(shapes(columns_), host_.width, host_.colour);
}

void RowWriter::write_table(const json::array& rows) {
  static const json::object kNoRow;
  if (row_count_ == 0) drop_empty_columns(rows);
  std::vector<std::vector<Cell>> cells;
  cells.reserve(rows.size());
  for (const auto& row : rows) {
    const auto* object = row.if_object();
    std::vector<Cell> line;
    for (const auto& column : columns_) {
      if (column.cell) line.push_back(column.cell(object ? *object : kNoRow));
    }
    cells.push_back(std::move(line));
  }
  const std::string text = table_.lines(cells);
  // A row is a line; the first of them may have titles above.
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin) + 1;
    lines.push_back(std::string_view(text).substr(begin, end - begin));
    begin = end;
  }
  const std::size_t titles = lines.size() - cells.size();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    host_.out << lines[i];
    if (i >= titles) host_.out << notes_below(cells[i - titles]);
  }
}

std::string RowWriter::notes_below(const std::vector<Cell>& row) const {
  std::string out;
  std::size_t place = 0;
  for (const auto& column : columns_) {
    if (!column.cell) continue;
    const Cell& cell = row[place];
    if (column.below_if_hidden && !cell.text.empty() && table_.hides(place)) {
      out += "  " + styled(printable(cell.text), cell.style, host_.colour) + "\n";
    }
    ++place;
  }
  return out;
}

void RowWriter::write_csv(const json::array& rows) {
  std::string out;
  const auto append_line = [&](const std::function<std::string(const RowColumn&)>& field) {
    bool first = true;
    for (const auto& column : columns_) {
      if (column.path.empty()) continue;
      if (!first) out.push_back(',');
      first = false;
      const std::string text = field(column);
      append_csv_field(out, host_.out_is_terminal ? printable(text) : text);
    }
    out += "\r\n";
  };
  if (!started_)
    append_line(
        [this](const RowColumn& column) { return csv_cell(column.path, csv_texts_); });
  for (const auto& row : rows) {
    append_line([&](const RowColumn& column) {
      json::value several;
      const auto* value = find_values(row, column.path).as_one(several);
      if (value == nullptr) return std::string();
      return value->is_string() ? csv_cell(csv_text(*value), csv_texts_) : csv_text(*value);
    });
  }
  host_.out << out;
}

void RowWriter::finish(const json::object& more) {
  if (!started_) write({});
  if (format_ != Format::json) return;
  std::string out = "]";
  for (const auto& member : more) {
    out.push_back(',');
    append_json_string(out, std::string_view(member.key().data(), member.key().size()));
    out.push_back(':');
    append_json(out, member.value());
  }
  out += "}\n";
  host_.out << out;
}

Outcome<Exit> write_list(Context& context, const PagedList& list,
                         std::vector<RowColumn> columns) {
  std::optional<RowWriter> rows_out;
  if (!list.columns_for) rows_out.emplace(context, std::move(columns));
  std::int64_t row_count = 0;
  json::value total;
  bool is_total_exact = true;
  std::string cursor = list.cursor;
  std::int64_t offset = list.offset;
  while (true) {
    const std::int64_t wanted =
        list.all ? kPageLimitMax : std::min(kPageLimitMax, list.limit - row_count);
    Query query{{"limit", std::to_string(wanted)}, {"include_total", "true"}};
    if (!cursor.empty()) query.emplace_back("cursor", cursor);
    if (offset > 0) query.emplace_back("offset", std::to_string(offset));
    const json::value body = list.body;
    TRAWL_ASSIGN(auto page, context.call("POST", with_query(list.target, query), &body));
    // The first page counted; what arrives while later ones are fetched is not shown.
    if (total.is_null()) {
      is_total_exact = text_at(page, "total_relation") != "at_least";
      if (const auto* warnings = array_at(page, "warnings")) {
        for (const auto& warning : *warnings) {
          context.host().err << "warning: " << printable(plain_text(warning)) << '\n';
        }
      }
      for (const auto* place : {"total", "total_count", "pagination.total"}) {
        const auto* value = find_path(page, place);
        if (value && is_number(*value)) {
          total = *value;
          break;
        }
      }
    }
    auto* rows = page.if_contains("results") ? page["results"].if_array() : nullptr;
    if (rows && list.amend) {
      for (auto& row : *rows) {
        if (row.is_object()) list.amend(row.get_object());
      }
    }
    if (!rows_out)
      rows_out.emplace(context, list.columns_for(rows ? *rows : json::array()));
    if (rows) rows_out->write(*rows);
    row_count = rows_out->row_count();
    const auto* next = find_path(page, "pagination.next_cursor");
    cursor = next && next->is_string() ? std::string(view(next->get_string())) : "";
    offset = 0;  // A cursor stands for its place; the two exclude each other.
    const bool enough = !list.all && row_count >= list.limit;
    // A partial page may be empty and still go on.
    const auto* partial = find_path(page, "partial");
    const bool goes_on = partial && partial->is_bool() && partial->get_bool();
    if (enough || cursor.empty() || !rows || (rows->empty() && !goes_on)) break;
  }
  json::object more;
  if (!total.is_null()) more["total"] = total;
  if (cursor.empty()) {
    more["next_cursor"] = nullptr;
  } else {
    more["next_cursor"] = cursor;
  }
  rows_out->finish(more);
  const bool none_at_all = !is_number(total) || as_double(total) == 0;
  if (row_count == 0 && none_at_all && list.on_nothing) list.on_nothing();
  if (context.format() != Format::table) return Exit::ok;
  auto& host = context.host();
  if (row_count == 0) {
    host.out << list.nothing;
    if (!none_at_all) {
      host.out << " here, but " << format_count(static_cast<std::int64_t>(as_double(total)))
               << " before";
    }
    host.out << '\n';
  } else if (is_number(total)) {
    const auto known = static_cast<std::int64_t>(as_double(total));
    // A count that stopped early may be less than what came after all.
    const std::string of = is_total_exact
                               ? format_count(known)
                               : "at least " + format_count(std::max(known, row_count));
    host.out << styled(fmt::format("showing {} of {}", format_count(row_count), of),
                       Style::dim, host.colour)
             << '\n';
  }
  return Exit::ok;
}

RowColumn text_column(std::string title, std::string path, bool flexible, int hide_order) {
  RowColumn column;
  column.shape.title = std::move(title);
  column.shape.flexible = flexible;
  column.shape.hide_order = hide_order;
  column.path = path;
  column.cell = [path = std::move(path)](const json::object& row) {
    return Cell{text_at(row, path), Style::plain};
  };
  return column;
}

RowColumn count_column(std::string title, std::string path, int hide_order) {
  auto column = text_column(std::move(title), path, false, hide_order);
  column.shape.right = true;
  column.cell = [path = std::move(path)](const json::object& row) {
    const auto* value = find_path(row, path);
    if (!value || !is_number(*value)) return Cell{"-", Style::dim};
    return Cell{format_count(count_at(row, path)), Style::plain};
  };
  return column;
}

std::string title_of(std::string_view field) {
  std::string title(field);
  for (char& c : title) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return title;
}

std::string local_time_text(const std::string& rfc3339) {
  const auto time = parse_time(rfc3339);
  return time ? format_local_time(*time, system_clock().now()) : rfc3339;
}

RowColumn time_column(std::string title, std::string path, int hide_order) {
  auto column = text_column(fmt::format("{} ({})", title, utc_offset(system_clock().now())),
                            path, false, hide_order);
  column.cell = [path = std::move(path)](const json::object& row) {
    return Cell{local_time_text(text_at(row, path)), Style::plain};
  };
  return column;
}

RowColumn csv_column(std::string path) {
  RowColumn column;
  column.path = std::move(path);
  return column;
}

Style status_style(std::string_view status) {
  if (status == "completed" || status == "active") return Style::good;
  if (status == "failed" || status == "revoked" || status == "expired") return Style::bad;
  if (status == "processing" || status == "pending" || status == "running" ||
      status == "cancelled")
    return Style::waiting;
  return Style::plain;
}

}  // namespace trawl::cli
