#pragma once

// What the tests of the stages share: stages from JSON text, and a collection in memory.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/field_path.h"
#include "base/json.h"
#include "corpus/fake_snapshot_test_support.h"
#include "pipeline/stage_registry.h"
#include "stages/register_stages.h"

namespace trawl::stage_test {

inline const StageRegistry& registry() {
  static const StageRegistry* const filled = [] {
    auto* made = new StageRegistry;
    register_stages(*made);
    return made;
  }();
  return *filled;
}

inline json::value parse(std::string_view text) {
  return parse_json(text).value();
}

inline constexpr std::string_view kLocation = "stages[0].config.parameters";

// The error of reading parameters; an empty message where they are good.
inline Error read_error(
    std::string_view stage_id, std::string_view parameters,
    ObjectReader::Templates templates = ObjectReader::Templates::allowed) {
  const json::value value = parse(parameters);
  ObjectReader in(value.get_object(), std::string(kLocation), templates);
  const auto made = registry().find(stage_id, "stage_id").value()->make(in);
  if (!made) return made.error();
  if (!in.ok()) return in.error();
  return Error{ErrorCode::internal, "", "", ""};
}

// The keys that a stage does not know.
inline std::vector<std::string> unread_keys(std::string_view stage_id,
                                            std::string_view parameters) {
  const json::value value = parse(parameters);
  ObjectReader in(value.get_object(), std::string(kLocation));
  const auto made = registry().find(stage_id, "stage_id").value()->make(in);
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return in.unread();
}

inline std::unique_ptr<Stage> make_stage(std::string_view stage_id,
                                         std::string_view parameters) {
  const json::value value = parse(parameters);
  ObjectReader in(value.get_object(), std::string(kLocation));
  return registry().find(stage_id, "stage_id").value()->make(in).value();
}

// A document as tests write it and read it.
struct Candidate {
  std::string collection_id;
  std::string document_id;  // Empty for rows that a stage made.
  std::optional<double> score;
  std::shared_ptr<const json::object> fields = std::make_shared<json::object>();
  json::object shown;  // As replies carry it.

  const json::value* find(std::string_view path, json::value& scratch) const {
    return find_values(*fields, path).as_one(scratch);
  }
};

inline const json::object& to_json(const Candidate& candidate) {
  return candidate.shown;
}

inline Candidate candidate(std::string id, std::string_view fields,
                           std::optional<double> score = {}) {
  Candidate out;
  out.collection_id = "col_test";
  out.document_id = std::move(id);
  out.score = score;
  out.fields = std::make_shared<const json::object>(parse(fields).get_object());
  return out;
}

// What a stage returned, with every field read.
struct Ran {
  std::vector<Candidate> candidates;
  std::uint64_t scanned_count = 0;
  json::object metadata;
  std::optional<json::object> facets;
  std::vector<std::string> warnings;
};

// "a b c": the document ids in order.
inline std::string ids(const std::vector<Candidate>& candidates) {
  std::string out;
  for (const Candidate& each : candidates) {
    if (!out.empty()) out += ' ';
    out += each.document_id.empty() ? "-" : each.document_id;
  }
  return out;
}

// The rows as canonical JSON, one per line.
inline std::string rows(const std::vector<Candidate>& candidates) {
  std::string out;
  for (const Candidate& each : candidates) {
    out += canonical_json(json::value(to_json(each))) + "\n";
  }
  return out;
}

using test::FakeSnapshot;

// What a run gives to its stages.
struct TestRun {
  Checkpoint check = [] { return Result<void>(); };
  Spending spending{std::nullopt};
  RunEvents events;
  const FanOut fan_out{};
  AnswerRoom room{0, 0};
  ExternalCalls calls{{}, 0, room, Externals::live, nullptr};
  StageRun run{check, {}, {}, spending, calls, events, "stage", {}, fan_out, 0, {}, {}};
};

// The documents as a stage is given them, from a collection of their own.
inline CandidateList to_list(const std::vector<Candidate>& candidates) {
  auto snapshot = std::make_shared<FakeSnapshot>("test", std::vector<std::string>());
  CandidateList out;
  const std::uint32_t source = out.source(snapshot);
  DocumentRef next = 0;
  for (const Candidate& each : candidates) {
    if (each.document_id.empty()) {
      out.add_row(*each.fields, each.score);
      continue;
    }
    snapshot->add(each.document_id, *each.fields);
    out.add(source, next++, each.score);
  }
  return out;
}

inline Ran to_ran(StageOutput&& output) {
  Ran ran{{}, output.scanned_count, output.metadata, output.facets, output.warnings};
  CandidateList& list = output.candidates;
  EXPECT_TRUE(list.load(FieldSet::all(), {}));
  for (std::size_t i = 0; i < list.size(); ++i) {
    Candidate each;
    each.collection_id = list.collection_id(i);
    each.document_id = list.document_id(i);
    each.score = list.score(i);
    each.shown = list.to_json(i);
    json::object fields = each.shown;
    if (!each.document_id.empty()) {
      fields.erase("document_id");
      fields.erase("collection_id");
    }
    if (each.score || !list.has_own(i, "score")) fields.erase("score");
    each.fields = std::make_shared<const json::object>(std::move(fields));
    ran.candidates.push_back(std::move(each));
  }
  return ran;
}

// Binds the stage and runs it, with what it reads loaded, as the runner does.
inline Result<Ran> run_bound(Stage& stage, CandidateList input, BindContext& context,
                             StageRun& run) {
  TRAWL_TRY(stage.bind(context));
  TRAWL_TRY(input.load(stage.fields_read(), {}));
  TRAWL_ASSIGN(StageOutput output, stage.run(std::move(input), run));
  return to_ran(std::move(output));
}

// Runs a stage in the middle of a pipeline, over these documents.
inline Result<Ran> try_stage(std::string_view stage_id, std::string_view parameters,
                             const std::vector<Candidate>& input, StageRun& run) {
  BindContext context;
  return run_bound(*make_stage(stage_id, parameters), to_list(input), context, run);
}
inline Ran run_stage(std::string_view stage_id, std::string_view parameters,
                     const std::vector<Candidate>& input) {
  TestRun test;
  return try_stage(stage_id, parameters, input, test.run).value();
}

// Collections, and a context in which stages find them.
class FakeCorpus {
 public:
  // Part of the request unless `extra`.
  FakeSnapshot& add(std::string id, std::vector<std::string> fields, bool extra = false) {
    auto made = std::make_shared<FakeSnapshot>(std::move(id), std::move(fields));
    all_.push_back(made);
    if (!extra) of_request_.push_back(made);
    return *made;
  }

  // Of the stage at this place.
  BindContext context(std::size_t stage_index = 0) const {
    BindContext out;
    out.snapshots = of_request_;
    out.first = stage_index == 0;
    out.find = [this](std::string_view name) -> Result<std::shared_ptr<const Snapshot>> {
      for (const auto& snapshot : all_) {
        if (snapshot->collection().name == name ||
            snapshot->collection().id.str() == name) {
          return snapshot;
        }
      }
      return make_error(ErrorCode::not_found, "no collection '" + std::string(name) + "'");
    };
    return out;
  }

  Result<Ran> run(std::string_view stage_id, std::string_view parameters,
                  const std::vector<Candidate>& input = {}, std::size_t index = 0) const {
    TestRun test;
    static std::int64_t seed = 0;
    test.run.seed = ++seed;  // Another for each run, as the runner's are.
    BindContext in = context(index);
    return run_bound(*make_stage(stage_id, parameters), to_list(input), in, test.run);
  }

 private:
  std::vector<std::shared_ptr<const Snapshot>> of_request_;
  std::vector<std::shared_ptr<const Snapshot>> all_;
};

}  // namespace trawl::stage_test
