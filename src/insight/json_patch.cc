#include "insight/json_patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/object_reader.h"
#include "base/text.h"

namespace trawl {
namespace {

using Tokens = std::vector<std::string>;

// A document is given back, however often a patch copies it into itself.
constexpr std::size_t kPatchedBytesMax = std::size_t{4} << 20;

std::string shown(std::string_view pointer) {
  return truncate_text(pointer, 200);
}

Result<Tokens> parse_pointer(const std::string& pointer, const std::string& location) {
  Tokens out;
  if (pointer.empty()) return out;
  const auto refuse = [&](std::string_view why) {
    return invalid_at(location, fmt::format("'{}' is no JSON pointer: {}; write it as in "
                                            "/stages/0/config/parameters/top_k",
                                            shown(pointer), why));
  };
  if (pointer.front() != '/') return refuse("it does not begin with /");
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    const char c = pointer[i];
    if (c == '/') {
      out.emplace_back();
    } else if (c != '~') {
      out.back() += c;
    } else {
      const char next = i + 1 < pointer.size() ? pointer[++i] : '\0';
      if (next != '0' && next != '1') return refuse("~ stands before 0 or 1 alone");
      out.back() += next == '0' ? '~' : '/';
    }
  }
  if (out.size() > kJsonDepthMax) return refuse("it is too deep");
  return out;
}

// The place of an item; `size` itself where an item may be added behind the last.
std::optional<std::size_t> parse_index(const std::string& token, std::size_t size,
                                       bool may_end) {
  if (may_end && token == "-") return size;
  std::size_t index = 0;
  const char* end = token.data() + token.size();
  const auto read = std::from_chars(token.data(), end, index);
  const bool leading_zero = token.size() > 1 && token.front() == '0';
  if (read.ec != std::errc() || read.ptr != end || leading_zero) return std::nullopt;
  if (index > size || (index == size && !may_end)) return std::nullopt;
  return index;
}

// Null where the tokens lead nowhere.
json::value* walk(json::value& document, const std::string* begin, const std::string* end) {
  json::value* at = &document;
  for (; begin != end; ++begin) {
    if (auto* object = at->if_object()) {
      at = object->if_contains(*begin);
      if (at == nullptr) return nullptr;
    } else if (auto* array = at->if_array()) {
      const auto index = parse_index(*begin, array->size(), false);
      if (!index) return nullptr;
      at = &(*array)[*index];
    } else {
      return nullptr;
    }
  }
  return at;
}
json::value* walk(json::value& document, const Tokens& tokens) {
  return walk(document, tokens.data(), tokens.data() + tokens.size());
}

bool add_at(json::value& document, const Tokens& tokens, json::value value) {
  if (tokens.empty()) {
    document = std::move(value);
    return true;
  }
  json::value* parent = walk(document, tokens.data(), tokens.data() + tokens.size() - 1);
  if (parent == nullptr) return false;
  if (auto* object = parent->if_object()) {
    (*object)[tokens.back()] = std::move(value);
    return true;
  }
  auto* array = parent->if_array();
  if (array == nullptr) return false;
  const auto index = parse_index(tokens.back(), array->size(), true);
  if (!index) return false;
  array->insert(array->begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return true;
}

bool remove_at(json::value& document, const Tokens& tokens) {
  if (tokens.empty()) return false;
  json::value* parent = walk(document, tokens.data(), tokens.data() + tokens.size() - 1);
  if (parent == nullptr) return false;
  if (auto* object = parent->if_object()) return object->erase(tokens.back()) > 0;
  auto* array = parent->if_array();
  if (array == nullptr) return false;
  const auto index = parse_index(tokens.back(), array->size(), false);
  if (!index) return false;
  array->erase(array->begin() + static_cast<std::ptrdiff_t>(*index));
  return true;
}

bool is_within(const Tokens& inner, const Tokens& outer) {
  return inner.size() > outer.size() &&
         std::equal(outer.begin(), outer.end(), inner.begin());
}

enum class Op { add, remove, replace, move, copy, test };

struct Operation {
  Op op = Op::test;
  std::string path;
  Tokens to;
  std::string from;
  Tokens source;                       // Of move and copy.
  const json::value* value = nullptr;  // Of the others but remove.
  std::string path_location;
  std::string from_location;
};

// What can be said of an operation without the document.
Result<Operation> read_operation(const json::object& operation,
                                 const std::string& location) {
  ObjectReader in(operation, location);
  if (!in.has({"op"}))
    in.fail("op", "is required: add, remove, replace, move, copy or test");
  Operation out;
  const Op op = out.op = in.one_of<Op>({"op"}, Op::test,
                                       {{"add", Op::add},
                                        {"remove", Op::remove},
                                        {"replace", Op::replace},
                                        {"move", Op::move},
                                        {"copy", Op::copy},
                                        {"test", Op::test}});
  if (!in.has({"path"})) in.fail("path", "is required, as in /stages/0/config/parameters");
  out.path = in.string({"path"});
  const bool takes_from = op == Op::move || op == Op::copy;
  if (takes_from && !in.has({"from"})) in.fail("from", "is required");
  // Of the others it has no meaning, but a type all the same.
  const std::string from = in.has({"from"}) ? in.string({"from"}) : std::string();
  if (takes_from) out.from = from;
  out.value = operation.if_contains("value");
  const bool takes_value = op == Op::add || op == Op::replace || op == Op::test;
  if (takes_value && out.value == nullptr) in.fail("value", "is required");
  TRAWL_TRY(in.status());
  out.path_location = in.location_of("path");
  out.from_location = in.location_of("from");
  TRAWL_ASSIGN(out.to, parse_pointer(out.path, out.path_location));
  if (takes_from) {
    TRAWL_ASSIGN(out.source, parse_pointer(out.from, out.from_location));
    if (op == Op::move && is_within(out.to, out.source)) {
      return invalid_at(out.path_location, "a value cannot be moved into itself");
    }
  }
  return out;
}

Result<void> apply(json::value& document, const Operation& operation,
                   const std::string& location) {
  const auto& [op, path, to, from, tokens, value, path_location, from_location] = operation;
  const auto nowhere = [](const std::string& where, std::string_view pointer) {
    return invalid_at(
        where, fmt::format("'{}' leads nowhere in the recorded pipeline", shown(pointer)));
  };
  const bool takes_from = op == Op::move || op == Op::copy;
  json::value source;
  if (takes_from) {
    const json::value* found = walk(document, tokens);
    if (found == nullptr) return nowhere(from_location, from);
    source = *found;
    if (op == Op::move && !remove_at(document, tokens)) return nowhere(from_location, from);
  }
  if (op == Op::test) {
    const json::value* found = walk(document, to);
    if (found == nullptr) return nowhere(path_location, path);
    if (*found != *value) {
      return invalid_at(location, fmt::format("the test fails: '{}' is {}", shown(path),
                                              truncate_text(to_json_text(*found), 200)));
    }
    return {};
  }
  if (op == Op::remove) {
    if (!remove_at(document, to)) return nowhere(path_location, path);
    return {};
  }
  if (op == Op::replace) {
    json::value* found = walk(document, to);
    if (found == nullptr) return nowhere(path_location, path);
    *found = *value;
    return {};
  }
  if (!add_at(document, to, takes_from ? std::move(source) : *value)) {
    return nowhere(path_location, path);
  }
  return {};
}

Result<std::vector<Operation>> read_patch(const json::value& patch,
                                          const std::string& location) {
  const json::array* operations = patch.if_array();
  if (operations == nullptr) {
    return invalid_at(location, fmt::format("{} is of type {}; use a JSON patch, a list of "
                                            "{{\"op\", \"path\", \"value\"}}",
                                            location, type_name(patch)));
  }
  if (operations->size() > kPatchOperationsMax) {
    return invalid_at(location,
                      fmt::format("{} has {} operations; use at most {}", location,
                                  operations->size(), kPatchOperationsMax));
  }
  std::vector<Operation> out;
  for (std::size_t i = 0; i < operations->size(); ++i) {
    const std::string place = fmt::format("{}[{}]", location, i);
    const json::object* operation = (*operations)[i].if_object();
    if (operation == nullptr) {
      return invalid_at(place, fmt::format("{} is of type {}; use {{\"op\", \"path\", "
                                           "\"value\"}}",
                                           place, type_name((*operations)[i])));
    }
    TRAWL_ASSIGN(Operation read, read_operation(*operation, place));
    out.push_back(std::move(read));
  }
  return out;
}

}  // namespace

Result<void> check_json_patch(const json::value& patch, const std::string& location) {
  TRAWL_TRY(read_patch(patch, location));
  return {};
}

Result<void> apply_json_patch(json::value& document, const json::value& patch,
                              const std::string& location) {
  TRAWL_ASSIGN(const std::vector<Operation> operations, read_patch(patch, location));
  json::value patched = document;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", location, i);
    TRAWL_TRY(apply(patched, operations[i], place));
    if (operations[i].op == Op::copy && to_json_text(patched).size() > kPatchedBytesMax) {
      return invalid_at(place, "the pipeline grows beyond 4 MiB");
    }
  }
  document = std::move(patched);
  return {};
}

}  // namespace trawl
