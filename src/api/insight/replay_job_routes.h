#pragma once

#include "api/services.h"
#include "base/result.h"
#include "insight/replay_job.h"

namespace trawl::api {

// /v1/retrievers/executions/replay-jobs, and what is below it.
void add_replay_job_routes(http::Router& router, const Services& services);

// Whether the key of a job may still read its namespace; for ReplayJobs.
//   forbidden  it was revoked, has expired, or lost the permission
Result<void> may_go_on(const KeyStore& keys, const ReplayJob& job, TimeUs now);

}  // namespace trawl::api
