#include "model/redacted_values.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/json.h"
#include "base/text.h"

namespace trawl {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::string_view kEllipsis = "…";

std::size_t beginning_hash(const char* text) {
  std::uint32_t first = 0;
  std::memcpy(&first, text, sizeof first);
  return (first * 2'654'435'761u) >> 16;
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const std::size_t end = std::min(a.size(), b.size());
  return static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + end, b.begin()).first - a.begin());
}

// As the summary of a query and most messages show it.
std::string one_line(std::string_view text) {
  std::string out(trim(text));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return out;
}

std::string json_escaped(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out.substr(1, out.size() - 2);
}

}  // namespace

bool apply_cuts(std::string& text, std::vector<TextCut>& cuts) {
  if (cuts.empty()) return false;
  std::sort(cuts.begin(), cuts.end(),
            [](const TextCut& a, const TextCut& b) { return a.begin < b.begin; });
  std::vector<TextCut> merged;
  for (TextCut& cut : cuts) {
    if (!merged.empty()) {
      TextCut& last = merged.back();
      const bool same = cut.replacement == last.replacement;
      if (cut.begin < last.end || (cut.begin == last.end && same)) {
        if (!same) last.replacement = kMask;
        last.end = std::max(last.end, cut.end);
        continue;
      }
    }
    merged.push_back(std::move(cut));
  }
  std::string out;
  std::size_t done = 0;
  for (const TextCut& cut : merged) {
    out.append(text, done, cut.begin - done);
    out += cut.replacement;
    done = cut.end;
  }
  out.append(text, done);
  text = std::move(out);
  return true;
}

void RedactedValues::add(std::string_view value, std::string_view replacement) {
  if (overflowed_ || value.size() < kValueBytesMin) return;
  add_pieces(value, replacement);
  if (const std::string line = one_line(value); line != value) {
    add_pieces(line, replacement);
  }
  if (const std::string escaped = json_escaped(value); escaped != value) {
    add_pieces(escaped, replacement);
  }
}

void RedactedValues::add_pieces(std::string_view value, std::string_view replacement) {
  while (value.size() >= kValueBytesMin && !overflowed_) {
    std::size_t size = std::min(value.size(), kPieceBytesMax);
    // The last piece must be long enough to be looked for, so the one before gives way.
    if (value.size() > size && value.size() - size < kValueBytesMin) size /= 2;
    while (size < value.size() && size > kValueBytesMin && (value[size] & 0xC0) == 0x80)
      --size;
    added_.try_emplace(std::string(value.substr(0, size)), replacement);
    overflowed_ = added_.size() > kPiecesMax;
    value.remove_prefix(size);
  }
}

void RedactedValues::seal() {
  pieces_.clear();
  for (auto& [text, replacement] : added_) {
    beginnings_.set(beginning_hash(text.data()));
    pieces_.push_back({text, std::move(replacement)});
  }
  added_.clear();
  std::sort(pieces_.begin(), pieces_.end(),
            [](const Piece& a, const Piece& b) { return a.text < b.text; });
}

void RedactedValues::find_in(std::string_view text, std::vector<TextCut>& cuts) const {
  if (pieces_.empty() || text.size() < kValueBytesMin) return;
  const auto first_after = [this](std::string_view wanted) {
    return std::upper_bound(
        pieces_.begin(), pieces_.end(), wanted,
        [](std::string_view a, const Piece& b) { return a < std::string_view(b.text); });
  };
  for (std::size_t i = 0; i + kValueBytesMin <= text.size(); ++i) {
    if (!beginnings_.test(beginning_hash(text.data() + i))) continue;
    std::string_view rest = text.substr(i, kPieceBytesMax);
    auto place = first_after(rest);
    // The piece that shares most with the text stands right before or right after it.
    const Piece* nearest = nullptr;
    std::size_t shared = 0;
    if (place != pieces_.end()) {
      nearest = &*place;
      shared = common_prefix(place->text, rest);
    }
    // The longest piece that the text begins with stands before it, and so does every
    // shorter one; between them may be pieces that part from the text on the way.
    const Piece* whole = nullptr;
    while (place != pieces_.begin()) {
      const Piece& before = *std::prev(place);
      const std::size_t common = common_prefix(before.text, rest);
      if (common > shared || nearest == nullptr) {
        nearest = &before;
        shared = common;
      }
      if (common == before.text.size()) {
        whole = &before;
        break;
      }
      if (common < kValueBytesMin) break;
      rest = rest.substr(0, common);
      place = first_after(rest);
    }
    if (shared >= kValueBytesMin && (whole == nullptr || shared > whole->text.size())) {
      // A value that has an ellipsis itself may share that one as well.
      const std::string_view quote = text.substr(i, shared + kEllipsis.size());
      if (quote.find(kEllipsis, kValueBytesMin) != std::string_view::npos ||
          quote.find("...", kValueBytesMin) != std::string_view::npos) {
        cuts.push_back({i, i + shared, nearest->replacement});
        continue;
      }
    }
    if (whole != nullptr) cuts.push_back({i, i + whole->text.size(), whole->replacement});
  }
}

}  // namespace trawl
