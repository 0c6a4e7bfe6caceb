#include "cli/commands/vector_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "cli/client/url.h"
#include "cli/terminal/format.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/status_line.h"

namespace trawl::cli {
namespace {

// Short work is seen to end at once, long work is not asked about all the time.
constexpr std::chrono::milliseconds kShortestLookPause{50};
constexpr std::chrono::milliseconds kLongestLookPause{1'000};

// Of a feature; nullptr where its vectors are not made by a model.
const json::object* progress_of(const json::value& feature) {
  const auto* object = feature.if_object();
  return object == nullptr ? nullptr : object_at(*object, "progress");
}

VectorState feature_state(const json::object& progress) {
  VectorState out;
  out.has_model = true;
  out.documents = std::max<std::int64_t>(count_at(progress, "documents"), 0);
  out.awaited = std::clamp<std::int64_t>(count_at(progress, "awaited"), 0, out.documents);
  if (flag_at(progress, "paused")) {
    out.hindrance = "it is paused";
  } else {
    out.hindrance = text_at(progress, "error");
  }
  return out;
}

// "title ×3, text"; empty where every text is meant.
std::string searched_text(const json::object& feature) {
  std::string out;
  const auto* fields = array_at(feature, "fields");
  if (fields == nullptr) return out;
  for (const auto& value : *fields) {
    const auto* field = value.if_object();
    if (field == nullptr) continue;
    if (!out.empty()) out += ", ";
    out += text_at(*field, "path");
    const std::int64_t weight = count_at(*field, "weight");
    if (weight > 1) out += fmt::format(" ×{}", weight);
  }
  return out;
}

std::string words_text(const json::object& feature) {
  const std::string fields = searched_text(feature);
  std::string out = "words of " + (fields.empty() ? "every text" : fields);
  const std::string language = text_at(feature, "language");
  if (language.empty()) return out + ", as they are written";
  if (language == "auto") return out + ", stemmed in the language of each text";
  return out + ", stemmed in " + language;
}

std::string vectors_text(const json::object& feature) {
  std::string out = "vectors";
  if (const auto* model = object_at(feature, "model")) {
    const std::string fields = searched_text(feature);
    out += fmt::format(" by {} of {}", text_at(*model, "name"),
                       fields.empty() ? "every text" : fields);
  }
  return out + fmt::format(", {} numbers, {}", format_count(count_at(feature, "dimension")),
                           text_at(feature, "metric"));
}

std::string progress_text(const VectorState& state) {
  std::string text = share_text(state);
  if (state.awaited > 0) {
    text += fmt::format(", {} of {} {} awaited", format_count(state.awaited),
                        format_things(state.documents, "document"),
                        state.awaited == 1 ? "is" : "are");
  }
  if (!state.hindrance.empty()) text += "; " + state.hindrance;
  return text;
}

std::string vector_line(const VectorState& state, double elapsed_s,
                        std::int64_t first_done) {
  const auto done = static_cast<double>(state.documents - state.awaited);
  const auto all = static_cast<double>(state.documents);
  std::string line =
      fmt::format("making vectors [{}] {}  {} of {}", bar(all > 0 ? done / all : 1, 24),
                  share_text(state), format_count(state.documents - state.awaited),
                  format_things(state.documents, "document"));
  const double rate = (done - static_cast<double>(first_done)) / std::max(elapsed_s, 0.001);
  if (rate > 0 && elapsed_s >= 1) {
    line += fmt::format("  ETA {}", clock_text(static_cast<double>(state.awaited) / rate));
  }
  return line;
}

}  // namespace

VectorState vector_state(const json::object& collection) {
  VectorState out;
  const auto* features = array_at(collection, "features");
  if (features == nullptr) return out;
  for (const auto& feature : *features) {
    const auto* progress = progress_of(feature);
    if (progress == nullptr) continue;
    VectorState one = feature_state(*progress);
    // One that has all is hindered by nothing.
    if (one.awaited == 0) one.hindrance.clear();
    const bool is_behind = !out.has_model || one.awaited > out.awaited;
    std::string hindrance = one.hindrance.empty() ? out.hindrance : one.hindrance;
    if (is_behind) out = std::move(one);
    out.hindrance = std::move(hindrance);
  }
  return out;
}

std::string share_text(const VectorState& state) {
  if (!state.has_model) return "—";
  if (state.awaited == 0) return "100 %";
  return fmt::format("{} %", (state.documents - state.awaited) * 100 / state.documents);
}

json::object feature_facts(const json::object& collection) {
  json::object out;
  const auto* features = array_at(collection, "features");
  if (features == nullptr) return out;
  for (const auto& value : *features) {
    const auto* feature = value.if_object();
    if (feature == nullptr) continue;
    std::string text = text_at(*feature, "type") == "dense" ? vectors_text(*feature)
                                                            : words_text(*feature);
    if (const auto* progress = progress_of(value)) {
      text += ": " + progress_text(feature_state(*progress));
    }
    out[text_at(*feature, "feature_uri")] = text_value(text);
  }
  return out;
}

Outcome<VectorState> wait_for_vectors(Context& context, const std::string& collection) {
  StatusLine line(context.host());
  std::optional<std::int64_t> first_done;
  for (auto pause = kShortestLookPause;;
       pause = std::min(pause * 3 / 2, kLongestLookPause)) {
    TRAWL_ASSIGN(const auto shown,
                 context.call("GET", path({"v1", "collections", collection})));
    VectorState state = vector_state(shown);
    if (!state.has_model) {
      return Failure(Exit::refused,
                     fmt::format("the collection '{}' has no feature whose vectors a model "
                                 "makes",
                                 collection));
    }
    if (state.awaited == 0) return state;
    if (!state.hindrance.empty()) {
      return Failure(
          Exit::refused,
          fmt::format("the vectors of {} in '{}' do not come: {}; the documents are "
                      "stored, and found by their words",
                      format_things(state.awaited, "document"), collection,
                      state.hindrance));
    }
    if (!first_done) first_done = state.documents - state.awaited;
    if (line.is_due()) line.show(vector_line(state, line.elapsed_s(), *first_done));
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace trawl::cli
