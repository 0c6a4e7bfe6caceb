#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/object_reader.h"
#include "base/result.h"
#include "corpus/corpus.h"
#include "pipeline/candidate.h"
#include "query/filter.h"

namespace trawl {

// What a running stage may use.
struct StageContext {
  // The collections of the request, each at the version bound when it began.
  std::span<const std::shared_ptr<const Snapshot>> snapshots;
  // Binds a collection that a stage names itself (name or id); the same version for the
  // whole execution.
  std::function<Result<std::shared_ptr<const Snapshot>>(std::string_view identifier)> bind;
  // Place of the stage in the pipeline, from 0. A filter that comes first reads the
  // collections; one whose predecessor found nothing has nothing to filter.
  std::size_t stage_index = 0;
  // The pre_filters beside the stage. One that reads collections applies them to all that
  // it reads and is given; the others are given only what passed them.
  std::span<const Filter> pre_filters;
  // For what the stage leaves to chance, unless its parameters name a seed; from 0 to 2^53,
  // so that every client can read it. A stage that uses it says so in its metadata.
  std::int64_t seed = 0;
  // Whether the time budget lasts and the client is still there. Call it at least every
  // few thousand steps of a loop.
  Checkpoint check;
};

struct StageOutput {
  std::vector<Candidate> candidates;
  std::uint64_t scanned_count = 0;
  json::object metadata;
  std::vector<std::string> warnings;
};

// One step of a pipeline, with its parameters read and checked. Immutable: run() may be
// called from many threads.
class Stage {
 public:
  virtual ~Stage() = default;
  // What can be told before anything runs: whether the collections have the features that
  // the parameters name. Also called where templates still stand for values. An error
  // refuses the request.
  virtual Result<void> validate(StageContext& context) const {
    (void)context;
    return {};
  }
  // An error ends the execution as failed, with its message.
  virtual Result<StageOutput> run(std::vector<Candidate> input,
                                  StageContext& context) const = 0;
};

// Reads the parameters. Called when a pipeline is validated, where templates may still
// stand for values (the result is then not run), and again when they are known.
using StageFactory = Result<std::unique_ptr<Stage>> (*)(ObjectReader& parameters);

struct StageDefinition {
  std::string_view stage_id;
  std::string_view category;  // filter, sort, reduce, apply or enrich
  std::string_view description;
  std::string_view icon;
  std::string_view parameter_schema;  // JSON Schema of the parameters, as text.
  StageFactory make = nullptr;
  // Whether equal input and parameters give equal output, so it may be remembered.
  bool (*deterministic)(const json::object& parameters) = nullptr;  // null: always
  // Whether it reads collections itself (feature_search), not only its input.
  bool reads_collections = false;
  // Parameters, at any depth, that are filters or parts of one. In them a value that is
  // absent reads as absent_value(), not as null.
  std::span<const std::string_view> filters = {};
  // Parameters, at any depth, that bound what is found. A template that names an input
  // which was not given refuses the request there: to leave the bound out would widen it.
  std::span<const std::string_view> bounds = {};
  // Parameters that take a text or else an object that says more, such as "query" or
  // "searches[].query". What a template fills in there is the text: an object that came
  // from an input is data, and must not be read as if the pipeline had said it.
  std::span<const std::string_view> text_places = {};
};

}  // namespace trawl
