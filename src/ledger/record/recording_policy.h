#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/execution.h"

namespace trawl {

// How much of an execution its record holds. The later is the stricter.
//   full     everything
//   summary  neither inputs nor what quotes them (query_summary, pipeline, the stages'
//            metadata, errors and warnings of stages that inputs were filled into), and no
//            candidates and results; the row, the hashes, the stages' counts and times,
//            other errors and warnings stay, with each input in them masked, and labels
enum class RecordingMode { full, summary };

// Which members of the inputs the templates in the config of a stage name. Nothing: any of
// them may be.
using InputsRead =
    std::function<std::optional<std::vector<std::string>>(const json::value& config)>;

// What a namespace lets into its history: a mode, and rules for what in the inputs is to be
// dropped, hashed or masked. Safe for concurrent use once set_inputs_read() was called.
//
//   {"mode": "full" | "summary",
//    "redact": [{"field": "user.email", "action": "drop" | "hash" | "mask"},
//               {"pattern": "[0-9]{16}", "action": "hash" | "mask"}]}
//
// A field is a dotted path into the inputs; "*" stands for one segment, arrays may be left
// out of it, and a single name matches at any depth. Of two rules that match, the first
// decides. A pattern (RE2) is applied to every string, number and key of the inputs, and to
// every text of the record but ids. A masked value reads "***", a hashed one "sha256:" and
// 16 hex digits of an HMAC.
class RecordingPolicy {
 public:
  RecordingPolicy() = default;  // Records everything.

  // `hash_key` is the secret of the HMAC; only policies that are applied need one.
  //   invalid  unknown keys or words, a pattern that RE2 refuses or that matches the empty
  //            text, more than 64 rules; the location begins with `location`
  static Result<RecordingPolicy> parse(const json::object& definition,
                                       const std::string& location,
                                       std::string hash_key = {});
  // The normal form: parsing it gives an equal policy.
  json::object to_json() const;

  RecordingMode mode() const { return mode_; }
  bool redacts() const { return !rules_.empty(); }

  // How to find out what a stage was filled in from; without it, a stage that has any
  // template counts as filled in from every input. Called from many threads at once.
  void set_inputs_read(InputsRead inputs_read) { inputs_read_ = std::move(inputs_read); }

  // Takes out of an execution what may not be recorded, by the stricter of the policy's
  // mode and the request's. Whatever derives from the inputs obeys:
  //   - inputs_hash and query_summary are made of the redacted inputs;
  //   - what a stage said (error, warnings, metadata) is left out where something redacted
  //     was filled into its parameters or stands in them: a template can change a value,
  //     and a library can quote a piece of it, in ways that no search would find;
  //   - every redacted value of four or more bytes is replaced wherever else it stands, in
  //     any case and in the usual encodings: in the other inputs, pipeline, other errors,
  //     warnings and metadata, names of stages, labels, client and request_id. A shorter
  //     one is replaced where it is the whole of another input or of a label.
  // What external calls asked and answered is not recorded at all, where anything is taken
  // out; who was asked, when and how long is.
  // Where the pipeline changes, the fingerprint is of the changed one, since that of the
  // original would tell a guess from the truth. Ids of documents and collections are not
  // looked at.
  // Inputs that are not JSON are masked whole, and where a rule names a field, so are the
  // texts that may quote them. Of an execution without inputs, as imports can be, such a
  // rule takes the query_summary and what the stages said.
  void apply(Execution& execution, RecordingMode requested = RecordingMode::full) const;

 private:
  struct Rule;
  friend class Redactor;

  RecordingMode mode_ = RecordingMode::full;
  std::vector<std::shared_ptr<const Rule>> rules_;
  std::string hash_key_;
  InputsRead inputs_read_;
};

// Leaves the row of the execution and the counts of its stages, and nothing that a client
// wrote but ids: for when it is not known what may be recorded.
void record_least(Execution& execution);

}  // namespace trawl
