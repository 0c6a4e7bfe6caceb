#include "base/csv.h"

#include <algorithm>

namespace trawl {
namespace {

constexpr char kQuote = '\'';
// As they are, and in the full width that East Asian spreadsheets read alike.
constexpr std::string_view kBeginnings[] = {"=",  "+",  "-",  "@",  "\t", "\r",
                                            "\n", "＝", "＋", "－", "＠"};

// Behind any quotes: one that a text has itself must not pass for ours when it is read
// back.
bool begins_a_formula(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kQuote), text.size()));
  return std::any_of(std::begin(kBeginnings), std::end(kBeginnings),
                     [text](std::string_view begin) { return text.starts_with(begin); });
}

}  // namespace

std::string csv_cell(std::string_view text, CsvTexts texts) {
  std::string out;
  if (texts == CsvTexts::safe && begins_a_formula(text)) out.push_back(kQuote);
  return out += text;
}

std::string_view csv_text_of_cell(std::string_view cell) {
  return cell.starts_with(kQuote) && begins_a_formula(cell) ? cell.substr(1) : cell;
}

}  // namespace trawl
