#include "base/json_scan.h"

namespace trawl {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

// Behind the quote that closes the string which begins at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return kNowhere;
}

// Behind the value that begins at `at`.
std::size_t end_of_value(std::string_view text, std::size_t at) {
  if (at >= text.size()) return kNowhere;
  if (text[at] == '"') return end_of_string(text, at);
  if (text[at] != '{' && text[at] != '[') {
    const std::size_t end = text.find_first_of(",]}", at);
    return end == at ? kNowhere : end;
  }
  std::size_t depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    switch (text[i]) {
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return i + 1;
        break;
      case '"':
        i = end_of_string(text, i);
        if (i == kNowhere) return kNowhere;
        --i;
        break;
      default:
        break;
    }
  }
  return kNowhere;
}

}  // namespace

JsonScan::JsonScan(std::string_view text) : text_(text), is_object_(text.starts_with('{')) {
  const bool is_array = text.starts_with('[') && text.ends_with(']');
  damaged_ = text.size() < 2 || (!is_array && !(is_object_ && text.ends_with('}')));
}

std::optional<JsonScan::Part> JsonScan::give_up() {
  damaged_ = true;
  return std::nullopt;
}

std::optional<JsonScan::Part> JsonScan::next() {
  if (damaged_) return std::nullopt;
  const std::size_t last = text_.size() - 1;  // The closing bracket.
  if (at_ == last) return std::nullopt;
  if (!is_first_ && text_[at_++] != ',') return give_up();
  is_first_ = false;
  Part part;
  if (is_object_) {
    if (at_ >= last || text_[at_] != '"') return give_up();
    const std::size_t end = end_of_string(text_, at_);
    if (end >= last || text_[end] != ':') return give_up();
    part.key = text_.substr(at_ + 1, end - at_ - 2);
    at_ = end + 1;
  }
  const std::size_t end = end_of_value(text_, at_);
  if (end > last) return give_up();  // kNowhere, too.
  part.value = text_.substr(at_, end - at_);
  at_ = end;
  return part;
}

}  // namespace trawl
