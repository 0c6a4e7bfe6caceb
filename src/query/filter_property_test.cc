#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <regex>
#include <set>

#include "base/clock.h"
#include "base/field_path.h"
#include "query/filter.h"

// Random filters on random documents, judged by an evaluator that is written from the
// grammar alone: recursive, on the JSON itself, with nothing shared but JSON.
namespace trawl::filter_property_test {
namespace {

using Rng = std::mt19937;

template <class T>
const T& pick(Rng& rng, const std::vector<T>& from) {
  return from[rng() % from.size()];
}

// --- The naive evaluator ---------------------------------------------------------------

std::string text_of(const json::value& value) {
  return std::string(view(value.get_string()));
}

// The words that the documents hold fold simply; é is the only letter beyond ASCII.
std::string naive_fold(std::string text) {
  for (std::size_t at; (at = text.find("É")) != std::string::npos;)
    text.replace(at, 2, "é");
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string naive_case(const std::string& text, bool sensitive) {
  return sensitive ? text : naive_fold(text);
}

bool naive_equal(const json::value& a, const json::value& b, bool sensitive) {
  if (is_number(a) && is_number(b)) {
    return std::stold(to_json_text(a)) == std::stold(to_json_text(b));
  }
  if (a.is_string() && b.is_string()) {
    return naive_case(text_of(a), sensitive) == naive_case(text_of(b), sensitive);
  }
  if (a.is_array() && b.is_array()) {
    if (a.get_array().size() != b.get_array().size()) return false;
    for (std::size_t i = 0; i < a.get_array().size(); ++i) {
      if (!naive_equal(a.get_array()[i], b.get_array()[i], sensitive)) return false;
    }
    return true;
  }
  if (a.is_object() && b.is_object()) {
    std::map<std::string, json::value> left, right;
    for (const auto& [key, value] : a.get_object()) left[key] = value;
    for (const auto& [key, value] : b.get_object()) right[key] = value;
    if (left.size() != right.size()) return false;
    for (const auto& [key, value] : left) {
      if (right.count(key) == 0 || !naive_equal(value, right[key], sensitive)) return false;
    }
    return true;
  }
  if (a.is_bool() && b.is_bool()) return a.get_bool() == b.get_bool();
  return a.is_null() && b.is_null();
}

std::optional<long double> naive_number(const json::value& value) {
  if (is_number(value)) return std::stold(to_json_text(value));
  static const std::regex kNumber(R"(-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?)");
  if (!value.is_string() || !std::regex_match(text_of(value), kNumber)) return std::nullopt;
  return std::stold(text_of(value));
}

std::optional<long double> naive_time(const json::value& value) {
  if (!value.is_string()) return std::nullopt;
  const auto time = parse_time(view(value.get_string()));
  if (!time) return std::nullopt;
  return *time;
}

std::optional<int> naive_order(const json::value& a, const json::value& b) {
  for (const auto read : {naive_number, naive_time}) {
    const auto x = read(a), y = read(b);
    if (x && y) return *x < *y ? -1 : (*x > *y ? 1 : 0);
  }
  return std::nullopt;
}

// Numbers and texts of numbers, and two texts of one instant.
bool naive_match(const json::value& field, const json::value& value, bool sensitive) {
  if (naive_equal(field, value, sensitive)) return true;
  const bool both_texts = field.is_string() && value.is_string();
  const bool mixed = is_number(field) != is_number(value);
  if (!both_texts && !mixed) return false;
  const auto read = both_texts ? naive_time : naive_number;
  const auto x = read(field), y = read(value);
  return x && y && *x == *y;
}

bool naive_equal_or_item(const json::value& field, const json::value& value,
                         bool sensitive) {
  if (naive_match(field, value, sensitive)) return true;
  if (!field.is_array()) return false;
  for (const auto& item : field.get_array()) {
    if (naive_match(item, value, sensitive)) return true;
  }
  return false;
}

std::set<std::string> naive_words(const json::value& value) {
  std::set<std::string> words;
  std::string word;
  for (const char c : naive_fold(text_of(value)) + " ") {
    if (std::isalnum(static_cast<unsigned char>(c)) || (c & 0x80) != 0) {
      word += c;
    } else if (!word.empty()) {
      words.insert(word);
      word.clear();
    }
  }
  return words;
}

struct NaiveValues {
  std::vector<json::value> found;
  bool through_list = false;
};

void naive_find(const json::value& at, const std::vector<std::string>& path,
                std::size_t from, bool through_list, NaiveValues& out) {
  if (from == path.size()) {
    out.found.push_back(at);
    out.through_list = through_list;
  } else if (at.is_object()) {
    const auto* next = at.get_object().if_contains(path[from]);
    if (next != nullptr) naive_find(*next, path, from + 1, through_list, out);
  } else if (at.is_array()) {
    const json::array& items = at.get_array();
    const std::string& name = path[from];
    const bool is_digit = name.size() == 1 && std::isdigit(name[0]);
    if (is_digit && static_cast<std::size_t>(name[0] - '0') < items.size()) {
      naive_find(items[name[0] - '0'], path, from + 1, through_list, out);
      return;
    }
    for (const auto& item : items) naive_find(item, path, from, true, out);
  }
}

bool naive_single(const json::value* field, const std::string& op, const json::value& value,
                  bool sensitive);

bool naive_condition(const json::value& doc, const std::string& path, const std::string& op,
                     const json::value& value, bool sensitive) {
  std::vector<std::string> names(1);
  for (const char c : path) {
    if (c == '.') {
      names.emplace_back();
    } else {
      names.back() += c;
    }
  }
  NaiveValues values;
  naive_find(doc, names, 0, false, values);
  if (op == "ne") return !naive_condition(doc, path, "eq", value, sensitive);
  if (op == "nin") return !naive_condition(doc, path, "in", value, sensitive);
  if (!values.through_list) {
    return naive_single(values.found.empty() ? nullptr : &values.found.front(), op, value,
                        sensitive);
  }
  if (op == "exists") return value.get_bool();
  const auto any = [&](const auto& fits) {
    return std::any_of(values.found.begin(), values.found.end(), fits);
  };
  if (op == "is_null") {
    return value.get_bool() != any([](const json::value& one) { return !one.is_null(); });
  }
  return any([&](const json::value& one) {
    return naive_single(&one, op, value, sensitive) ||
           (op == "contains" && naive_match(one, value, sensitive));
  });
}

// Of one value, or none.
bool naive_single(const json::value* field, const std::string& op, const json::value& value,
                  bool sensitive) {
  if (op == "exists") return (field != nullptr) == value.get_bool();
  if (op == "is_null") {
    return (field == nullptr || field->is_null()) == value.get_bool();
  }
  if (field == nullptr) return false;
  if (op == "eq") return naive_equal_or_item(*field, value, sensitive);
  if (op == "in") {
    if (!value.is_array()) return naive_equal_or_item(*field, value, sensitive);
    for (const auto& item : value.get_array()) {
      if (naive_equal_or_item(*field, item, sensitive)) return true;
    }
    return false;
  }
  if (op == "gt" || op == "gte" || op == "lt" || op == "lte") {
    const auto fits = [&](const json::value& one) {
      const auto order = naive_order(one, value);
      if (!order) return false;
      return (*order > 0 && op[0] == 'g') || (*order < 0 && op[0] == 'l') ||
             (*order == 0 && op.size() == 3);
    };
    if (!field->is_array()) return fits(*field);
    return std::any_of(field->get_array().begin(), field->get_array().end(), fits);
  }
  if (op == "contains" && field->is_array()) {
    for (const auto& item : field->get_array()) {
      if (naive_match(item, value, sensitive)) return true;
    }
    return false;
  }
  if (!field->is_string() || !value.is_string()) return false;
  const std::string text = naive_case(text_of(*field), sensitive);
  const std::string part = naive_case(text_of(value), sensitive);
  if (op == "contains") return text.find(part) != std::string::npos;
  if (op == "starts_with") return text.compare(0, part.size(), part) == 0;
  if (op == "ends_with") {
    return text.size() >= part.size() &&
           text.compare(text.size() - part.size(), part.size(), part) == 0;
  }
  if (op == "regex") return std::regex_search(text, std::regex(part));
  const auto have = naive_words(*field), want = naive_words(value);  // text
  return std::includes(have.begin(), have.end(), want.begin(), want.end());
}

bool naive_filter(const json::value& doc, const json::value& filter, bool sensitive) {
  if (filter.is_null()) return true;
  const auto& object = filter.get_object();
  if (const auto* own = object.if_contains("case_sensitive")) sensitive = own->get_bool();
  if (object.contains("field")) {
    const auto* op = object.if_contains("operator");
    return naive_condition(doc, text_of(object.at("field")), op ? text_of(*op) : "eq",
                           object.at("value"), sensitive);
  }
  bool all = true;
  for (const auto& [key, value] : object) {
    if (key == "AND") {
      for (const auto& item : value.get_array())
        all = all && naive_filter(doc, item, sensitive);
    } else if (key == "OR") {
      bool any = false;
      for (const auto& item : value.get_array())
        any = any || naive_filter(doc, item, sensitive);
      all = all && any;
    } else if (key == "NOT" && value.is_object()) {
      all = all && !naive_filter(doc, value, sensitive);
    } else if (key == "NOT") {
      for (const auto& item : value.get_array())
        all = all && !naive_filter(doc, item, sensitive);
    } else if (key != "case_sensitive") {
      all = all && naive_condition(doc, key, "eq", value, sensitive);
    }
  }
  return all;
}

// --- Random filters and documents ------------------------------------------------------

// A small world, so that matches are common.
json::value random_scalar(Rng& rng) {
  static const std::vector<std::string> kValues = {"null",
                                                   "true",
                                                   "false",
                                                   "0",
                                                   "1",
                                                   "1.0",
                                                   "2",
                                                   "-1",
                                                   "2.5",
                                                   "10",
                                                   "9007199254740993",
                                                   "9007199254740992.0",
                                                   "18446744073709551615",
                                                   "\"\"",
                                                   "\"a\"",
                                                   "\"A\"",
                                                   "\"ab\"",
                                                   "\"Ab b\"",
                                                   "\"b, a\"",
                                                   "\"É\"",
                                                   "\"été A\"",
                                                   "\"1\"",
                                                   "\"10\"",
                                                   "\"2.50\"",
                                                   "\"2026-01-31\"",
                                                   "\"2026-01-31T00:00:00Z\"",
                                                   "\"2026-01-30T20:00:00-05:00\"",
                                                   "\"2026-02-30\"",
                                                   "\"true\""};
  return parse_json(pick(rng, kValues)).value();
}

json::value random_value(Rng& rng, int depth = 2) {
  const auto kind = depth > 0 ? rng() % 6 : 0;
  if (kind == 4) {
    json::array array;
    for (auto n = rng() % 4; n > 0; --n) array.push_back(random_value(rng, depth - 1));
    return array;
  }
  if (kind == 5) {
    json::object object;
    for (auto n = rng() % 3; n > 0; --n) {
      object[std::string(1, static_cast<char>('p' + rng() % 3))] =
          random_value(rng, depth - 1);
    }
    return object;
  }
  return random_scalar(rng);
}

std::string random_path(Rng& rng) {
  static const std::vector<std::string> kPaths = {"p",   "q",   "r",     "p.q", "p.p",
                                                  "q.0", "r.1", "q.r.p", "r.p", "p.r"};
  return pick(rng, kPaths);
}

json::value random_condition(Rng& rng) {
  static const std::vector<std::string> kOps = {
      "eq",       "ne",          "gt",        "lt",    "gte",    "lte",     "in",  "nin",
      "contains", "starts_with", "ends_with", "regex", "exists", "is_null", "text"};
  const std::string op = pick(rng, kOps);
  json::object out;
  if (rng() % 3 == 0) out["case_sensitive"] = rng() % 2 == 0;
  out["field"] = random_path(rng);
  if (op != "eq" || rng() % 2 == 0) out["operator"] = op;
  if (op == "exists" || op == "is_null") {
    out["value"] = rng() % 2 == 0;
  } else if (op == "in" || op == "nin") {
    json::array list;
    for (auto n = rng() % 14; n > 0; --n) list.push_back(random_value(rng, 1));
    out["value"] = rng() % 6 == 0 ? random_scalar(rng) : json::value(list);
  } else if (op == "regex") {
    static const std::vector<std::string> kPatterns = {"a",    "^a",  "b$",     "^$",
                                                       "a.b?", "A|1", "[ab]{2}"};
    out["value"] = pick(rng, kPatterns);
  } else if (op == "starts_with" || op == "ends_with" || op == "text") {
    static const std::vector<std::string> kTexts = {"",  "a",   "A", "b", "ab",
                                                    "É", "b a", "2", "t"};
    out["value"] = pick(rng, kTexts);
  } else {
    out["value"] = random_value(rng);
  }
  return out;
}

json::value random_filter(Rng& rng, int depth) {
  if (depth == 0 || rng() % 3 == 0) {
    if (rng() % 4 != 0) return random_condition(rng);
    json::object shorthand;
    for (auto n = rng() % 3; n > 0; --n) shorthand[random_path(rng)] = random_value(rng);
    return shorthand;
  }
  json::object group;
  const auto members = [&] {
    json::array list;
    for (auto n = rng() % 4; n > 0; --n) list.push_back(random_filter(rng, depth - 1));
    return list;
  };
  if (rng() % 2 == 0) group["AND"] = members();
  if (rng() % 3 == 0)
    group["NOT"] = rng() % 2 == 0 ? json::value(members()) : random_filter(rng, depth - 1);
  if (rng() % 2 == 0 || group.empty()) group["OR"] = members();
  if (rng() % 4 == 0) group["case_sensitive"] = rng() % 2 == 0;
  return group;
}

json::object random_document(Rng& rng) {
  json::object doc;
  for (const char* name : {"p", "q", "r"}) {
    if (rng() % 4 != 0) doc[name] = random_value(rng);
  }
  return doc;
}

TEST(FilterProperty, AgreesWithTheGrammar) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Rng rng(seed);
  std::size_t matched = 0, tried = 0;
  std::map<std::string, std::set<std::string>> by_fingerprint;
  std::vector<json::object> probes;
  for (int i = 0; i < 30; ++i) probes.push_back(random_document(rng));
  for (int i = 0; i < 6000; ++i) {
    const json::value source = random_filter(rng, static_cast<int>(rng() % 4));
    FilterOptions options;
    options.case_sensitive = rng() % 2 == 0;
    const auto filter = Filter::compile(source, "filters", options);
    ASSERT_TRUE(filter) << to_json_text(source) << ": " << filter.error().message;
    for (int j = 0; j < 5; ++j) {
      const json::object doc = random_document(rng);
      const bool expected = naive_filter(json::value(doc), source, options.case_sensitive);
      ASSERT_EQ(filter->matches(doc), expected)
          << to_json_text(source) << "\non " << to_json_text(doc) << "\ncase_sensitive "
          << options.case_sensitive;
      matched += expected;
      ++tried;
      // Only what paths() names is looked at.
      const auto& paths = filter->paths();
      filter->matches([&](std::string_view path) {
        EXPECT_NE(std::find(paths.begin(), paths.end(), path), paths.end()) << path;
        return find_values(doc, path);
      });
    }
    // Filters with one fingerprint decide alike.
    std::string verdicts;
    for (const auto& doc : probes) verdicts += filter->matches(doc) ? '1' : '0';
    by_fingerprint[filter->fingerprint()].insert(verdicts);
  }
  for (const auto& [print, verdicts] : by_fingerprint)
    EXPECT_EQ(verdicts.size(), 1u) << print;
  EXPECT_GT(matched, tried / 10);  // The world is small enough to mean something.
  EXPECT_LT(matched, tried * 9 / 10);
}

}  // namespace
}  // namespace trawl::filter_property_test
