#include "api/wire/reserved_names.h"

#include <fmt/format.h>

#include <vector>

namespace trawl::api {
namespace {

std::vector<std::string> split(std::string_view pattern) {
  std::vector<std::string> segments;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);  // The slash.
    const auto end = std::min(pattern.find('/'), pattern.size());
    segments.emplace_back(pattern.substr(0, end));
    pattern.remove_prefix(end);
  }
  return segments;
}

bool is_parameter(const std::string& segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// Whether both patterns reach the same place with their first `count` segments.
bool same_place(const std::vector<std::string>& a, const std::vector<std::string>& b,
                std::size_t count) {
  if (b.size() <= count) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (a[i] != b[i] && !(is_parameter(a[i]) && is_parameter(b[i]))) return false;
  }
  return true;
}

// The path of a pattern, with a word in one place and something neutral in the others.
std::string path_with(const std::vector<std::string>& segments, std::size_t place,
                      const std::string& word) {
  std::string path;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    path += '/';
    path += i == place ? word : is_parameter(segments[i]) ? "~" : segments[i];
  }
  return path;
}

}  // namespace

void ReservedNames::learn(const http::Router& router) {
  std::vector<std::vector<std::string>> patterns;
  for (const auto& route : router.routes()) patterns.push_back(split(route->pattern));
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const http::Route& route = *router.routes()[i];
    if (!route.is_offered) continue;
    const auto& segments = patterns[i];
    for (std::size_t place = 0; place < segments.size(); ++place) {
      if (!is_parameter(segments[place])) continue;
      const std::string parameter = segments[place].substr(1, segments[place].size() - 2);
      for (const auto& other : patterns) {
        if (!same_place(segments, other, place) || is_parameter(other[place])) continue;
        // A literal that leads nowhere from here gives way to the parameter.
        const auto match =
            router.match(route.method, path_with(segments, place, other[place]));
        if (match.route != &route) names_[parameter].insert(other[place]);
      }
    }
  }
}

bool ReservedNames::contains(std::string_view parameter, std::string_view name) const {
  const auto found = names_.find(parameter);
  return found != names_.end() && found->second.find(name) != found->second.end();
}

Result<void> ReservedNames::check(std::string_view parameter, std::string_view name,
                                  const std::string& location) const {
  if (!contains(parameter, name)) return {};
  return invalid_at(location,
                    fmt::format("{} is '{}', which the paths of this API use for something "
                                "else, so it could never be read; choose another name",
                                location, name));
}

}  // namespace trawl::api
