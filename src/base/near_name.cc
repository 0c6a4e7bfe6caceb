#include "base/near_name.h"

#include <string>
#include <vector>

#include "base/text.h"

namespace trawl {
namespace {

// Letters and digits alone, in lower case: what camelCase, kebab-case and snake_case share.
std::string squeezed(std::string_view word) {
  std::string out;
  for (const char c : to_lower_ascii(word)) {
    if (c != '_' && c != '-' && c != '.' && c != ' ') out.push_back(c);
  }
  return out;
}

// "policies" and "policy", "statuses" and "status", "filters" and "filter" become equal.
std::string singular(std::string word) {
  const auto drop = [&](std::string_view end, std::string_view instead) {
    if (word.size() <= end.size() + 1 || !word.ends_with(end)) return false;
    word.replace(word.size() - end.size(), end.size(), instead);
    return true;
  };
  if (!drop("ies", "y") && !drop("ses", "s") && !word.ends_with("ss") &&
      !word.ends_with("us")) {
    drop("s", "");
  }
  return word;
}

}  // namespace

std::string_view near_name(std::string_view word, std::span<const std::string_view> names) {
  constexpr std::size_t kWordMax = 64;
  if (word.size() > kWordMax) return {};
  const std::string plain = squeezed(word);
  if (plain.empty()) return {};
  for (const std::string_view name : names) {
    if (squeezed(name) == plain) return name;
  }
  const std::string one = singular(plain);
  for (const std::string_view name : names) {
    if (singular(squeezed(name)) == one) return name;
  }
  // One letter of two makes another word.
  if (plain.size() < 3) return {};
  if (const auto near = nearest_name(word, names); !near.empty()) return near;
  // Both slips at once: "feild" for "fields".
  std::vector<std::string> singulars;
  singulars.reserve(names.size());
  for (const std::string_view name : names) singulars.push_back(singular(squeezed(name)));
  const auto near = nearest_name(one, singulars);
  for (std::size_t i = 0; i < names.size() && !near.empty(); ++i) {
    if (singulars[i] == near) return names[i];
  }
  return {};
}

}  // namespace trawl
