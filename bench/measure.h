#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

// How times and memory are taken, and how they reach the script: one JSON object a line on
// standard output.
namespace trawl::bench {

using Stopwatch = std::chrono::steady_clock;

inline double micros_since(Stopwatch::time_point start) {
  return std::chrono::duration<double, std::micro>(Stopwatch::now() - start).count();
}

// Latencies in microseconds. Not thread-safe.
class Latencies {
 public:
  void add(double us) { values_.push_back(us); }
  void add(const Latencies& other) {
    values_.insert(values_.end(), other.values_.begin(), other.values_.end());
  }
  std::size_t count() const { return values_.size(); }
  // The value that `share` (0..1) of all do not exceed; 0 when there are none.
  double at(double share) const;
  // Puts <prefix>count, <prefix>p50_us and <prefix>p99_us into a report.
  void report(json::object& out, const std::string& prefix = "") const;

 private:
  std::vector<double> values_;
};

// Writes a report as one line.
void emit(const json::object& report);

// A line of progress on standard error.
void progress(const std::string& text);

// Ends the program with the error's message and detail on standard error.
[[noreturn]] void fail(const Error& error);

// The value, or the end of the program.
template <class T>
T must(Result<T> result) {
  if (!result) fail(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace trawl::bench
