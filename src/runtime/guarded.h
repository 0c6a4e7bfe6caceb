#pragma once

#include <exception>
#include <new>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace trawl {

// What a function threw.
enum class Thrown { nothing, no_memory, other };

// Writes it to the log; does nothing where even that fails.
void log_thrown(std::string_view where, const char* what) noexcept;

// The root of every thread and of every task of a pool: runs the function, and lets nothing
// out that it throws, which would end the process and with it everybody else's requests.
// `where` is for the log. Where a reply is owed, the caller makes one of the answer.
template <class Function>
Thrown run_guarded(std::string_view where, Function&& function) noexcept {
  try {
    std::forward<Function>(function)();
    return Thrown::nothing;
  } catch (const std::bad_alloc&) {
    log_thrown(where, "out of memory");
    return Thrown::no_memory;
  } catch (const std::exception& thrown) {
    log_thrown(where, thrown.what());
  } catch (...) {
    log_thrown(where, "an exception of unknown type");
  }
  return Thrown::other;
}

// What a client is told of it: `unavailable` where there was no memory, else `internal`.
Error error_of(Thrown thrown);

}  // namespace trawl
