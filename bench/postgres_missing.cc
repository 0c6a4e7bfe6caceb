// Stands in for postgres_peer.cc where libpq is not installed.
#include "peer.h"

namespace trawl::bench {
namespace {

Error not_built() {
  return make_error(ErrorCode::not_enabled,
                    "built without libpq; install libpq-dev, configure and build again");
}

}  // namespace

Result<std::unique_ptr<Peer>> open_postgres_peer(const std::string&) {
  return not_built();
}

Result<void> fill_postgres(const std::string&, const History&) {
  return not_built();
}

}  // namespace trawl::bench
