#include "insight/autopsy.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "query/filter.h"

namespace trawl {
namespace {

// How far beyond what is usual a figure has to be to be worth a word.
constexpr double kUnlikeFactor = 1.25;
constexpr double kUnlikeMs = 1;

double quantile(const std::vector<double>& sorted, double share) {
  const auto place = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(place, sorted.size() - 1)];
}

struct Usual {
  double p1 = 0;
  double p50 = 0;
  double p99 = 0;
};

Usual usual_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {quantile(values, 0.01), quantile(values, 0.5), quantile(values, 0.99)};
}

// Writes down a figure and what is usual; nothing where too few say what is.
std::optional<Usual> note_usual(Vital& vital, double value, std::vector<double> values) {
  vital.value = value;
  if (values.size() < kAutopsyPeersMin) return std::nullopt;
  const Usual usual = usual_of(std::move(values));
  vital.p50 = usual.p50;
  vital.p99 = usual.p99;
  return usual;
}

// What was remembered takes no time, which says nothing of what it takes.
bool remembered_the_same(const Execution& a, const Execution& b) {
  return std::equal(a.stages.begin(), a.stages.end(), b.stages.begin(), b.stages.end(),
                    [](const StageRecord& one, const StageRecord& other) {
                      return one.cache_hit == other.cache_hit;
                    });
}

// What is unlike, and how much; 0 for nothing.
struct Oddity {
  double factor = 0;
  std::string sentence;
};

Oddity odd_duration(double ms, const Usual& usual) {
  if (ms < usual.p99 * kUnlikeFactor || ms < usual.p99 + kUnlikeMs) return {};
  return {
      ms / std::max(usual.p99, 0.001),
      fmt::format("it took {:.3g} ms, where 99 of 100 take at most {:.3g} ms and half of "
                  "them at most {:.3g} ms",
                  ms, usual.p99, usual.p50)};
}

Oddity odd_count(double count, const Usual& usual, std::string_view what) {
  if (count > usual.p99 * kUnlikeFactor + 1) {
    return {count / (usual.p99 + 1),
            fmt::format("it {} {} documents, where 99 of 100 have at most {}", what, count,
                        usual.p99)};
  }
  if (count * kUnlikeFactor + 1 < usual.p1) {
    return {(usual.p1 + 1) / (count + 1),
            fmt::format("it {} {} documents, where 99 of 100 have at least {}", what, count,
                        usual.p1)};
  }
  return {};
}

}  // namespace

Autopsy compare_with_peers(const Execution& execution, std::span<const Execution> peers) {
  Autopsy out;
  out.peers = peers.size();
  std::vector<double> whole;
  for (const Execution& peer : peers) {
    if (remembered_the_same(execution, peer)) whole.push_back(peer.summary.duration_ms);
  }
  note_usual(out.duration_ms, execution.summary.duration_ms, std::move(whole));
  Oddity worst;
  for (std::size_t i = 0; i < execution.stages.size(); ++i) {
    const StageRecord& stage = execution.stages[i];
    StageVitals& vitals = out.stages.emplace_back();
    vitals.stage_name = stage.stage_name;
    vitals.stage_id = stage.stage_id;
    std::vector<double> durations, inputs, outputs;
    for (const Execution& peer : peers) {
      // Of one shape, stages stand at the same places.
      if (i >= peer.stages.size() || peer.stages[i].stage_id != stage.stage_id ||
          peer.stages[i].error) {
        continue;
      }
      const StageRecord& other = peer.stages[i];
      if (other.cache_hit == stage.cache_hit) {
        durations.push_back(static_cast<double>(other.duration_us) / 1000.0);
      }
      inputs.push_back(static_cast<double>(other.input_count));
      outputs.push_back(static_cast<double>(other.output_count));
    }
    vitals.peers = outputs.size();
    const auto add = [&](Vital& vital, double value, std::vector<double> values,
                         const auto& judge) {
      const auto usual = note_usual(vital, value, std::move(values));
      if (!usual) return;
      Oddity odd = judge(value, *usual);
      if (odd.factor <= worst.factor) return;
      worst = std::move(odd);
      out.unlike = i;
    };
    add(vitals.duration_ms, static_cast<double>(stage.duration_us) / 1000.0,
        std::move(durations), odd_duration);
    add(vitals.input_count, static_cast<double>(stage.input_count), std::move(inputs),
        [](double, const Usual&) { return Oddity(); });  // That of the stage before.
    add(vitals.output_count, static_cast<double>(stage.output_count), std::move(outputs),
        [](double count, const Usual& usual) {
          return odd_count(count, usual, "handed on");
        });
  }
  if (out.peers == 0) {
    out.sentence = "No other run of this shape completed in the week before it.";
  } else if (out.peers < kAutopsyPeersMin) {
    out.sentence = fmt::format(
        "Only {} other {} of this shape completed in the week before it, too few to say "
        "what is usual.",
        out.peers, out.peers == 1 ? "run" : "runs");
  } else if (out.unlike) {
    out.sentence = fmt::format(
        "Beside {} runs of its shape, the stage '{}' is unlike itself: {}.", out.peers,
        truncate_text(execution.stages[*out.unlike].stage_name, 100), worst.sentence);
  } else {
    out.sentence =
        fmt::format("Every stage is as in {} other runs of its shape.", out.peers);
  }
  return out;
}

Result<std::vector<Execution>> find_peers(const Ledger& ledger,
                                          const Execution& execution) {
  if (execution.shape.empty()) return std::vector<Execution>();
  ExecutionFilter filter;
  filter.namespace_id = execution.namespace_id;
  // Replays need not take the time of what somebody waits for.
  filter.modes = ModeKinds::own();
  filter.status = std::string(status::kCompleted);
  filter.end_time = execution.summary.timestamp;
  filter.start_time = std::max(kTimeMin, execution.summary.timestamp - kAutopsySpan);
  TRAWL_ASSIGN(Filter shape, Filter::condition("shape", "eq", json::value(execution.shape),
                                               true, "shape"));
  filter.where.push_back(std::move(shape));
  ExecutionPageRequest request;
  request.limit = kAutopsyPeersMax + 1;
  request.detail = true;
  TRAWL_ASSIGN(ExecutionPage page, ledger.list(filter, request));
  std::erase_if(page.executions, [&](const Execution& other) {
    return other.summary.execution_id == execution.summary.execution_id;
  });
  if (page.executions.size() > kAutopsyPeersMax) page.executions.resize(kAutopsyPeersMax);
  return std::move(page.executions);
}

}  // namespace trawl
