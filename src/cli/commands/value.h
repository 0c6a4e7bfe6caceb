#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "cli/failure.h"

namespace trawl::cli {

// One --input: "name=value". Where `schema` (an input_schema) says that the input is a
// text, the value is taken as it stands; else it is JSON if it reads as JSON, else text:
// limit=5 is a number, query=web server a string.
//   usage  there is no '=' or no name before it, or the text is not UTF-8
struct Input {
  std::string name;
  json::value value;
};
Outcome<Input> parse_input(std::string_view text, const json::object& schema);

// One --label: "key=value", both as they stand; the server knows which keys are good.
//   usage  there is no '=' or no key before it, it is several (a=1,b=2), or not UTF-8
Outcome<std::pair<std::string, std::string>> parse_label(std::string_view text);

// "name:3" or "name" into {"path": "name", "weight": 3}.
//   usage  the weight is not a number from 1 to 10, or there is no name
Outcome<json::object> parse_field(std::string_view text);

// "a,b:2" and repeated flags into one list of fields. Fails as parse_field().
Outcome<json::array> parse_fields(const std::vector<std::string>& texts);

}  // namespace trawl::cli
