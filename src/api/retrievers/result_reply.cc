#include "api/retrievers/result_reply.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "api/documents/document_vectors.h"
#include "api/wire/endpoint.h"
#include "base/amount_sum.h"
#include "base/json.h"
#include "model/execution_json.h"

namespace trawl::api {
namespace {

// A list of documents up to this size is made at once, and sent with its length.
constexpr std::size_t kWholeListBytesMax = 256 * 1024;
// Longer ones are made by so much at a time.
constexpr std::size_t kPieceBytes = 64 * 1024;

// {stages: {name: StageStatistics}, total_time_ms, credits_used}
void write_statistics(JsonWriter& out, const Execution& execution) {
  out.begin_object().key("stages").begin_object();
  for (const auto& stage : execution.stages) {
    const auto input = static_cast<double>(stage.input_count);
    out.key(stage.stage_name).begin_object();
    out.key("stage_id").string(stage.stage_id);
    out.key("input_count").integer(stage.input_count);
    out.key("output_count").integer(stage.output_count);
    out.key("scanned_count").integer(stage.scanned_count);
    out.key("duration_ms").number(static_cast<double>(stage.duration_us) / 1000.0);
    out.key("efficiency")
        .number(input > 0 ? static_cast<double>(stage.output_count) / input : 0.0);
    out.key("credits_used").number(AmountSum::to_amount(stage.credits_micro));
    out.key("cache_hit").boolean(stage.cache_hit);
    out.key("stage_cache_hit").boolean(stage.cache_hit);
    out.key("error");
    stage.error ? out.string(*stage.error) : out.null();
    out.key("metadata").value(json::value(stage.metadata));
    out.end_object();
  }
  out.end_object();
  out.key("total_time_ms").number(execution.summary.duration_ms);
  out.key("credits_used").number(execution.summary.credits_used);
  out.end_object();
}

// What the run went on without, and what to do about it.
void write_degraded(JsonWriter& out, const RunResult& result) {
  out.begin_array();
  for (const auto& [stage_name, reason] : result.skipped) {
    out.begin_object();
    out.key("resource").string("stage");
    out.key("id").null();
    out.key("reason").string(reason);
    out.key("next_step")
        .string(
            "correct the stage, or remove it; it is skipped while its on_error is 'skip'");
    out.key("stage").string(stage_name);
    out.end_object();
  }
  out.end_array();
}

void write_budget(JsonWriter& out, const Execution& execution, const BudgetLimits& limits,
                  const RunResult& result) {
  const double time_ms = static_cast<double>(result.time_used_us) / 1000.0;
  out.begin_object();
  out.key("credits_used").number(execution.summary.credits_used);
  out.key("credits_remaining");
  result.credits_left ? out.number(*result.credits_left) : out.null();
  out.key("credits_limit");
  limits.max_credits ? out.number(*limits.max_credits) : out.null();
  out.key("time_used_ms").number(time_ms);
  out.key("time_elapsed_ms").number(time_ms);
  out.key("time_limit_ms");
  limits.max_time_ms ? out.integer(*limits.max_time_ms) : out.null();
  out.key("tokens_used").integer(0);
  out.end_object();
}

// The documents of a reply, as they are sent.
struct ShownResults {
  CandidateList documents;
  bool with_vectors = false;

  // As CandidateList::append_json().
  Result<std::size_t> append_json(std::string& out, std::size_t begin, std::size_t count,
                                  std::size_t bytes_max) const {
    if (!with_vectors) return documents.append_json(out, begin, count, bytes_max, {});
    const std::size_t size_max = out.size() + std::max<std::size_t>(bytes_max, 1);
    std::size_t done = 0;
    while (done < count && out.size() < size_max) {
      if (done > 0) out += ',';
      CandidateList one = documents.slice(begin + done, 1);
      if (const Snapshot* snapshot = one.snapshot(0)) {
        json::object vectors;
        TRAWL_TRY(show_vectors(*snapshot, one.document(0), {true}, vectors));
        for (auto& member : vectors) {
          one.write(0, key_of(member), std::move(member.value()));
        }
      }
      TRAWL_TRY(one.append_json(out, 0, 1, bytes_max, {}));
      ++done;
    }
    return done;
  }
};

// A reply in which the same list of documents stands twice, piece by piece.
class LongReply {
 public:
  struct Texts {
    std::string before;  // The first list; up to `begun` of its documents may follow.
    std::string between;
    std::string after;
  };
  LongReply(Texts texts, ShownResults documents, std::size_t begin, std::size_t end,
            std::size_t begun)
      : texts_(std::move(texts)),
        documents_(std::move(documents)),
        begin_(begin),
        end_(end),
        at_(begin + begun) {}

  Result<bool> next(std::string& out) {
    out += std::exchange(texts_.before, {});
    while (out.size() < kPieceBytes) {
      if (at_ < end_) {
        if (at_ > begin_) out += ',';
        TRAWL_ASSIGN(
            const std::size_t count,
            documents_.append_json(out, at_, end_ - at_,
                                   kPieceBytes - std::min(kPieceBytes, out.size())));
        at_ += count;
      } else if (!std::exchange(is_second_, true)) {
        out += texts_.between;
        at_ = begin_;
      } else {
        out += texts_.after;
        return false;
      }
    }
    return true;
  }

 private:
  Texts texts_;
  const ShownResults documents_;
  const std::size_t begin_;
  const std::size_t end_;
  std::size_t at_;  // Of the list under way.
  bool is_second_ = false;
};

std::string text_after(const Execution& execution, const BudgetLimits& limits,
                       const RunResult& result, const ResultPage& page,
                       const std::vector<std::string>& warnings) {
  const ExecutionSummary& summary = execution.summary;
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.key("pagination").raw(page.pagination_json(result.documents.size()));
  out.key("stage_statistics");
  write_statistics(out, execution);
  out.key("budget");
  write_budget(out, execution, limits, result);
  out.key("error");
  execution.error ? out.string(*execution.error) : out.null();
  out.key("failed_stage");
  execution.failed_stage ? out.string(*execution.failed_stage) : out.null();
  out.key("degraded");
  write_degraded(out, result);
  if (!result.facets.empty()) out.key("facets").value(json::value(result.facets));
  if (!result.limits.empty()) out.key("limits").value(json::value(result.limits));
  if (!result.completeness.empty()) {
    out.key("completeness").value(json::value(result.completeness));
  }
  out.key("optimization_applied").boolean(false);
  out.key("optimization_summary").null();
  out.key("execution_metadata")
      .begin_object()
      .key("retriever_persisted")
      .boolean(false)
      .key("execution_mode")
      .string(summary.execution_mode)
      .key("timestamp")
      .string(format_time(summary.timestamp))
      .key("total_processed")
      .integer(summary.total_processed)
      .key("total_returned")
      .integer(summary.total_returned)
      .key("stages_completed")
      .integer(summary.stages_completed)
      .key("total_stages")
      .integer(summary.total_stages)
      .end_object();
  out.key("warnings").begin_array();
  for (const auto& warning : warnings) out.string(warning);
  out.end_array();
  // No reply as a whole is ever cached; stages are, and say so in their statistics.
  out.key("cache_status").string("disabled");
  out.key("cache_hit").boolean(false);
  out.key("cached_at").null();
  out.key("learned_fusion_context").null();
  out.end_object();
  text.front() = ',';  // It goes on with members of an object that has some.
  return text;
}

}  // namespace

http::Response result_reply(const Execution& execution, const BudgetLimits& limits,
                            const RunResult& result, const ResultPage& page,
                            const std::vector<std::string>& warnings, bool with_vectors) {
  const ShownResults shown{result.documents, with_vectors};
  LongReply::Texts texts;
  JsonWriter out(texts.before);
  out.begin_object();
  out.key("execution_id").string(execution.summary.execution_id.str());
  out.key("status").string(execution.summary.status);
  out.key("retriever_id").string("");
  out.key("documents").begin_array();
  texts.between = "],\"results\":[";
  texts.after = "]" + text_after(execution, limits, result, page, warnings);

  const std::size_t end = std::min(page.begin + page.count, result.documents.size());
  const std::size_t begin = std::min(page.begin, end);
  std::string documents;
  // Those were loaded, so that nothing fails; where something does, sending them shows it.
  const auto begun = shown.append_json(documents, begin, end - begin, kWholeListBytesMax);
  if (begun && *begun == end - begin) {
    std::string text = std::move(texts.before);
    text.reserve(text.size() + 2 * documents.size() + texts.between.size() +
                 texts.after.size());
    text.append(documents).append(texts.between).append(documents).append(texts.after);
    return json_response(std::move(text));
  }
  if (begun) texts.before += documents;
  http::Response response;
  response.pieces = [reply = std::make_shared<LongReply>(std::move(texts), shown, begin,
                                                         end, begun ? *begun : 0)](
                        std::string& text) { return reply->next(text); };
  return response;
}

}  // namespace trawl::api
