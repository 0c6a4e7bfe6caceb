// What the CPU of a build is measured against (tests/build_budget.py): a bit of everything
// that ours has, and nothing that changes with it.
#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace {

template <int kNumber>
struct Step {
  std::variant<int, std::string, std::vector<double>> value;
  std::map<std::string, std::function<int(int)>> functions;
  std::unordered_map<std::string, std::vector<std::string>> words;

  int run(int input) {
    functions["add"] = [input](int other) { return input + other + kNumber; };
    words[std::to_string(input)].push_back(
        std::regex_replace(std::to_string(kNumber),
                           std::regex("[0-" + std::to_string(kNumber % 10) + "]"), "x"));
    boost::json::object object{{"number", kNumber}, {"words", words.size()}};
    value = boost::json::serialize(object);
    std::vector<std::string> sorted = words.begin()->second;
    std::sort(sorted.begin(), sorted.end(),
              [](const auto& a, const auto& b) { return a.size() < b.size() || a < b; });
    return functions["add"](static_cast<int>(sorted.size())) +
           std::visit([](const auto& held) { return static_cast<int>(sizeof held); },
                      value);
  }
};

template <int... kNumbers>
int run_all(int input, std::integer_sequence<int, kNumbers...>) {
  return (Step<kNumbers>().run(input) + ...);
}

}  // namespace

int main(int count, char**) {
  std::cout << run_all(count, std::make_integer_sequence<int, 24>()) << "\n";
}
