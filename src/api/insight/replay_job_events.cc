#include "api/insight/replay_job_events.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "api/insight/replay_job_json.h"
#include "api/keys/key_watch.h"
#include "insight/replay_jobs.h"
#include "runtime/waiting.h"

namespace trawl::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBetween{250};  // Two events, at least.
constexpr int kLookMs = 250;           // Between looks whether client and key are there.

std::string event(std::string_view name, const json::object& data) {
  std::string out = "event: ";
  out.append(name).append("\ndata: ");
  append_json(out, data);
  return out + "\n\n";
}

Result<void> send(http::BodyWriter& writer, const std::string& text) {
  auto written = writer.write(text);
  if (!written && written.error().code == ErrorCode::cancelled) return {};
  return written;
}

// Without a slot of the workers, as whoever waits: the job waits for these.
Result<ReplayJob> wait_for_change(const Services& services, const ReplayJob& seen) {
  const Waiting waiting;
  return services.replay_jobs.wait_for_change(seen, kLookMs);
}
void pause_until(steady_clock::time_point time) {
  const Waiting waiting;
  std::this_thread::sleep_until(time);
}

Result<void> tell_progress(const Services& services, ReplayJob job, KeyWatch& key,
                           http::BodyWriter& writer) {
  const auto beat = milliseconds(services.limits.tail_heartbeat_ms);
  auto next_beat = steady_clock::now() + beat;
  TRAWL_TRY(send(writer, event("progress", replay_job_json(job))));
  auto told_at = steady_clock::now();
  while (!writer.is_closed() && services.ready && !job.has_ended()) {
    const std::size_t told = job.done();
    TRAWL_ASSIGN(job, wait_for_change(services, job));
    if (const auto allowed = key.check(); !allowed) {
      return send(writer, event("closed",
                                {{"reason", "key"}, {"message", allowed.error().message}}));
    }
    if (job.done() != told && !job.has_ended()) {
      pause_until(told_at + kBetween);
      TRAWL_ASSIGN(job, services.replay_jobs.find(job.namespace_id, job.id));
      if (job.has_ended()) break;
      TRAWL_TRY(send(writer, event("progress", replay_job_json(job))));
      told_at = steady_clock::now();
      next_beat = told_at + beat;
    } else if (steady_clock::now() >= next_beat) {
      TRAWL_TRY(send(writer, ": heartbeat\n\n"));
      next_beat = steady_clock::now() + beat;
    }
  }
  if (!job.has_ended()) return {};
  return send(writer, event("ended", replay_job_json(job)));
}

}  // namespace

http::Response replay_job_events(const Services& services, const http::Request& request,
                                 const ReplayJob& job) {
  http::Response response;
  response.content_type = "text/event-stream";
  response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  const auto key = std::make_shared<KeyWatch>(services, request, Permission::read);
  response.stream = [&services, job, key](http::BodyWriter& writer) {
    return tell_progress(services, job, *key, writer);
  };
  return response;
}

}  // namespace trawl::api
