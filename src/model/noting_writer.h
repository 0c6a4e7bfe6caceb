#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace trawl {

struct TextSpan {
  std::size_t begin = 0;
  std::size_t size = 0;

  std::string_view of(std::string_view text) const { return text.substr(begin, size); }
  bool operator==(const TextSpan&) const = default;
};

// A JsonWriter that notes where some of the values stand in its text.
class NotingWriter : public JsonWriter {
 public:
  explicit NotingWriter(std::string& out) : JsonWriter(out), text_(out) {}

  // `write` writes one value of a member whose key was the last that was written.
  template <class Write>
  void note(Write&& write) {
    const std::size_t begin = text_.size();
    std::forward<Write>(write)();
    noted_.push_back({begin, text_.size() - begin});
  }
  // In the order of the text, apart from each other.
  std::vector<TextSpan> take_noted() { return std::move(noted_); }

 private:
  std::string& text_;
  std::vector<TextSpan> noted_;
};

}  // namespace trawl
