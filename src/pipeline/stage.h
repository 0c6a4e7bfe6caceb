#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/object_reader.h"
#include "base/result.h"
#include "base/work_limit.h"
#include "corpus/snapshot.h"
#include "pipeline/candidate_list.h"
#include "pipeline/external_calls.h"
#include "pipeline/loss.h"
#include "pipeline/spending.h"
#include "pipeline/standing.h"
#include "providers/providers.h"
#include "query/filter.h"
#include "runtime/deadline.h"
#include "runtime/fan_out.h"
#include "runtime/stop.h"

namespace trawl {

// What the core has to know of a stage to run it well.
struct StageTraits {
  bool source = false;       // Reads collections, and what stands beside it as pre_filters.
  bool per_item = false;     // What becomes of a document does not depend on the others.
  bool keeps_order = false;  // What it hands on comes in the order in which it was given.
  bool deterministic = true;  // Equal input and parameters give equal output.
  bool network = false;       // Waits for others, and so may hold no compute thread.
};

// A collection that the parameters name, without a template.
struct NamedCollection {
  std::string identifier;  // Name or id.
  std::string location;    // For messages.
};

// What a stage is bound to: before a run, when a request is checked, and again for the run.
struct BindContext {
  // The collections of the request, each at the version that this execution sees.
  std::span<const std::shared_ptr<const Snapshot>> snapshots;
  // A collection that a stage names itself; the same version for the whole execution.
  //   not_found
  std::function<Result<std::shared_ptr<const Snapshot>>(std::string_view identifier)> find;
  // Whether no stage comes before, so that there are no documents but those that it reads.
  bool first = false;
  // Whom stages can ask outside of the server, with StageRun::calls. Null: nobody.
  const Providers* providers = nullptr;

  // Whether texts of the namespace may go to whom a provider asks. Empty: they may.
  std::function<Result<void>(std::string_view asked)> may_send = {};

  //   not_enabled
  //   forbidden    texts of the namespace may not go there
  Result<std::shared_ptr<const Provider>> provider(std::string_view name) const {
    if (providers == nullptr) return Providers().find(name);
    TRAWL_ASSIGN(auto found, providers->find(name));
    const std::string_view asked = providers->asks(name);
    if (may_send && !asked.empty()) TRAWL_TRY(may_send(asked));
    return found;
  }
};

// What is told of a run while it is under way; each call comes from its thread, and must be
// quick. The default listens to nothing.
class RunEvents {
 public:
  virtual ~RunEvents() = default;
  virtual void stage_started(std::string_view /*stage_name*/) {}
  // `total` is 0 where it is not known. May come from other threads, one at a time.
  virtual void progressed(std::string_view /*stage_name*/, std::uint64_t /*done*/,
                          std::uint64_t /*total*/) {}
  virtual void stage_ended(std::string_view /*stage_name*/, std::size_t /*output_count*/) {}
};

// W3C trace context, for what a stage asks of others. Empty where the request had none.
struct TraceContext {
  std::string trace_id;   // 32 hexadecimal digits.
  std::string parent_id;  // 16 of them: the span that sent the request.
};

// What a running stage may use.
struct StageRun {
  // Whether the time lasts and somebody still wants the answer. Call it at least every few
  // thousand steps of a loop; where a stage waits for something, `stop` and `deadline` wake
  // it.
  const Checkpoint& check;
  StopToken stop;
  Deadline deadline;
  // What the stage costs beyond its price, such as tokens.
  Spending& spending;
  // What is asked of providers is asked here alone, so that it is recorded and a replay can
  // be given the same answers.
  ExternalCalls& calls;
  RunEvents& events;
  std::string_view stage_name;
  TraceContext trace;
  // For a stage that does something for each document by itself (per_item_stage.h).
  const FanOut& fan_out;
  // For what the stage leaves to chance, unless its parameters name a seed; from 0 to 2^53,
  // so that every client can read it. A stage that uses it says so in its metadata.
  std::int64_t seed = 0;
  // The pre_filters beside a source, which applies them to all that it reads and is given.
  // Other stages are given only what passed them.
  std::span<const Filter> pre_filters;
  // What is read next of what it hands on: a stage that reads documents anyway loads these
  // fields with the others.
  FieldSet fields_next;
};

struct StageOutput {
  CandidateList candidates;
  std::uint64_t scanned_count = 0;
  // Recorded. Of its members, the reply has `completeness` (what is whole and what is not)
  // and `limits` (bounds that were asked for and could not be given: name, requested,
  // applied, ceiling) as its own.
  json::object metadata;
  std::optional<json::object> facets;  // Part of the reply; also in the metadata.
  std::vector<std::string> warnings;
  std::optional<std::int64_t> seed;  // What it drew from, where it drew.
};

// One step of a pipeline, with its parameters read and checked, and bound once; immutable
// from then on: run() may be called from many threads.
//
// What the core wants to know of a stage it asks here, or reads in its definition; it never
// goes by the name of one.
class Stage {
 public:
  virtual ~Stage() = default;

  // After bind().
  virtual StageTraits traits() const = 0;
  // What run() reads of the documents that it is given, as paths; they are loaded before.
  virtual FieldSet fields_read() const = 0;
  // Of these, the fields without which it does nothing of use: where no document has one, a
  // warning says so.
  virtual FieldSet fields_needed() const { return {}; }
  // Collections that it reads besides those of the request.
  virtual std::vector<NamedCollection> collections() const { return {}; }
  // Whether templates name others, which only a run finds out.
  virtual bool may_read_others() const { return false; }
  // The text that says what is looked for, where the inputs do not.
  virtual std::optional<std::string> summary_text() const { return std::nullopt; }
  // Whether what it returns may be remembered; asked only of what is deterministic.
  virtual bool may_be_cached() const { return true; }

  // Finds its collections, features and providers. Also called where templates still stand
  // for values: what rests on them is left out, then.
  //   an error refuses the request, or fails the run
  virtual Result<void> bind(BindContext& context) {
    (void)context;
    return {};
  }
  // An error ends the execution as failed, with its message.
  virtual Result<StageOutput> run(CandidateList input, StageRun& run) const = 0;

  // Why it did not hand on a document in the run that it has just made, with the same
  // `run`. May read and compute as much as the run did, and changes nothing.
  virtual Result<Loss> explain_loss(const LostDocument& lost, StageRun& run) const = 0;

  // Why a document that it handed on stands where it does, in the same way; nothing where
  // the stage neither gives scores nor sorts, and so only leaves others out.
  virtual Result<std::optional<Standing>> explain_standing(const KeptDocument& kept,
                                                           StageRun& run) const {
    (void)kept;
    (void)run;
    return std::optional<Standing>();
  }
};

// Reads the parameters. Called when a pipeline is validated, where templates may still
// stand for values (the result is then bound, and not run), and again when they are known.
using StageFactory = Result<std::unique_ptr<Stage>> (*)(ObjectReader& parameters);

// base + per_document x documents it is given, in credits, in whole millionths.
struct StagePrice {
  double base = 0;
  double per_document = 0;
};

struct StageDefinition {
  std::string_view stage_id;
  // Other ids for it, which older clients send.
  std::span<const std::string_view> aliases = {};
  std::string_view category;  // filter, sort, reduce, apply or enrich
  std::string_view description;
  std::string_view icon;
  std::string_view parameter_schema;  // JSON Schema of the parameters, as text.
  StageFactory make = nullptr;
  // Parameters that a pipeline has where it says nothing of them, because they are
  // templates: a JSON object as text. Empty for none.
  std::string_view defaults = {};
  // Whether it reads collections itself, at least where it comes first.
  bool reads_collections = false;
  // Whether it does so wherever it stands, and drops what it was given.
  bool starts_anew = false;
  // The parameter that holds all that it does, as a filter: one that reads collections can
  // then stand in for filters that belong to no stage. Empty for none.
  std::string_view filter_parameter = {};
  // Where it has a price of its own.
  std::optional<StagePrice> price = {};
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
  // Parameters, at any depth, whose values are part of the shape of a pipeline and no
  // literals of it: they choose what is done. They are in recorded shapes, so this list is
  // never changed. (Those of filters are the filter's: kFilterShapeNames.)
  std::span<const std::string_view> shape_names = {};
};

}  // namespace trawl
