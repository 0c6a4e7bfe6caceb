#include "api/wire/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "base/text.h"

namespace trawl::api {

std::string read_name(ObjectReader& in, ObjectReader::Names names, std::size_t min_chars,
                      std::size_t max_chars) {
  std::string name = in.required_string(names);
  if (!in.ok()) return {};
  const auto chars =
      static_cast<std::size_t>(std::count_if(name.begin(), name.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
      }));
  if (chars < min_chars || chars > max_chars) {
    in.fail(*names.begin(), fmt::format("has {}; use {} to {}", counted(chars, "character"),
                                        min_chars, max_chars));
  } else if (trim(name) != name || std::any_of(name.begin(), name.end(), [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '/';
             })) {
    in.fail(*names.begin(),
            "has a slash, a control character, or a space at either end; leave it out");
  }
  return name;
}

}  // namespace trawl::api
