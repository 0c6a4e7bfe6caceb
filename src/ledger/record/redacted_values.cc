#include "ledger/record/redacted_values.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/hash.h"
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

// As it stands in a URL; what may stay as it is does.
std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  static constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_alphanumeric || kPlain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
  return out;
}

std::string with_plus_for_space(std::string text) {
  for (std::size_t at = 0; (at = text.find("%20", at)) != std::string::npos; ++at) {
    text.replace(at, 3, "+");
  }
  return text;
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

std::string base64_of(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : (c == '_' ? '/' : c);
  return text;
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
  const std::string url = percent_encoded(value);
  const std::string base64url = base64url_encode(value);
  for (const std::string& form :
       {one_line(value), json_escaped(value), html_escaped(value), url,
        with_plus_for_space(url), base64url, base64_of(base64url)}) {
    if (form != value) add_pieces(form, replacement);
  }
}

void RedactedValues::add_pieces(std::string_view value, std::string_view replacement) {
  while (value.size() >= kValueBytesMin && !overflowed_) {
    std::size_t size = std::min(value.size(), kPieceBytesMax);
    // The last piece must be long enough to be looked for, so the one before gives way.
    if (value.size() > size && value.size() - size < kValueBytesMin) size /= 2;
    while (size < value.size() && size > kValueBytesMin && (value[size] & 0xC0) == 0x80)
      --size;
    const std::string_view piece = value.substr(0, size);
    const auto [place, is_new] =
        added_.try_emplace(to_lower_ascii(piece), Added{std::string(piece), ""});
    Added& added = place->second;
    if (is_new) {
      added.replacement = replacement;
    } else if (added.text != piece && added.replacement != replacement) {
      added.replacement = kMask;  // Which of the two a quote means cannot be told.
    }
    overflowed_ = added_.size() > kPiecesMax;
    value.remove_prefix(size);
  }
}

void RedactedValues::seal() {
  pieces_.clear();
  for (auto& [text, added] : added_) {
    beginnings_.set(beginning_hash(text.data()));
    pieces_.push_back({text, std::move(added.replacement)});
  }
  added_.clear();
  std::sort(pieces_.begin(), pieces_.end(),
            [](const Piece& a, const Piece& b) { return a.text < b.text; });
}

void RedactedValues::find_in(std::string_view quoting, std::vector<TextCut>& cuts) const {
  if (pieces_.empty() || quoting.size() < kValueBytesMin) return;
  const std::string text_lower = to_lower_ascii(quoting);
  const std::string_view text = text_lower;
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
