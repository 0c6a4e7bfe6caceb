#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/compiled_policies.h"
#include "ledger/record/recording_policy.h"

namespace trawl::api {

// The member of a namespace's definition that holds its recording policy.
inline constexpr std::string_view kRecordingKey = "recording";

// The recording policies of all namespaces. Thread-safe.
class RecordingPolicies {
 public:
  // `hash_key` is the secret of the data directory. The catalog must outlive this.
  RecordingPolicies(const Catalog& catalog, std::string hash_key);

  // The policy of the namespace, which records everything where its definition names none.
  // An execution that outlasts its namespace is still under the last policy that was seen.
  // Null where none was seen, or where what is stored is damaged: nobody knows then what
  // may be recorded (RecordingPolicySource says what follows).
  std::shared_ptr<const RecordingPolicy> find(const NamespaceId& namespace_id) const {
    return compiled_.find(namespace_id);
  }

  // A policy that no namespace has, as it would be applied if one had it.
  //   invalid  as RecordingPolicy::parse()
  Result<std::shared_ptr<const RecordingPolicy>> compile(const json::object& definition,
                                                         const std::string& location) const;

 private:
  const std::string hash_key_;
  const CompiledPolicies<RecordingPolicy> compiled_;
};

}  // namespace trawl::api
