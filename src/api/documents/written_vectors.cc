#include "api/documents/written_vectors.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "api/operate/metrics.h"
#include "api/wire/query_reader.h"
#include "runtime/deadline.h"
#include "runtime/waiting.h"

namespace trawl::api {
namespace {

constexpr std::string_view kVectors = "vectors";

std::uint64_t count_awaited(const Services& services, const Collection& collection) {
  std::uint64_t awaited = 0;
  for (const Feature& feature : collection.features) {
    if (!feature.model || feature.until != Feature::kForever) continue;
    const auto progress = services.corpus.vector_progress(collection.id, feature.uri);
    if (progress) awaited = std::max(awaited, progress->awaited);
  }
  return awaited;
}

bool has_model(const Collection& collection) {
  const auto& features = collection.features;
  return std::any_of(features.begin(), features.end(), [](const Feature& feature) {
    return feature.model && feature.until == Feature::kForever;
  });
}

}  // namespace

Result<bool> read_wait_for(const http::Request& request) {
  const QueryReader query(request);
  if (!query.text(kWaitForParameter.name)) return false;
  constexpr std::string_view kChoices[] = {kVectors};
  TRAWL_TRY(query.choice(kWaitForParameter.name, kChoices));
  return true;
}

bool read_wait_for(ObjectReader& in) {
  return in.one_of<bool>({kWaitForMember.name}, false, {{kVectors, true}});
}

void documents_written(const Services& services, const Collection& collection,
                       std::uint64_t count) {
  services.metrics.documents_written(count);
  if (count > 0 && has_model(collection)) services.embedding.wake();
}

WrittenVectors wait_for_vectors(const Services& services, const http::Request& request,
                                const Collection& collection) {
  WrittenVectors out;
  out.has_model = has_model(collection);
  if (!out.has_model) {
    out.reason = "the collection has no feature whose vectors a model makes";
    return out;
  }
  const std::chrono::milliseconds most(services.limits.request_ms_max);
  const Waiting waiting;
  const auto waited = services.embedding.wait_for(
      collection, request.stop, most.count() > 0 ? Deadline::after(most) : Deadline());
  if (waited) return out;
  out.awaited = count_awaited(services, collection);
  out.reason = waited.error().message;
  return out;
}

json::object written_vectors_json(const WrittenVectors& vectors) {
  const std::string_view state = !vectors.has_model ? "none"
                                 : vectors.reason   ? "awaited"
                                                    : "complete";
  json::object out{
      {"state", text_value(state)}, {"awaited", vectors.awaited}, {"reason", nullptr}};
  if (vectors.reason) out["reason"] = text_value(*vectors.reason);
  return out;
}

}  // namespace trawl::api
