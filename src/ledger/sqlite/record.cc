#include "ledger/sqlite/record.h"

#include <fmt/format.h>
#include <zstd.h>

#include <array>
#include <memory>
#include <new>

#include "model/execution_json.h"

namespace trawl::sqlite {
namespace {

constexpr std::size_t kHeadSize = 5;
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

// The newest version is the last.
constexpr std::array kDictionaries = {kDictionary1, kDictionary2};
constexpr char kVersion = kDictionaries.size();

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

const ZSTD_DDict* decompression_dictionary(char version) {
  static const auto dictionaries = [] {
    std::array<std::unique_ptr<ZSTD_DDict, FreeZstd>, kDictionaries.size()> made;
    for (std::size_t i = 0; i < made.size(); ++i) {
      made[i].reset(ZSTD_createDDict(kDictionaries[i].data(), kDictionaries[i].size()));
    }
    return made;
  }();
  return dictionaries[static_cast<std::size_t>(version) - 1].get();
}

Error damaged(std::string_view why) {
  return make_error(ErrorCode::storage, "the stored data is damaged",
                    fmt::format("a record cannot be read: {}", why));
}

}  // namespace

std::string encode_record(const Execution& execution) {
  const ExecutionDetailParts parts = execution_detail_parts(execution);
  std::string out(1, kVersion);
  for (int shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<char>((parts.before.size() >> shift) & 0xFF));
  }
  const std::string content = parts.before + parts.after;
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeZstd> context(ZSTD_createCCtx());
  out.resize(kHeadSize + ZSTD_compressBound(content.size()));
  const std::size_t size = ZSTD_compress_usingCDict(
      context.get(), out.data() + kHeadSize, out.size() - kHeadSize, content.data(),
      content.size(), compression_dictionary());
  // The output has room for the worst case, so only memory can be missing.
  if (ZSTD_isError(size)) throw std::bad_alloc();
  out.resize(kHeadSize + size);
  return out;
}

Result<RecordParts> decode_record(std::string_view record) {
  if (record.size() <= kHeadSize) return damaged("it is cut short");
  const char version = record.front();
  if (version < 1 || version > kVersion) return damaged("its version is unknown");
  std::size_t before_size = 0;
  for (int i = 4; i >= 1; --i) {
    before_size = before_size << 8 | static_cast<unsigned char>(record[i]);
  }
  record.remove_prefix(kHeadSize);
  const auto content_size = ZSTD_getFrameContentSize(record.data(), record.size());
  if (content_size >= kContentMax || before_size > content_size) {
    return damaged("its sizes contradict each other");
  }
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeZstd> context(ZSTD_createDCtx());
  std::string content(content_size, '\0');
  const std::size_t size = ZSTD_decompress_usingDDict(
      context.get(), content.data(), content.size(), record.data(), record.size(),
      decompression_dictionary(version));
  if (ZSTD_isError(size)) return damaged(ZSTD_getErrorName(size));
  if (size != content_size) return damaged("it is cut short");
  RecordParts parts;
  parts.after = content.substr(before_size);
  content.resize(before_size);
  parts.before = std::move(content);
  return parts;
}

std::string_view record_dictionary(std::size_t version) {
  return kDictionaries[version - 1];
}

}  // namespace trawl::sqlite
