#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/csv.h"
#include "base/json.h"
#include "cli/context.h"
#include "cli/terminal/table.h"

namespace trawl::cli {

// A column of a list, for both of its shapes. A column without `cell` is in the CSV only,
// one without `path` in the table only.
struct RowColumn {
  TableColumn shape;
  std::function<Cell(const json::object& row)> cell;
  std::string path;  // Of the value in the row; also the CSV heading.
  // Of a column that a table has only if the first rows have something in it.
  std::string needed_by = {};
  // Where the terminal is too narrow for the column, what it says stands below the row.
  bool below_if_hidden = false;
};

// Writes rows in the format that was asked for, as they arrive. JSON is one object,
// {"results": […], …}; NDJSON the rows as the server sent them.
class RowWriter {
 public:
  RowWriter(Context& context, std::vector<RowColumn> columns);

  void write(const json::array& rows);
  // Ends the JSON object with more members, which the other formats leave out.
  void finish(const json::object& more = {});
  std::int64_t row_count() const { return row_count_; }

 private:
  void write_table(const json::array& rows);
  void drop_empty_columns(const json::array& rows);
  std::string notes_below(const std::vector<Cell>& row) const;
  void write_csv(const json::array& rows);

  Host& host_;
  Format format_;
  CsvTexts csv_texts_;
  std::vector<RowColumn> columns_;
  Table table_;
  std::int64_t row_count_ = 0;
  bool started_ = false;
};

// A list that is fetched in pages of up to 1000 with cursors.
struct PagedList {
  std::string target;       // The path of the list, without a query.
  json::object body;        // The filter.
  std::int64_t limit = 20;  // Rows in total.
  bool all = false;         // No limit.
  std::int64_t offset = 0;
  std::string cursor;   // To go on from, or empty.
  std::string nothing;  // What the table says when there is no row: "no executions".
  // Called where there is no row.
  std::function<void()> on_nothing = {};
  // Chooses the columns by the first rows, where they are not known before.
  std::function<std::vector<RowColumn>(const json::array& rows)> columns_for = {};
  // Changes a row before it is written, where that is wanted.
  std::function<void(json::object& row)> amend = {};
};

// Writes the list and, below a table, "showing 20 of 1,234". Fails as Context::call(); rows
// of the pages before are then written.
Outcome<Exit> write_list(Context& context, const PagedList& list,
                         std::vector<RowColumn> columns);

// A column that shows the member at `path` as text.
RowColumn text_column(std::string title, std::string path, bool flexible = false,
                      int hide_order = 0);
// The member as a number with thousands separated.
RowColumn count_column(std::string title, std::string path, int hide_order = 0);
// The member as a time, in the local time zone.
RowColumn time_column(std::string title, std::string path, int hide_order = 0);
// The member in the CSV only.
RowColumn csv_column(std::string path);

// The title of a column that shows a field: "error" -> "ERROR".
std::string title_of(std::string_view field);
std::string local_time_text(const std::string& rfc3339);
Style status_style(std::string_view status);

}  // namespace trawl::cli
