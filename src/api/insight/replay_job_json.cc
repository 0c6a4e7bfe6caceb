#include "api/insight/replay_job_json.h"

#include "api/insight/replay_request.h"
#include "base/clock.h"

namespace trawl::api {
namespace {

json::value time_json(const std::optional<TimeUs>& time) {
  return time ? json::value(format_time(*time)) : json::value();
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value() : text_value(text);
}

json::object figures_json(const LikenessFigures& figures) {
  return {{"mean", figures.mean},
          {"median", figures.median},
          {"p10", figures.p10},
          {"min", figures.min}};
}

}  // namespace

json::object replay_job_json(const ReplayJob& job) {
  json::object out{{"job_id", job.id},
                   {"status", status_name(job.status)},
                   {"sentence", sentence_of(job)},
                   {"created_at", format_time(job.created)},
                   {"started_at", time_json(job.started)},
                   {"ended_at", time_json(job.ended)},
                   {"caller", text_or_null(job.key_id)},
                   {"executions", job.executions},
                   {"as_of", as_of_text(job.request)},
                   {"set", job.request.set},
                   {"externals", name_of(job.request.externals)},
                   {"record", job.record},
                   {"total", job.total},
                   {"done", job.done()}};
  for (std::size_t i = 0; i < kReplayOutcomes; ++i) {
    out[outcome_name(static_cast<ReplayOutcome>(i))] = job.by_outcome[i];
  }
  out["results_changed"] = job.results_changed;
  out["interruptions"] = job.interruptions;
  out["error"] = text_or_null(job.error);
  return out;
}

json::object replay_job_item_json(const ReplayJobItem& item) {
  json::object out{
      {"place", item.place},
      {"execution_id", text_value(item.execution_id.str())},
      {"outcome", item.outcome ? json::value(outcome_name(*item.outcome)) : json::value()},
      {"replay_execution_id", text_or_null(item.replay_id.str())}};
  const bool changed = item.outcome == ReplayOutcome::changed;
  out["difference"] =
      changed ? json::value{{"stage_name", text_or_null(item.stage_name)},
                            {"what", item.what},
                            {"rank", item.rank ? json::value(*item.rank) : json::value()},
                            {"cause", item.cause}}
              : json::value();
  const bool compared = changed || item.outcome == ReplayOutcome::identical;
  out["results"] = compared ? json::value{{"changed", item.results_changed},
                                          {"overlap_at_10", item.overlap_at_10},
                                          {"rbo", item.rbo},
                                          {"entered_count", item.entered},
                                          {"left_count", item.left},
                                          {"moved_count", item.moved}}
                            : json::value();
  out["error"] =
      item.error_type.empty()
          ? json::value()
          : json::value{{"type", item.error_type}, {"message", text_value(item.message)}};
  return out;
}

json::object replay_job_report_json(const ReplayJobReport& report) {
  json::array causes;
  for (const auto& [cause, count] : report.causes) {
    causes.push_back({{"cause", cause}, {"count", count}});
  }
  json::array places;
  for (const auto& place : report.places) {
    places.push_back({{"stage_name", text_or_null(place.stage_name)},
                      {"what", place.what},
                      {"count", place.count}});
  }
  json::array problems;
  for (const auto& problem : report.problems) {
    problems.push_back({{"type", problem.error_type},
                        {"message", text_value(problem.message)},
                        {"count", problem.count}});
  }
  json::array most;
  for (const auto& item : report.most_changed) most.push_back(replay_job_item_json(item));
  return {{"overlap_at_10", figures_json(report.overlap_at_10)},
          {"rbo", figures_json(report.rbo)},
          {"causes", std::move(causes)},
          {"places", std::move(places)},
          {"problems", std::move(problems)},
          {"most_changed", std::move(most)}};
}

}  // namespace trawl::api
