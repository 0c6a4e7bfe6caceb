#pragma once

#include <string>
#include <string_view>

namespace trawl {

// Spreadsheets run a cell that begins with = + - @, a tab or a carriage return as a
// formula, whoever wrote it. A safe text has a ' in front of such a beginning, which they
// take for "this is text". Only texts are changed: the number -5 stays one.
enum class CsvTexts { safe, raw };
std::string csv_cell(std::string_view text, CsvTexts texts);

// What a safe cell was made of.
std::string_view csv_text_of_cell(std::string_view cell);

}  // namespace trawl
