#pragma once

#include "api/wire/endpoint.h"
#include "insight/replay_job.h"

namespace trawl::api {

// The progress of a job as server-sent events, until it ends.
http::Response replay_job_events(const Services& services, const http::Request& request,
                                 const ReplayJob& job);

}  // namespace trawl::api
