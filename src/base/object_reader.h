#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace trawl {

// Reads typed fields out of a JSON object that a client sent, under their names and
// aliases, and keeps the first error with the path of the value that caused it:
//
//   ObjectReader in(body, "stages[1].config.parameters");
//   const auto field = in.string({"field", "sort_field"}, "metadata.created_at");
//   const auto count = in.integer({"count", "size"}, 10, 1, 1000);
//   if (!in.ok()) return in.error();
//
// A value of another type or out of range is `invalid`, and reads as the default. Null
// counts as absent. With Templates::allowed a string that contains "{{" stands for a value
// that is not known yet: it is accepted everywhere and reads as the default. Not
// thread-safe; the object must outlive the reader.
class ObjectReader {
 public:
  enum class Templates { refused, allowed };
  using Names = std::initializer_list<std::string_view>;

  ObjectReader(const json::object& object, std::string location,
               Templates templates = Templates::refused);

  // The value under the first of these names that is present and not null, or nullptr.
  const json::value* find(Names names);
  bool has(Names names) { return find(names) != nullptr; }

  std::string string(Names names, std::string_view fallback = {});
  std::optional<std::string> optional_string(Names names);
  // Present, a string, and not empty; otherwise an error.
  std::string required_string(Names names);

  // Integers; 10.0 counts as 10, "10" does not.
  std::int64_t integer(Names names, std::int64_t fallback, std::int64_t min,
                       std::int64_t max);
  std::optional<std::int64_t> optional_integer(Names names, std::int64_t min,
                                               std::int64_t max);
  double number(Names names, double fallback, double min, double max);
  std::optional<double> optional_number(Names names, double min, double max);
  bool boolean(Names names, bool fallback);

  // One of a list of words; the error names the nearest.
  template <class T>
  T one_of(Names names, T fallback,
           std::initializer_list<std::pair<std::string_view, T>> words) {
    const auto text = optional_string(names);
    if (!text) return fallback;
    for (const auto& [word, value] : words) {
      if (*text == word) return value;
    }
    std::vector<std::string_view> known;
    for (const auto& pair : words) known.push_back(pair.first);
    fail_word(*names.begin(), *text, known);
    return fallback;
  }

  // A list of strings; a single string counts as a list of one. Empty when absent.
  std::vector<std::string> strings(Names names);
  // nullptr when absent (or a template); another type is an error.
  const json::object* object(Names names);
  const json::array* array(Names names);

  // A reader of a nested object, with this one's template mode.
  ObjectReader child(const json::object& object, std::string_view name) const;
  ObjectReader child(const json::object& object, std::string_view name,
                     std::size_t index) const;

  // Records an error at location.name; the first one is kept.
  void fail(std::string_view name, std::string message);
  void fail(Error error);

  // True when the value is a template that will be known only at run time.
  bool is_template(const json::value& value) const;

  bool ok() const { return !error_; }
  const Error& error() const { return *error_; }  // Only where ok() is false.
  // The error, or success.
  Result<void> status() const;

  const std::string& location() const { return location_; }
  std::string location_of(std::string_view name) const;
  Templates templates() const { return templates_; }
  const json::object& source() const { return object_; }

  // Keys that no call has asked for, for warnings and for strict bodies.
  std::vector<std::string> unread() const;
  // The names that calls have asked for, present or not.
  const std::vector<std::string_view>& asked() const { return asked_; }

 private:
  std::string misspelt(Names names) const;
  void fail_type(std::string_view name, std::string_view wanted, const json::value& found);
  void fail_word(std::string_view name, std::string_view found,
                 const std::vector<std::string_view>& known);

  const json::object& object_;
  std::string location_;
  Templates templates_;
  std::optional<Error> error_;
  std::vector<std::string_view> asked_;
};

}  // namespace trawl
