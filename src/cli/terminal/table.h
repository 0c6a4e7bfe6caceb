#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trawl::cli {

// Columns of a terminal that the text fills: wide characters count two, combining ones
// none. Bytes that are not UTF-8 count one each.
std::size_t display_width(std::string_view text);

// At most `width` columns; cut text ends in an ellipsis. Never splits a character.
std::string fit(std::string_view text, std::size_t width);

enum class Style { plain, bold, dim, good, bad, waiting };

// The text in the style's colours, or as it is.
std::string styled(std::string_view text, Style style, bool colour);

struct Cell {
  std::string text;
  Style style = Style::plain;
};

struct TableColumn {
  std::string title;
  bool right = false;  // Aligned to the right, for numbers.
  // May be cut down to min_width columns; others are always shown whole.
  bool flexible = false;
  std::size_t min_width = 8;
  // 0: always shown. Where the table is too wide, the highest number goes first.
  int hide_order = 0;
};

// Lays rows out in columns no wider than the terminal. The first rows decide the layout;
// later ones keep to it, so a long list can be written while it arrives.
class Table {
 public:
  Table(std::vector<TableColumn> columns, std::size_t width, bool colour);

  // The rows as lines, the titles before the first ones. Each row has a cell per column.
  std::string lines(const std::vector<std::vector<Cell>>& rows);
  // Whether a column had to go, once there were rows.
  bool hides(std::size_t column) const;

 private:
  struct Layout {
    std::size_t column;
    std::size_t width;
  };

  void lay_out(const std::vector<std::vector<Cell>>& rows);
  void append_line(std::string& out, const std::vector<Cell>& row, bool title) const;

  std::vector<TableColumn> columns_;
  std::size_t width_;
  bool colour_;
  std::vector<Layout> layout_;  // Empty until the first rows.
};

}  // namespace trawl::cli
