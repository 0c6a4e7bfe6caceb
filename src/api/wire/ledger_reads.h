#pragma once

#include "api/services.h"

namespace trawl::api {

// Where a handler runs that reads the ledger: a short read of a local one is made on the
// connection's thread; for any other a worker waits.
inline http::RunOn reads_run_on(const Services& services) {
  return services.ledger.traits().local ? http::RunOn::io : http::RunOn::worker;
}

}  // namespace trawl::api
