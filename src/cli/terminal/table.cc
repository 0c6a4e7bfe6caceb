#include "cli/terminal/table.h"

#include <utf8proc.h>

#include <algorithm>
#include <utility>

#include "cli/terminal/format.h"

namespace trawl::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::string_view kEllipsis = "…";

// Steps over one character: its length in bytes and its width in columns.
struct Character {
  std::size_t bytes;
  std::size_t width;
};

Character next_character(std::string_view text) {
  utf8proc_int32_t code = 0;
  const auto count =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                       static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (count <= 0) return {1, 1};
  const int width = utf8proc_charwidth(code);
  return {static_cast<std::size_t>(count), width > 0 ? static_cast<std::size_t>(width) : 0};
}

std::string_view escape_of(Style style) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::bold:
      return "\033[1m";
    case Style::dim:
      return "\033[2m";
    case Style::good:
      return "\033[32m";
    case Style::bad:
      return "\033[31m";
    case Style::waiting:
      return "\033[33m";
  }
  return "";
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character character = next_character(text);
    width += character.width;
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::string fit(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t kept = 0;
  std::size_t used = 0;
  while (kept < text.size()) {
    const Character character = next_character(text.substr(kept));
    if (used + character.width + 1 > width) break;
    used += character.width;
    kept += character.bytes;
  }
  return std::string(text.substr(0, kept)) + std::string(kEllipsis);
}

std::string styled(std::string_view text, Style style, bool colour) {
  const auto escape = escape_of(style);
  if (!colour || escape.empty()) return std::string(text);
  std::string out(escape);
  out += text;
  out += "\033[0m";
  return out;
}

Table::Table(std::vector<TableColumn> columns, std::size_t width, bool colour)
    : columns_(std::move(columns)), width_(width), colour_(colour) {}

void Table::lay_out(const std::vector<std::vector<Cell>>& rows) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].title);
    for (const auto& row : rows)
      width = std::max(width, display_width(printable(row[i].text)));
    layout_.push_back({i, width});
  }
  const auto total = [&](bool smallest) {
    std::size_t sum = layout_.empty() ? 0 : kGap * (layout_.size() - 1);
    for (const auto& [column, width] : layout_) {
      const auto& shape = columns_[column];
      sum += smallest && shape.flexible ? std::min(width, shape.min_width) : width;
    }
    return sum;
  };
  while (total(true) > width_) {
    const auto last = std::max_element(
        layout_.begin(), layout_.end(), [&](const Layout& a, const Layout& b) {
          return columns_[a.column].hide_order < columns_[b.column].hide_order;
        });
    if (last == layout_.end() || columns_[last->column].hide_order == 0) break;
    layout_.erase(last);
  }
  // Takes from the widest column first, so that short texts stay whole.
  for (std::size_t now = total(false); now > width_; --now) {
    Layout* widest = nullptr;
    for (auto& entry : layout_) {
      const auto& shape = columns_[entry.column];
      if (!shape.flexible || entry.width <= shape.min_width) continue;
      if (!widest || entry.width > widest->width) widest = &entry;
    }
    if (!widest) break;
    --widest->width;
  }
}

void Table::append_line(std::string& out, const std::vector<Cell>& row, bool title) const {
  std::size_t pending = 0;  // Spaces owed; those at the end of a line are never paid.
  for (const auto& [column, width] : layout_) {
    const auto& shape = columns_[column];
    const Cell& cell = row[column];
    std::string text = printable(cell.text);
    if (shape.flexible) text = fit(text, width);
    const std::size_t used = display_width(text);
    const std::size_t padding = width > used ? width - used : 0;
    if (shape.right) pending += padding;
    if (!text.empty()) {
      out.append(pending, ' ');
      pending = 0;
      out += styled(text, title ? Style::dim : cell.style, colour_);
    }
    if (!shape.right) pending += padding;
    pending += kGap;
  }
  out.push_back('\n');
}

std::string Table::lines(const std::vector<std::vector<Cell>>& rows) {
  std::string out;
  if (layout_.empty()) {
    lay_out(rows);
    std::vector<Cell> titles;
    for (const auto& column : columns_) titles.push_back({column.title, Style::plain});
    append_line(out, titles, true);
  }
  for (const auto& row : rows) append_line(out, row, false);
  return out;
}

bool Table::hides(std::size_t column) const {
  return std::none_of(layout_.begin(), layout_.end(),
                      [&](const Layout& entry) { return entry.column == column; });
}

}  // namespace trawl::cli
