#include "ledger/sqlite/record.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include "base/bytes.h"
#include "base/hash.h"
#include "ledger/ledger_rules.h"
#include "model/execution_json.h"

namespace trawl::sqlite {
namespace {

constexpr std::size_t kHeadSize = 5;  // Version, and bytes of `before`.
constexpr std::size_t kPlaceSize = 4;
// Level 1: higher ones took twice as long for a twentieth of the space.
constexpr int kLevel = 1;
// A frame says how long its content is; damage must not make us ask for all memory.
constexpr unsigned long long kContentMax = 1ULL << 30;

// Content that a record is likely to repeat, the likeliest last, where references to it are
// short. Records of a version can only be read with these very bytes of its dictionary.
constexpr std::string_view kDictionary1 =
    R"("warnings":["),"metadata":{"facets":{"error":"interrupted: the server stopped before )"
    R"(this execution ended","credits_limit","budget"agent_search"aggregate"api_call")"
    R"("deduplicate"document_enrich"group_by"json_transform"limit"llm_enrich"llm_filter"mmr")"
    R"("query_expand"rag_prepare"sample"score_normalize"sort_attribute"sort_relevance")"
    R"("summarize"unwind"sort"reduce"apply"enrich"rerank"attribute_filter"feature_search")"
    R"("failed","cancelled","completed",python-requests/2.31.0OpenAPI-Generator/python)"
    R"(curl/7.88.1"inputs":"{\"query\":\"\",\"filters\":{\"limit\":10,\"user\":{\"id\":\"")"
    R"(,"inputs_hash":"","stages":[{"stage_name":"search","stage_id":"feature_search",)"
    R"("stage_type":"filter","start_offset_ms":0.0,"duration_ms":0.,"input_count":0,)"
    R"("output_count":10,"scanned_count":0,"cache_hit":true,"credits_used":0.,"error":null,)"
    R"("warnings":[],"metadata":{},"candidates":[{"document_id":"doc_",)"
    R"("collection_id":"col_","score":0.},{"document_id":"doc_","collection_id":"col_",)"
    R"("score":1.}],"candidates_truncated":false},{"stage_name":"rerank","stage_id":"rerank",)"
    R"("stage_type":"sort","start_offset_ms":0.,"duration_ms":0.,"input_count":10,)"
    R"("output_count":10,"scanned_count":0,"cache_hit":false,"credits_used":0,"error":null,)"
    R"("warnings":[],"metadata":{},"candidates":[],"candidates_truncated":false}],)"
    R"("results":[{"document_id":"doc_","collection_id":"col_","score":1}],)"
    R"("collection_versions":[{"collection_id":"col_","version":1}],"error":null,)"
    R"("failed_stage":null,"namespace_id":"ns_","labels":{},"caller_key_id":"key_",)"
    R"("client":"curl/8.5.0","request_id":"req_","trace_id":null)";

constexpr std::string_view kDictionary2 =
    R"("warnings":["),"metadata":{"facets":{"error":"interrupted: the server stopped before )"
    R"(this execution ended","credits_limit","budget"agent_search"aggregate"api_call")"
    R"("deduplicate"document_enrich"group_by"json_transform"limit"llm_enrich"llm_filter"mmr")"
    R"("query_expand"rag_prepare"sample"score_normalize"sort_attribute"sort_relevance")"
    R"("summarize"unwind"sort"reduce"apply"enrich"rerank"attribute_filter"feature_search")"
    R"("failed","cancelled","completed",python-requests/2.31.0OpenAPI-Generator/python)"
    R"(curl/7.88.1","parent_execution_id":"exec_","relation":"replay","retriever_id":"ret_",)"
    R"("retriever_revision":1"written":{"sort_relevance":{"original_position":0,)"
    R"("new_position":0,"normalized_score":0.},"features":{"context":{"time_elapsed_ms":0,)"
    R"("budget_remaining":null},"seed":"searches":[{"search":0,"rank":1,"score":0.},)"
    R"({"search":1,"rank":1,"score":0.}]"metadata":{"total":10,"offset":0,"limit":10},)"
    R"("metadata":{"searches":[{"feature_uri":"","candidates":10,"top_score":0.}]},)"
    R"("inputs":"{\"query\":\"\",\"filters\":{\"limit\":10,\"user\":{\"id\":\"")"
    R"(,"inputs_hash":"","stages":[{"stage_name":"search","stage_id":"feature_search",)"
    R"("stage_type":"filter","start_offset_ms":0.0,"duration_ms":0.,"input_count":0,)"
    R"("output_count":10,"scanned_count":0,"cache_hit":true,"credits_used":0.,"error":null,)"
    R"("warnings":[],"metadata":{},"parameters":{"query":"","final_top_k":10,"feature_uri":)"
    R"("","candidates":[{"document_id":"doc_","collection_id":"col_","content_hash":"0",)"
    R"("score":0.},{"document_id":"doc_","collection_id":"col_","content_hash":"1","score":1.}],)"
    R"("candidates_truncated":false},{"stage_name":"rerank","stage_id":"rerank",)"
    R"("stage_type":"sort","start_offset_ms":0.,"duration_ms":0.,"input_count":10,)"
    R"("output_count":10,"scanned_count":0,"cache_hit":false,"credits_used":0,"error":null,)"
    R"("warnings":[],"metadata":{},"candidates":[],"candidates_truncated":false}],)"
    R"("results":[{"document_id":"doc_","collection_id":"col_","content_hash":"","score":1}],)"
    R"("collection_versions":[{"collection_id":"col_","version":1}],"error":null,)"
    R"("failed_stage":null,"namespace_id":"ns_","labels":{},"caller_key_id":"key_",)"
    R"("client":"curl/8.5.0","request_id":"req_","trace_id":null,"queue_wait_ms":0.0)";

// The newest is the last.
constexpr std::array kDictionaries = {kDictionary1, kDictionary2};
// A record with everything in it, and one with cut-outs.
constexpr char kWhole = 2;
constexpr char kCutOut = 3;

// The dictionary of a version's records, from 1; 0 for a version that there is not.
constexpr std::size_t dictionary_of(char version) {
  if (version == kCutOut) return 2;
  return version == 1 || version == kWhole ? static_cast<std::size_t>(version) : 0;
}

struct FreeZstd {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  void operator()(ZSTD_CDict* dictionary) const { ZSTD_freeCDict(dictionary); }
  void operator()(ZSTD_DDict* dictionary) const { ZSTD_freeDDict(dictionary); }
};

const ZSTD_CDict* compression_dictionary() {
  static const std::unique_ptr<ZSTD_CDict, FreeZstd> dictionary(
      ZSTD_createCDict(kDictionaries.back().data(), kDictionaries.back().size(), kLevel));
  return dictionary.get();
}

const ZSTD_DDict* decompression_dictionary(std::size_t number) {
  static const auto dictionaries = [] {
    std::array<std::unique_ptr<ZSTD_DDict, FreeZstd>, kDictionaries.size()> made;
    for (std::size_t i = 0; i < made.size(); ++i) {
      made[i].reset(ZSTD_createDDict(kDictionaries[i].data(), kDictionaries[i].size()));
    }
    return made;
  }();
  return dictionaries[number - 1].get();
}

Error damaged(std::string_view why) {
  return make_error(ErrorCode::storage, "the stored data is damaged",
                    fmt::format("a record cannot be read: {}", why));
}

void append_frame(std::string& out, std::string_view content) {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeZstd> context(ZSTD_createCCtx());
  const std::size_t head = out.size();
  out.resize(head + ZSTD_compressBound(content.size()));
  const std::size_t size =
      ZSTD_compress_usingCDict(context.get(), out.data() + head, out.size() - head,
                               content.data(), content.size(), compression_dictionary());
  // The output has room for the worst case, so only memory can be missing.
  if (ZSTD_isError(size)) throw std::bad_alloc();
  out.resize(head + size);
}

Result<std::string> read_frame(std::string_view frame, std::size_t dictionary) {
  const auto content_size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (content_size >= kContentMax) return damaged("its sizes contradict each other");
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeZstd> context(ZSTD_createDCtx());
  std::string content(content_size, '\0');
  const std::size_t size = ZSTD_decompress_usingDDict(
      context.get(), content.data(), content.size(), frame.data(), frame.size(),
      decompression_dictionary(dictionary));
  if (ZSTD_isError(size)) return damaged(ZSTD_getErrorName(size));
  if (size != content_size) return damaged("it is cut short");
  return content;
}

// Those values of before and after, as one text, that were seen before. All are seen from
// now on.
std::vector<TextSpan> find_cut_outs(const Execution& execution,
                                    const ExecutionDetailParts& parts, SeenValues& seen) {
  std::vector<TextSpan> cut_outs;
  std::vector<std::uint64_t> added;
  const std::uint64_t ns = content_hash(execution.namespace_id.str());
  const auto look = [&](std::string_view text, const std::vector<TextSpan>& values,
                        std::size_t offset) {
    for (const TextSpan& value : values) {
      if (value.size < seen.cut_out_min) continue;
      const std::uint64_t hash = content_hash(value.of(text)) ^ ns;
      if (seen.sights.has(hash)) {
        cut_outs.push_back({offset + value.begin, value.size});
      } else {
        added.push_back(hash);
      }
    }
  };
  look(parts.before, parts.before_values, 0);
  look(parts.after, parts.after_values, parts.before.size());
  // Last, since what is twice in this record alone costs next to nothing there.
  for (const std::uint64_t hash : added) seen.sights.add(hash);
  return cut_outs;
}

NewContent new_content(std::int64_t place, std::string_view bytes, SeenValues* seen) {
  if (seen != nullptr) {
    if (auto recent = seen->contents.find(bytes)) {
      return {place, recent->digest, {}, std::move(recent)};
    }
  }
  NewContent content{place, content_digest(bytes), pack_content(bytes), nullptr};
  if (seen != nullptr) seen->contents.add({std::string(bytes), content.digest});
  return content;
}

int hex_digit(char c) {
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

}  // namespace

EncodedRecord encode_record(const Execution& execution, SeenValues* seen) {
  const ExecutionDetailParts parts = execution_detail_parts(execution);
  const std::string content = parts.before + parts.after;
  EncodedRecord out;
  std::vector<TextSpan> cut_outs;
  if (seen != nullptr) cut_outs = find_cut_outs(execution, parts, *seen);
  out.record.push_back(cut_outs.empty() ? kWhole : kCutOut);
  append(out.record, static_cast<std::uint32_t>(parts.before.size()));
  for (const std::string_view answer : kept_answers(execution)) {
    out.contents.push_back(
        new_content(-1 - static_cast<std::int64_t>(out.contents.size()), answer, seen));
  }
  if (cut_outs.empty()) {
    append_frame(out.record, content);
    return out;
  }
  append(out.record, static_cast<std::uint32_t>(cut_outs.size()));
  std::string rest;
  std::size_t at = 0;
  std::int64_t which = 0;
  for (const TextSpan& span : cut_outs) {
    const std::string_view bytes = span.of(content);
    rest.append(content, at, span.begin - at);
    at = span.begin + span.size;
    append(out.record, static_cast<std::uint32_t>(rest.size()));
    out.contents.push_back(new_content(which++, bytes, seen));
  }
  rest.append(content, at);
  append_frame(out.record, rest);
  return out;
}

std::size_t count_cut_outs(std::string_view record) {
  if (record.size() < kHeadSize + kPlaceSize || record.front() != kCutOut) return 0;
  const auto count = load<std::uint32_t>(record.data() + kHeadSize);
  // Of a damaged record, which decode_record() refuses, no more than it has bytes for.
  return std::min<std::size_t>(count, record.size() / kPlaceSize);
}

Result<RecordParts> decode_record(std::string_view record,
                                  std::span<const std::string> cut_outs) {
  if (record.size() <= kHeadSize) return damaged("it is cut short");
  const std::size_t dictionary = dictionary_of(record.front());
  if (dictionary == 0) return damaged("its version is unknown");
  const bool whole = record.front() != kCutOut;
  const std::size_t before_size = load<std::uint32_t>(record.data() + 1);
  record.remove_prefix(kHeadSize);
  std::vector<std::size_t> places;
  if (!whole) {
    std::uint32_t count = 0;
    if (!take(record, count) || record.size() / kPlaceSize < count) {
      return damaged("it is cut short");
    }
    if (count != cut_outs.size()) return damaged("a content of it is missing");
    for (std::uint32_t place = 0; count > 0 && take(record, place); --count) {
      places.push_back(place);
    }
  }
  TRAWL_ASSIGN(std::string content, read_frame(record, dictionary));
  if (!whole) {
    std::size_t size = content.size();
    for (const std::string& bytes : cut_outs) size += bytes.size();
    if (size >= kContentMax) return damaged("its sizes contradict each other");
    std::string joined;
    joined.reserve(size);
    std::size_t at = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (places[i] < at || places[i] > content.size()) {
        return damaged("its contents overlap");
      }
      joined.append(content, at, places[i] - at).append(cut_outs[i]);
      at = places[i];
    }
    joined.append(content, at);
    content = std::move(joined);
  }
  if (before_size > content.size()) return damaged("its sizes contradict each other");
  RecordParts parts;
  parts.after = content.substr(before_size);
  content.resize(before_size);
  parts.before = std::move(content);
  return parts;
}

std::string content_digest(std::string_view bytes) {
  const std::string hex = sha256_hex(bytes);
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    out.push_back(static_cast<char>(hex_digit(hex[i]) << 4 | hex_digit(hex[i + 1])));
  }
  return out;
}

std::string pack_content(std::string_view bytes) {
  std::string out(1, static_cast<char>(kDictionaries.size()));
  append_frame(out, bytes);
  return out;
}

std::string packed(const NewContent& content) {
  return content.data.empty() ? pack_content(content.recent->bytes) : content.data;
}

Result<std::string> unpack_content(std::string_view data) {
  if (data.empty()) return damaged("a content of it is cut short");
  const auto dictionary = static_cast<std::size_t>(data.front());
  if (dictionary < 1 || dictionary > kDictionaries.size()) {
    return damaged("the version of a content is unknown");
  }
  return read_frame(data.substr(1), dictionary);
}

std::string_view record_dictionary(std::size_t version) {
  return kDictionaries[version - 1];
}

}  // namespace trawl::sqlite
