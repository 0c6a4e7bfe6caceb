#include "base/result.h"

#include <stdexcept>

namespace trawl {

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.location.empty() ? error.message
                                                  : error.location + ": " + error.message);
}

}  // namespace trawl
