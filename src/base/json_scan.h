#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace trawl {

// Steps through the members of an object, or the items of an array, of compact JSON that
// this program wrote: no parse, and nothing is copied. Of any other text it stays within
// the text, and says that it is damaged where brackets, quotes or commas are not in place;
// whether numbers and words are any is not looked at.
//
//   JsonScan members(text);
//   while (const auto member = members.next()) …
//   if (members.damaged()) …
class JsonScan {
 public:
  struct Part {
    std::string_view key;    // Without its quotes, as it is escaped; empty in an array.
    std::string_view value;  // JSON.
  };

  // `text` is an object or an array, whole.
  explicit JsonScan(std::string_view text);

  // The next part; nothing at the end, and where the text is damaged.
  std::optional<Part> next();
  bool damaged() const { return damaged_; }

 private:
  std::optional<Part> give_up();

  const std::string_view text_;
  std::size_t at_ = 1;
  const bool is_object_;
  bool is_first_ = true;
  bool damaged_ = false;
};

}  // namespace trawl
