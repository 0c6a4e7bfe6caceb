#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/execution.h"

namespace trawl {

// How much of an execution its record holds. The later is the stricter.
//   full     everything
//   summary  neither inputs nor what quotes them (query_summary, pipeline, the stages'
//            metadata), and no candidates and results; the row, the hashes, the stages'
//            counts and times, errors, warnings and labels stay, with each input in them
//            masked
enum class RecordingMode { full, summary };

// What a namespace lets into its history: a mode, and rules for what in the inputs is to be
// dropped, hashed or masked. Immutable, so safe for concurrent use.
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

  // Takes out of an execution what may not be recorded, by the stricter of the policy's
  // mode and the request's. Whatever derives from the inputs obeys: inputs_hash is of the
  // redacted inputs, and every redacted value of four or more bytes is replaced wherever
  // else it stands: in the other inputs, query_summary, pipeline, errors, warnings,
  // metadata, names of stages, labels, client and request_id. Where the pipeline changes,
  // the fingerprint is of the changed one, since that of the original would tell a guess
  // from the truth. Ids of documents and collections are not looked at.
  // Inputs that are no JSON are masked whole, and where a rule names a field, so are the
  // texts that may quote them. Of an execution without inputs, as imports can be, such a
  // rule takes the query_summary.
  void apply(Execution& execution, RecordingMode requested = RecordingMode::full) const;

 private:
  struct Rule;
  friend class Redactor;

  RecordingMode mode_ = RecordingMode::full;
  std::vector<std::shared_ptr<const Rule>> rules_;
  std::string hash_key_;
};

// Leaves nothing in the execution that a client wrote but ids: for when a policy cannot be
// applied.
void withhold_texts(Execution& execution);

}  // namespace trawl
