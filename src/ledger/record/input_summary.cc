#include "ledger/record/input_summary.h"

#include "base/text.h"

namespace trawl {
namespace {

constexpr std::size_t kSummaryCharsMax = 200;

}  // namespace

std::string summary_line(std::string_view text) {
  // A character has at most four bytes, and one more shows that the text is longer.
  std::string out(trim(text).substr(0, 4 * (kSummaryCharsMax + 1)));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return truncate_text(out, kSummaryCharsMax);
}

std::optional<std::string> summarize_inputs(const json::object& inputs,
                                            std::string_view inputs_text) {
  const auto text_of = [](const json::value* value) -> const json::string* {
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr || text->empty() ? nullptr : text;
  };
  if (const auto* query = text_of(inputs.if_contains("query"))) {
    return summary_line(view(*query));
  }
  for (const auto& input : inputs) {
    if (const auto* text = text_of(&input.value())) return summary_line(view(*text));
  }
  if (inputs.empty()) return std::nullopt;
  return inputs_text.empty() ? summary_line(to_json_text(inputs))
                             : summary_line(inputs_text);
}

}  // namespace trawl
