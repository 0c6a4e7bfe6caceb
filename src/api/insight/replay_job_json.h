#pragma once

#include "base/json.h"
#include "insight/replay_job.h"

namespace trawl::api {

// A job, how far it is, and its counts.
json::object replay_job_json(const ReplayJob& job);
json::object replay_job_report_json(const ReplayJobReport& report);
json::object replay_job_item_json(const ReplayJobItem& item);

}  // namespace trawl::api
