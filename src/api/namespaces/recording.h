#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "catalog/catalog.h"
#include "ledger/record/recording_policy.h"

namespace trawl::api {

// The member of a namespace's definition that holds its recording policy.
inline constexpr std::string_view kRecordingKey = "recording";

// The recording policies of all namespaces, compiled once for each change. They are read
// from the namespaces' definitions every time, so that none is ever out of date.
// Thread-safe.
class RecordingPolicies {
 public:
  // `hash_key` is the secret of the data directory. The catalog must outlive this.
  RecordingPolicies(const Catalog& catalog, std::string hash_key);

  // The policy of the namespace, which records everything where its definition names none.
  // An execution that outlasts its namespace is still under the last policy that was seen.
  // Null where none was seen, or where what is stored is damaged: nobody knows then what
  // may be recorded (RecordingPolicySource says what follows).
  std::shared_ptr<const RecordingPolicy> find(const NamespaceId& namespace_id) const;

 private:
  struct Compiled {
    json::value definition;
    std::shared_ptr<const RecordingPolicy> policy;
  };

  const Catalog& catalog_;
  const std::string hash_key_;
  const std::shared_ptr<const RecordingPolicy> everything_;
  mutable Mutex mutex_;
  mutable std::map<NamespaceId, Compiled> compiled_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl::api
