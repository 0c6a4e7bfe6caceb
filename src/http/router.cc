#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "base/text.h"
#include "http/message/message.h"

namespace trawl::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// "/a/b" and "/a/b/" into a, b; "/" into nothing. False without a leading slash.
bool split_path(std::string_view path, std::vector<std::string_view>& segments) {
  segments.clear();
  if (path.empty() || path.front() != '/') return false;
  path.remove_prefix(1);
  if (path.empty()) return true;
  if (path.back() == '/') path.remove_suffix(1);
  while (true) {
    const auto slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

// The name in "{name}", or nothing.
std::string_view parameter_name(std::string_view segment) {
  if (segment.size() < 3 || segment.front() != '{' || segment.back() != '}') return {};
  return segment.substr(1, segment.size() - 2);
}

template <class Literals>
auto lower_bound_of(Literals& literals, std::string_view segment) {
  return std::lower_bound(
      literals.begin(), literals.end(), segment,
      [](const auto& entry, std::string_view value) { return entry.first < value; });
}

}  // namespace

struct Router::Search {
  std::string_view method;
  std::vector<std::string> segments;  // Decoded.
  Match match;
};

void Router::add(Route route) {
  std::vector<std::string_view> segments;
  if (!split_path(route.pattern, segments)) {
    throw std::invalid_argument("the route pattern '" + route.pattern +
                                "' does not begin with a slash");
  }
  std::size_t node = 0;
  for (const std::string_view segment : segments) {
    if (segment.empty()) {
      throw std::invalid_argument("the route pattern '" + route.pattern +
                                  "' has an empty segment");
    }
    std::size_t next = 0;
    if (!parameter_name(segment).empty()) {
      next = nodes_[node].parameter;
      if (next == 0) {
        next = nodes_.size();
        nodes_.emplace_back();
        nodes_[node].parameter = next;
      }
    } else {
      auto& literals = nodes_[node].literals;
      const auto found = lower_bound_of(literals, segment);
      if (found != literals.end() && found->first == segment) {
        next = found->second;
      } else {
        next = nodes_.size();
        literals.emplace(found, std::string(segment), next);
        nodes_.emplace_back();
      }
    }
    node = next;
  }
  for (const Route* other : nodes_[node].routes) {
    if (other->method == route.method) {
      throw std::invalid_argument("the routes " + route.method + " " + other->pattern +
                                  " and " + route.pattern + " are the same");
    }
  }
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  nodes_[node].routes.push_back(routes_.back().get());
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
  std::vector<std::string_view> raw;
  Search search{method, {}, {}};
  if (!split_path(path, raw)) return {};
  search.segments.resize(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    // No pattern has an empty segment, and no parameter matches one.
    if (raw[i].empty() || !percent_decode(raw[i], false, search.segments[i])) return {};
  }
  if (find(0, 0, search)) {
    search.match.allowed.clear();
    std::vector<std::string_view> pattern;
    split_path(search.match.route->pattern, pattern);
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      const std::string_view name = parameter_name(pattern[i]);
      if (name.empty()) continue;
      search.match.path_parameters.emplace_back(name, std::move(search.segments[i]));
    }
  } else {
    auto& allowed = search.match.allowed;
    std::sort(allowed.begin(), allowed.end());
    allowed.erase(std::unique(allowed.begin(), allowed.end()), allowed.end());
  }
  return std::move(search.match);
}

// Depth first, the literal child before the parameter: the first path that has routes is
// the most literal from the left, and its methods are the ones that count.
bool Router::find(std::size_t node, std::size_t depth, Search& search) const {
  const Node& here = nodes_[node];
  if (depth == search.segments.size()) {
    const Route* get = nullptr;
    for (const Route* route : here.routes) {
      if (route->method == search.method) {
        search.match.route = route;
        return true;
      }
      if (route->is_offered) search.match.allowed.push_back(route->method);
      if (route->method == "GET") get = route;
    }
    if (get != nullptr) {
      if (search.method == "HEAD") {
        search.match.route = get;
        return true;
      }
      if (get->is_offered) search.match.allowed.emplace_back("HEAD");
    }
    return false;
  }
  const std::string& segment = search.segments[depth];
  const auto found = lower_bound_of(here.literals, segment);
  if (found != here.literals.end() && found->first == segment) {
    if (find(found->second, depth + 1, search)) return true;
    // A path that is spelt out means itself: GET …/executions/list is the wrong method for
    // the list, not a look at an execution called "list".
    if (!search.match.allowed.empty()) return false;
  }
  return here.parameter != 0 && find(here.parameter, depth + 1, search);
}

bool percent_decode(std::string_view text, bool plus_is_space, std::string& out) {
  out.clear();
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return false;
    out.push_back(c);
  }
  return is_valid_utf8(out);
}

bool parse_query(std::string_view text, std::vector<Header>& out) {
  out.clear();
  while (!text.empty()) {
    const auto end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    Header parsed;
    if (!percent_decode(pair.substr(0, equals), true, parsed.first)) return false;
    if (equals != std::string_view::npos &&
        !percent_decode(pair.substr(equals + 1), true, parsed.second)) {
      return false;
    }
    out.push_back(std::move(parsed));
  }
  return true;
}

}  // namespace trawl::http
