// A recording policy and an execution to apply it to, each a line of JSON: the policy as an
// administrator sends it, the execution as an import line. A policy is refused with a
// reason, or has a stable normal form, and what a bare field rule redacts is gone.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "ledger/record/recording_policy.h"
#include "model/execution_json.h"

namespace {

using trawl::json::value;

// Every text that `field` hides at any depth, long enough to be looked for.
void collect(const value& from, std::string_view field, bool inside,
             std::vector<std::string>& out) {
  if (const auto* object = from.if_object()) {
    for (const auto& member : *object) {
      const std::string_view key(member.key().data(), member.key().size());
      collect(member.value(), field, inside || key == field, out);
    }
  } else if (const auto* array = from.if_array()) {
    for (const auto& item : *array) collect(item, field, inside, out);
  } else if (inside && from.is_string() && from.get_string().size() >= 8) {
    const std::string_view text = trawl::view(from.get_string());
    // With a star in it, what is left of a text and the mask could make it up.
    if (text.find('*') == std::string_view::npos &&
        text.find("sha256:") == std::string_view::npos) {
      out.emplace_back(text);
    }
  }
}

bool holds(const std::string& text, const std::string& secret) {
  return text.find(secret) != std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto newline = text.find('\n');
  if (newline == std::string_view::npos) return 0;
  const auto definition = trawl::parse_json(text.substr(0, newline));
  if (!definition || !definition->is_object()) return 0;
  const auto policy =
      trawl::RecordingPolicy::parse(definition->get_object(), "recording", "key");
  if (!policy) {
    if (policy.error().message.empty() || policy.error().location.empty()) std::abort();
    return 0;
  }
  const trawl::json::object normal = policy->to_json();
  const auto again = trawl::RecordingPolicy::parse(normal, "recording", "key");
  if (!again || again->to_json() != normal) std::abort();

  const auto line = trawl::parse_json(text.substr(newline + 1));
  if (!line) return 0;
  const auto parsed = trawl::parse_execution(*line);
  if (!parsed) return 0;
  trawl::Execution redacted = *parsed;
  policy->apply(redacted);
  if (!trawl::parse_json(trawl::execution_detail_json(redacted), 200)) std::abort();

  trawl::Execution masked = *parsed;
  const auto bare = trawl::RecordingPolicy::parse(
      {{"redact", trawl::json::array{{{"field", "secret"}, {"action", "mask"}}}}}, "",
      "key");
  bare->apply(masked);
  if (!parsed->inputs) return 0;
  std::vector<std::string> secrets;
  if (const auto inputs = trawl::parse_json(*parsed->inputs)) {
    collect(*inputs, "secret", false, secrets);
  }
  for (const std::string& secret : secrets) {
    const bool left =
        (masked.error && holds(*masked.error, secret)) ||
        (masked.summary.query_summary && holds(*masked.summary.query_summary, secret));
    if (left) std::abort();
  }
  return 0;
}
