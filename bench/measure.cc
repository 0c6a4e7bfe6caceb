#include "measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace trawl::bench {

double Latencies::at(double share) const {
  if (values_.empty()) return 0;
  std::vector<double> sorted = values_;
  const auto rank =
      static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  const std::size_t index = std::clamp<std::size_t>(rank, 1, sorted.size()) - 1;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(index),
                   sorted.end());
  return sorted[index];
}

void Latencies::report(json::object& out, const std::string& prefix) const {
  out[prefix + "count"] = count();
  out[prefix + "p50_us"] = at(0.50);
  out[prefix + "p99_us"] = at(0.99);
}

void emit(const json::object& report) {
  fmt::print("{}\n", to_json_text(report));
  std::fflush(stdout);
}

void progress(const std::string& text) {
  fmt::print(stderr, "{}\n", text);
}

void fail(const Error& error) {
  fmt::print(stderr, "ledger_bench: {}{}{}\n", error.message,
             error.detail.empty() ? "" : ": ", error.detail);
  std::exit(1);
}

}  // namespace trawl::bench
