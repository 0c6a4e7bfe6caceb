#include "execution_generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/amount_sum.h"
#include "base/hash.h"
#include "base/json.h"

namespace trawl::bench {
namespace {

constexpr std::size_t kWords = 50'000;
constexpr std::size_t kCollections = 40;
constexpr std::size_t kPipelines = 200;
constexpr std::size_t kDocuments = 100'000;  // In each collection.
constexpr std::size_t kQueryBytes = 56;      // A query ends at the word that passes this.
constexpr std::size_t kInputsBytes = 295;    // Inputs are filled up to about this.

// Now and then many executions begin in one microsecond, as when a job sends a batch whose
// clock is coarse: of every 256, the first 24 may share a timestamp.
constexpr std::uint64_t kBurstPeriod = 256;
constexpr std::uint64_t kBurstLength = 24;

// A bijection on 64 bits that leaves no pattern (the finaliser of SplitMix64).
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

std::string text_of_bits(std::uint64_t bits, std::size_t length,
                         std::string_view alphabet) {
  std::string out;
  for (std::size_t i = 0; i < length; ++i, bits = mix(bits)) {
    out.push_back(alphabet[bits % alphabet.size()]);
  }
  return out;
}

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kLower = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

// The layout of make_sortable_id(): 48 bits of milliseconds, 80 bits that only have to be
// different.
std::string sortable_id(std::string_view prefix, TimeUs time, std::uint64_t bits) {
  std::string out(prefix);
  const auto millis = static_cast<std::uint64_t>(time / 1000);
  for (int shift = 45; shift >= 0; shift -= 5) {
    out.push_back(kCrockford[(millis >> shift) & 31]);
  }
  // 60 bits of one number and 20 of another fill 16 digits.
  for (int shift = 55; shift >= 0; shift -= 5) {
    // The first bit stays zero: the server leaves itself room to count there.
    const std::uint64_t digit = (bits >> shift) & 31;
    out.push_back(kCrockford[shift == 55 ? digit & 15 : digit]);
  }
  for (std::uint64_t rest = mix(bits), i = 0; i < 4; ++i, rest >>= 5) {
    out.push_back(kCrockford[rest & 31]);
  }
  return out;
}

// Pronounceable, and different for every index: syllables are its digits.
std::string make_word(std::size_t index) {
  static constexpr std::string_view kConsonants = "bdfgklmnprstvz";
  static constexpr std::string_view kVowels = "aeiou";
  // Scattered over a prime, so that common words are not alike.
  std::uint64_t rest = (index * 48'271 + 11) % 1'000'003;
  std::string out;
  do {
    out.push_back(kConsonants[rest % kConsonants.size()]);
    rest /= kConsonants.size();
    out.push_back(kVowels[rest % kVowels.size()]);
    rest /= kVowels.size();
  } while (rest > 0);
  out.push_back("nrlsm"[index % 5]);
  return out;
}

std::vector<std::string> make_words() {
  std::vector<std::string> words(kWords);
  for (std::size_t i = 0; i < kWords; ++i) words[i] = make_word(i);
  return words;
}

double rounded(double number, double steps) {
  return std::round(number * steps) / steps;
}

}  // namespace

// A short stream of numbers, cheap to begin.
class ExecutionGenerator::Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() { return mix(state_++); }
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  std::uint64_t below(std::uint64_t n) { return bits() % n; }
  bool chance(double probability) { return uniform() < probability; }
  // Durations and counts: many small ones and a long tail.
  double log_normal(double median, double sigma) {
    // The sum of twelve uniform numbers is normal enough, and the same everywhere.
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return median * std::exp(sigma * sum);
  }

 private:
  std::uint64_t state_;
};

ExecutionGenerator::Zipf::Zipf(std::size_t n, double exponent) : cumulative_(n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    sum += std::pow(static_cast<double>(i + 1), -exponent);
    cumulative_[i] = sum;
  }
  for (double& value : cumulative_) value /= sum;
}

std::size_t ExecutionGenerator::Zipf::draw(double uniform) const {
  const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), uniform);
  return static_cast<std::size_t>(found - cumulative_.begin());
}

ExecutionGenerator::ExecutionGenerator(HistoryShape shape)
    : shape_(std::move(shape)),
      words_(make_words()),
      word_ranks_(kWords, 1.0),
      collection_ranks_(kCollections, 1.1),
      pipeline_ranks_(kPipelines, 1.0),
      document_ranks_(kDocuments, 0.8) {
  for (std::size_t i = 0; i < kCollections; ++i) {
    collections_.push_back("col_" + text_of_bits(mix(i + 1), 10, kLower));
  }
  for (std::size_t i = 0; i < kPipelines; ++i) pipelines_.push_back(make_pipeline(i));
}

ExecutionGenerator::Random ExecutionGenerator::random_of(std::uint64_t number,
                                                         std::uint64_t purpose) const {
  return Random(mix(mix(shape_.seed * 8 + purpose) ^ mix(number)));
}

ExecutionGenerator::Pipeline ExecutionGenerator::make_pipeline(std::size_t index) const {
  static constexpr Stage kSearch = {"search", "feature_search", "filter"};
  static constexpr Stage kRest[] = {{"only_live", "attribute_filter", "filter"},
                                    {"rank", "sort_relevance", "sort"},
                                    {"newest", "sort_attribute", "sort"},
                                    {"unique", "deduplicate", "reduce"},
                                    {"top", "limit", "reduce"}};
  Random random(mix(index * 2 + 1'000'000));
  Pipeline out;
  out.collection = collection_ranks_.draw(random.uniform());
  out.stages = {kSearch};
  const std::size_t stage_count = 2 + random.below(3);
  for (std::size_t next = 0; out.stages.size() < stage_count;) {
    next += random.below(std::size(kRest) - next - (stage_count - out.stages.size()) + 1);
    out.stages.push_back(kRest[next++]);
  }
  json::array stages;
  std::string kinds;
  for (const Stage& stage : out.stages) {
    const std::string id(stage.id);
    json::object parameters;
    if (stage.id == "feature_search") {
      json::object query{{"input_mode", "text"}, {"value", "{{INPUT.query}}"}};
      parameters = {
          {"searches", json::array{json::object{{"feature_uri", "trawl://bm25@v1/text"},
                                                {"query", std::move(query)},
                                                {"top_k", 100 + 50 * (index % 4)}}}},
          {"final_top_k", 50}};
    } else if (stage.id == "attribute_filter") {
      parameters = {
          {"field", "metadata.status"}, {"operator", "eq"}, {"value", words_[index % 100]}};
    } else if (stage.id == "limit") {
      parameters = {{"limit", 10 + index % 3 * 10}, {"offset", 0}};
    } else {
      parameters = {{"field", "metadata." + words_[index % 20]}, {"direction", "desc"}};
    }
    stages.push_back(json::object{
        {"stage_name", std::string(stage.name)},
        {"stage_type", std::string(stage.type)},
        {"config", json::object{{"stage_id", id}, {"parameters", std::move(parameters)}}}});
    kinds += id + ';';
  }
  const json::object schema{
      {"query", json::object{{"type", "text"},
                             {"required", true},
                             {"description", "What " + words_[index] + " looks for"}}}};
  out.text = canonical_json(json::object{
      {"collection_identifiers", json::array{json::string(collections_[out.collection])}},
      {"input_schema", schema},
      {"stages", std::move(stages)},
      {"budget_limits", json::object{{"max_time_ms", 2000}}}});
  out.fingerprint = sha256_hex(out.text);
  out.shape = sha256_hex(kinds);
  return out;
}

std::uint32_t ExecutionGenerator::namespace_of(std::uint64_t number) const {
  Random random = random_of(number, 0);
  const std::size_t others = shape_.namespaces.size() - 1;
  if (others == 0 || random.chance(0.85)) return 0;
  return static_cast<std::uint32_t>(1 + random.below(others));
}

TimeUs ExecutionGenerator::time_of(std::uint64_t number) const {
  std::uint64_t slot = number;
  const bool in_burst = number % kBurstPeriod < kBurstLength &&
                        random_of(number / kBurstPeriod, 1).chance(0.25);
  if (in_burst) slot -= number % kBurstPeriod;
  const double step = static_cast<double>(kHistoryLength) /
                      static_cast<double>(std::max<std::uint64_t>(shape_.count, 1));
  // Anywhere within its slot, so the microseconds have no pattern.
  return kHistoryStart +
         static_cast<TimeUs>((static_cast<double>(slot) + random_of(slot, 2).uniform()) *
                             step);
}

ExecutionId ExecutionGenerator::id_of(std::uint64_t number) const {
  return ExecutionId(sortable_id("exec_", time_of(number), random_of(number, 3).bits()));
}

std::string ExecutionGenerator::make_query(Random& random) const {
  std::string out = words_[word_ranks_.draw(random.uniform())];
  const std::size_t bytes = kQueryBytes - 16 + random.below(32);
  while (out.size() < bytes) out += ' ' + words_[word_ranks_.draw(random.uniform())];
  return out;
}

// With sorted keys and no spaces, so the text is its own canonical form.
std::string ExecutionGenerator::make_inputs(Random& random,
                                            const std::string& query) const {
  static constexpr std::string_view kLocales[] = {"en-GB", "en-US", "de-DE",
                                                  "fr-FR", "ja-JP", "es-ES"};
  const std::string tail = fmt::format(
      R"(","limit":{},"locale":"{}","query":"{}","session_id":"{}","user":{{"id":"usr_{}","segment":"{}"}}}})",
      10 * (1 + random.below(3)), kLocales[random.below(std::size(kLocales))], query,
      text_of_bits(random.bits(), 24, kHex), random.below(200'000),
      words_[random.below(12)]);
  std::string out = R"({"context":")" + words_[word_ranks_.draw(random.uniform())];
  while (out.size() + tail.size() + 6 < kInputsBytes) {
    out += ' ' + words_[word_ranks_.draw(random.uniform())];
  }
  return out + tail;
}

std::string ExecutionGenerator::document_id(std::size_t collection,
                                            std::uint64_t rank) const {
  return "doc_" + text_of_bits(mix(rank * kCollections + collection), 10, kLower);
}

// The best `candidates` documents for some words: few documents are found often.
std::vector<ScoredId> ExecutionGenerator::find_documents(Random& random,
                                                         std::size_t collection) const {
  std::vector<ScoredId> out;
  std::set<std::uint64_t> found;
  double score = 8 + 20 * random.uniform();
  while (out.size() < shape_.candidates) {
    const std::uint64_t rank = document_ranks_.draw(random.uniform());
    if (!found.insert(rank).second) continue;
    ScoredId& id = out.emplace_back();
    id.collection_id = collections_[collection];
    id.document_id = document_id(collection, rank);
    id.score = static_cast<float>(score);  // What BM25 computes with.
    id.content_hash = static_cast<std::uint32_t>(content_hash(id.document_id));
    score *= 0.9 + 0.1 * random.uniform();
  }
  return out;
}

void ExecutionGenerator::run_stages(Random& random, const Pipeline& pipeline,
                                    Execution& execution) const {
  ExecutionSummary& summary = execution.summary;
  std::size_t end = pipeline.stages.size();
  const bool failed = summary.status == status::kFailed;
  if (summary.status != status::kCompleted) end = 1 + random.below(end);
  std::vector<ScoredId> candidates;
  std::int64_t count = 0;
  std::int64_t offset_us = 20 + static_cast<std::int64_t>(random.below(60));
  std::int64_t hits = 0;
  for (std::size_t i = 0; i < end; ++i) {
    StageRecord stage;
    stage.stage_name = pipeline.stages[i].name;
    stage.stage_id = pipeline.stages[i].id;
    stage.stage_type = pipeline.stages[i].type;
    stage.start_offset_us = offset_us;
    stage.duration_us =
        static_cast<std::int64_t>(random.log_normal(i == 0 ? 1'800 : 90, 0.9)) + 1;
    offset_us += stage.duration_us + 5 + static_cast<std::int64_t>(random.below(20));
    stage.input_count = count;
    stage.cache_hit = random.chance(0.2);
    const double credits =
        stage.cache_hit ? 0 : rounded(i == 0 ? 1.0 : 0.1 + 0.0001 * count, 10'000);
    stage.credits_micro = AmountSum::to_units(credits);
    if (i + 1 == end && summary.status != status::kCompleted) {
      if (failed) stage.error = execution.error;
    } else if (i == 0) {
      // One search in twenty finds nothing.
      const bool found = !random.chance(0.05);
      if (found) candidates = find_documents(random, pipeline.collection);
      count = found ? 50 : 0;
      stage.scanned_count = static_cast<std::int64_t>(random.log_normal(4'000, 1.2));
      json::object search{{"feature_uri", "trawl://bm25@v1/text"},
                          {"candidates", count * 2}};
      if (candidates.empty()) {
        search["top_score"] = nullptr;
      } else {
        search["top_score"] = *candidates.front().score;
      }
      stage.metadata["searches"] = json::array{std::move(search)};
    } else {
      stage.scanned_count = count;
      if (stage.stage_type == "sort") {
        for (std::size_t k = candidates.size(); k > 1; --k) {
          std::swap(candidates[k - 1], candidates[random.below(k)]);
        }
      } else if (stage.stage_id == "limit") {
        stage.metadata = {{"total", count}, {"offset", 0}, {"limit", 10}};
        count = std::min<std::int64_t>(count, 10);
      } else if (count > 0) {
        // What falls out makes room for documents from further down.
        count -= static_cast<std::int64_t>(random.below(20));
        for (auto& candidate : candidates) {
          if (!random.chance(0.2)) continue;
          // Of the less common documents, which are hardly ever there already.
          candidate.document_id = document_id(
              pipeline.collection, kDocuments / 2 + random.below(kDocuments / 2));
        }
      }
    }
    const bool ended = !(i + 1 == end && summary.status != status::kCompleted);
    if (ended) {
      stage.output_count = count;
      stage.candidates = candidates;
      stage.candidates_truncated = count > static_cast<std::int64_t>(candidates.size());
      ++summary.stages_completed;
      hits += stage.cache_hit ? 1 : 0;
    } else if (failed) {
      execution.failed_stage = stage.stage_name;
    }
    summary.total_processed += stage.input_count;
    summary.credits_used = rounded(summary.credits_used + credits, 10'000);
    execution.stages.push_back(std::move(stage));
  }
  summary.total_stages = static_cast<std::int64_t>(pipeline.stages.size());
  if (summary.stages_completed > 0) {
    summary.cache_hit_rate =
        static_cast<double>(hits) / static_cast<double>(summary.stages_completed);
  }
  summary.duration_ms = static_cast<double>(offset_us) / 1000.0;
  if (summary.status == status::kCompleted) {
    summary.total_returned = std::min<std::int64_t>(count, 10);
    execution.results = std::move(candidates);
  }
}

Execution ExecutionGenerator::make(std::uint64_t number) const {
  static constexpr std::string_view kClients[] = {
      "python-requests/2.32.3", "trawl-cli/0.1.0", "mixpeek-python/0.81.1", "curl/8.5.0"};
  static constexpr std::string_view kTeams[] = {"search", "ads", "support", "catalogue"};
  Random random = random_of(number, 4);
  const Pipeline& pipeline = pipelines_[pipeline_ranks_.draw(random.uniform())];
  Execution execution;
  ExecutionSummary& summary = execution.summary;
  summary.timestamp = time_of(number);
  summary.execution_id = id_of(number);
  execution.namespace_id = NamespaceId(shape_.namespaces[namespace_of(number)]);
  const double fate = random.uniform();
  summary.status = fate < 0.90   ? status::kCompleted
                   : fate < 0.99 ? status::kFailed
                                 : status::kCancelled;
  const std::string query = make_query(random);
  summary.query_summary = query;
  summary.collection_ids = {collections_[pipeline.collection]};
  execution.inputs = make_inputs(random, query);
  execution.inputs_hash = sha1_hex(*execution.inputs);
  execution.caller_key_id = fmt::format(
      "key_{}", text_of_bits(mix(random.below(5) * random.below(2)), 10, kLower));
  execution.client = kClients[random.below(std::size(kClients))];
  execution.request_id = "req_" + text_of_bits(random.bits(), 16, kLower);
  if (random.chance(0.3)) execution.trace_id = text_of_bits(random.bits(), 32, kHex);
  if (random.chance(0.2)) {
    execution.labels.emplace_back("team", kTeams[random.below(std::size(kTeams))]);
    if (random.chance(0.5)) execution.labels.emplace_back("env", "production");
  }
  execution.pipeline = pipeline.text;
  execution.fingerprint = pipeline.fingerprint;
  execution.shape = pipeline.shape;
  // A collection gets a new version every hour or so.
  execution.collection_versions = {
      {collections_[pipeline.collection],
       static_cast<std::uint64_t>((summary.timestamp - kHistoryStart) / kMicrosPerHour) +
           pipeline.collection}};
  if (summary.status == status::kFailed) {
    switch (random.below(4)) {
      case 0:
        execution.error = fmt::format("max_time_ms of 2000 was used up after {:.1f} ms",
                                      2000 + 50 * random.uniform());
        break;
      case 1:
        execution.error = fmt::format("max_credits of {} was used up", 1 + random.below(5));
        break;
      case 2:
        execution.error = fmt::format("the collection '{}' was removed while this ran",
                                      collections_[pipeline.collection]);
        break;
      default:
        execution.error = fmt::format("no feature '{}' in the documents of the collection",
                                      words_[random.below(2'000)]);
    }
  }
  run_stages(random, pipeline, execution);
  return execution;
}

}  // namespace trawl::bench
