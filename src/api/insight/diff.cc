// POST /v1/retrievers/executions/diff: where two executions part, and why.
#include "insight/diff.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "api/insight/diff.h"
#include "api/insight/found_execution.h"
#include "api/wire/endpoint.h"
#include "api/wire/request_time.h"
#include "insight/autopsy.h"
#include "insight/diff_times.h"
#include "insight/whole_lists.h"

namespace trawl::api {
namespace {

constexpr std::string_view kDiffPath = "/v1/retrievers/executions/diff";

void write_optional(JsonWriter& out, const std::optional<double>& number) {
  number ? out.number(*number) : out.null();
}
void write_optional(JsonWriter& out, const std::optional<std::size_t>& number) {
  number ? out.unsigned_integer(*number) : out.null();
}

void write_moves(JsonWriter& out, const std::vector<RankMove>& moves) {
  out.begin_array();
  for (const RankMove& move : moves) {
    out.begin_object();
    out.key("document_id").string(move.document_id);
    out.key("collection_id").string(move.collection_id);
    write_optional(out.key("rank_before"), move.rank_before);
    write_optional(out.key("rank_after"), move.rank_after);
    write_optional(out.key("score_before"), move.score_before);
    write_optional(out.key("score_after"), move.score_after);
    out.end_object();
  }
  out.end_array();
}

void write_list(JsonWriter& out, const ListDiff& list) {
  out.begin_object();
  out.key("same").boolean(list.same());
  out.key("count_before").unsigned_integer(list.count_before);
  out.key("count_after").unsigned_integer(list.count_after);
  out.key("recorded_before").unsigned_integer(list.recorded_before);
  out.key("recorded_after").unsigned_integer(list.recorded_after);
  out.key("cut_short").boolean(list.cut_short);
  out.key("unknown");
  list.unknown.empty() ? out.null() : out.string(list.unknown);
  out.key("overlap_at_10").number(list.overlap_at_10);
  out.key("rbo").number(list.rbo);
  write_optional(out.key("kendall_tau"), list.kendall_tau);
  out.key("entered_count").unsigned_integer(list.entered_count);
  out.key("left_count").unsigned_integer(list.left_count);
  out.key("moved_count").unsigned_integer(list.moved_count);
  out.key("rescored_count").unsigned_integer(list.rescored_count);
  write_moves(out.key("entered"), list.entered);
  write_moves(out.key("left"), list.left);
  write_moves(out.key("moved"), list.moved);
  out.end_object();
}

void write_changes(JsonWriter& out, const std::vector<JsonChange>& changes, bool known) {
  if (!known) {
    out.null();
    return;
  }
  out.begin_array();
  for (const JsonChange& change : changes) {
    out.begin_object();
    out.key("path").string(change.path);
    if (change.has_before) out.key("before").value(change.before);
    if (change.has_after) out.key("after").value(change.after);
    out.end_object();
  }
  out.end_array();
}

// What is usual, where it was asked for and is known.
void write_usual(JsonWriter& out, const Vital* vital) {
  if (vital == nullptr || !vital->p50) {
    out.null();
    return;
  }
  out.begin_object();
  out.key("p50").number(*vital->p50);
  out.key("p99").number(vital->p99.value_or(*vital->p50));
  out.end_object();
}

void write_stage_side(JsonWriter& out, const std::vector<StageRecord>& stages,
                      const std::optional<std::size_t>& place,
                      const std::optional<Autopsy>& autopsy) {
  if (!place) {
    out.null();
    return;
  }
  const StageRecord& stage = stages[*place];
  out.begin_object();
  out.key("stage_index").unsigned_integer(*place);
  out.key("stage_name").string(stage.stage_name);
  out.key("stage_id").string(stage.stage_id);
  out.key("duration_ms").number(static_cast<double>(stage.duration_us) / 1000.0);
  write_usual(out.key("usual_ms"),
              autopsy ? &autopsy->stages[*place].duration_ms : nullptr);
  out.key("input_count").integer(stage.input_count);
  out.key("output_count").integer(stage.output_count);
  out.key("cache_hit").boolean(stage.cache_hit);
  out.key("error");
  stage.error ? out.string(*stage.error) : out.null();
  out.end_object();
}

void write_side(JsonWriter& out, const Execution& execution, bool replayed,
                const std::optional<Autopsy>& autopsy) {
  const ExecutionSummary& summary = execution.summary;
  out.begin_object();
  out.key("execution_id").string(summary.execution_id.str());
  out.key("status").string(summary.status);
  out.key("timestamp").string(format_time(summary.timestamp));
  out.key("duration_ms").number(summary.duration_ms);
  write_usual(out.key("usual_ms"), autopsy ? &autopsy->duration_ms : nullptr);
  out.key("total_returned").integer(summary.total_returned);
  out.key("collection_versions").begin_array();
  for (const CollectionVersion& one : execution.collection_versions) {
    out.begin_object();
    out.key("collection_id").string(one.collection_id);
    out.key("version").unsigned_integer(one.version);
    out.end_object();
  }
  out.end_array();
  out.key("replayed").boolean(replayed);
  out.end_object();
}

// One of the two, with what was asked for besides.
struct DiffInput {
  WholeLists lists;
  std::optional<Autopsy> autopsy;
};

std::string diff_json(const DiffInput& first, const DiffInput& second) {
  const Execution& a = first.lists.execution;
  const Execution& b = second.lists.execution;
  const ExecutionDiff diff = diff_executions(a, b);
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.key("sentence").string(diff.sentence);
  out.key("times_sentence");
  if (first.autopsy && second.autopsy) {
    out.string(compare_times(*first.autopsy, *second.autopsy));
  } else {
    out.null();
  }
  out.key("unknown").begin_array();
  for (const DiffInput* each : {&first, &second}) {
    if (!each->lists.problem.empty()) out.string(each->lists.problem);
  }
  for (const std::string& sentence : diff.unknown) out.string(sentence);
  out.end_array();
  write_side(out.key("a"), a, first.lists.replayed, first.autopsy);
  write_side(out.key("b"), b, second.lists.replayed, second.autopsy);
  out.key("diverges");
  write_optional(out, diff.diverges);
  out.key("cause");
  diff.cause ? out.string(diff.cause->cause) : out.null();
  out.key("cause_sentence");
  diff.cause ? out.string(diff.cause->sentence) : out.null();
  out.key("stages").begin_array();
  for (const StageDiff& stage : diff.stages) {
    out.begin_object();
    write_stage_side(out.key("a"), a.stages, stage.before, first.autopsy);
    write_stage_side(out.key("b"), b.stages, stage.after, second.autopsy);
    out.key("candidates");
    if (stage.before && stage.after) {
      write_list(out, stage.candidates);
    } else {
      out.null();
    }
    out.end_object();
  }
  out.end_array();
  write_list(out.key("results"), diff.results);
  write_changes(out.key("pipeline"), diff.pipeline, diff.pipelines_known);
  write_changes(out.key("inputs"), diff.inputs, diff.inputs_known);
  out.end_object();
  return text;
}

Result<http::Response> diff(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object sent, read_body(call));
  ObjectReader in(sent, {});
  const std::string a = in.required_string({"a"});
  const std::string b = in.required_string({"b"});
  const bool times = in.boolean({"times"}, false);
  const bool replays =
      in.one_of<bool>({"truncated"}, false, {{"say", false}, {"replay", true}});
  TRAWL_TRY(in.status());
  const Replayer replayer(services.catalog, services.corpus, services.ledger,
                          services.runner, services.stages);
  RunRequest run;
  run.stop = call.request.stop;
  const auto input = [&](const std::string& id,
                         const std::string& location) -> Result<DiffInput> {
    TRAWL_ASSIGN(Execution execution, found_execution(services, call.ns, id, location));
    DiffInput out;
    if (times) {
      TRAWL_ASSIGN(const auto peers, find_peers(services.ledger, execution));
      out.autopsy = compare_with_peers(execution, peers);
    }
    if (replays) {
      TRAWL_ASSIGN(out.lists, with_whole_lists(execution, replayer, services.runner, run));
    } else {
      out.lists.execution = std::move(execution);
    }
    return out;
  };
  TRAWL_ASSIGN(const DiffInput first, input(a, "a"));
  TRAWL_ASSIGN(const DiffInput second, input(b, "b"));
  return json_response(diff_json(first, second));
}

}  // namespace

void add_diff_routes(http::Router& router, const Services& services) {
  router.add({"POST", std::string(kDiffPath), http::RunOn::worker, http::Body::buffered,
              endpoint(services, Permission::read, Scope::in_namespace,
                       {Query(), ObjectShape{{{"a"}, {"b"}, {"times"}, {"truncated"}}}},
                       [&services](Call& call) { return diff(services, call); })});
}

}  // namespace trawl::api
