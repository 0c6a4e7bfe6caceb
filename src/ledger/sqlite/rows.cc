#include "ledger/sqlite/rows.h"

#include <fmt/format.h>

#include "ledger/execution_id_key.h"
#include "ledger/sqlite/record.h"
#include "model/execution_json.h"

namespace trawl::sqlite {
namespace {

Error missing_row(std::int64_t seq) {
  return make_error(ErrorCode::storage, "the stored data is damaged",
                    fmt::format("something names the row {}, which is not there", seq));
}

struct Definition {
  std::string members;   // The piece `pipeline` of a detail.
  std::string pipeline;  // As it was recorded.
};

Result<Definition> read_definition(Connection& connection, Words& words,
                                   std::int64_t number) {
  Definition out;
  if (number == 0) {
    out.members = pipeline_members_json("", "", "");
    return out;
  }
  TRAWL_ASSIGN(auto select,
               connection.prepare("SELECT fingerprint, shape, pipeline FROM definitions "
                                  "WHERE definition = ?"));
  TRAWL_ASSIGN(const bool found, select.bind(number).step());
  if (!found) {
    return make_error(
        ErrorCode::storage, "the stored data is damaged",
        fmt::format("a row names the definition {}, which is not there", number));
  }
  std::string shape;
  if (!select.is_null(1)) {
    TRAWL_ASSIGN(const auto word, words.find(connection, select.integer(1)));
    shape = word->text;
  }
  out.pipeline = select.string(2);
  out.members = pipeline_members_json(out.pipeline, select.text(0), shape);
  return out;
}

struct Detail {
  std::string json;
  std::string pipeline;
};

Result<Detail> read_whole(Connection& connection, Words& words, std::int64_t seq) {
  TRAWL_ASSIGN(auto select,
               connection.prepare("SELECT e.definition, r.record FROM executions e "
                                  "JOIN records r ON r.seq = e.seq WHERE e.seq = ?"));
  TRAWL_ASSIGN(const bool found, select.bind(seq).step());
  if (!found) return missing_row(seq);
  TRAWL_ASSIGN(const RecordParts parts, decode_record(select.text(1)));
  TRAWL_ASSIGN(Definition definition,
               read_definition(connection, words, select.integer(0)));
  std::string row;
  TRAWL_TRY(append_row(connection, words, seq, row));
  Detail out;
  out.json = join_detail_json(row, parts.before, definition.members, parts.after);
  out.pipeline = std::move(definition.pipeline);
  return out;
}

}  // namespace

Result<void> append_row(Connection& connection, Words& words, std::int64_t seq,
                        std::string& out) {
  TRAWL_ASSIGN(auto select,
               connection.prepare("SELECT ts, id, status, mode, collections, row "
                                  "FROM executions WHERE seq = ?"));
  TRAWL_ASSIGN(const bool found, select.bind(seq).step());
  if (!found) return missing_row(seq);
  const std::string id = execution_id_text(select.text(1));
  TRAWL_ASSIGN(const auto status, words.find(connection, select.integer(2)));
  TRAWL_ASSIGN(const auto mode, words.find(connection, select.integer(3)));
  std::shared_ptr<const Word> collections;
  if (!select.is_null(4)) {
    TRAWL_ASSIGN(collections, words.find(connection, select.integer(4)));
  }
  ExecutionRowParts parts;
  parts.execution_id = id;
  parts.execution_mode = mode->json;
  parts.status = status->json;
  parts.timestamp = select.integer(0);
  parts.values = select.text(5);
  parts.collection_ids =
      collections == nullptr ? std::string_view("null") : collections->text;
  return append_row_json(out, parts);
}

Result<std::string> read_id_key(Connection& connection, std::int64_t seq) {
  TRAWL_ASSIGN(auto select, connection.prepare("SELECT id FROM executions WHERE seq = ?"));
  TRAWL_ASSIGN(const bool found, select.bind(seq).step());
  if (!found) return missing_row(seq);
  return select.string(0);
}

Result<std::string> read_detail(Connection& connection, Words& words, std::int64_t seq) {
  TRAWL_ASSIGN(Detail detail, read_whole(connection, words, seq));
  return std::move(detail.json);
}

Result<Execution> read_execution(Connection& connection, Words& words, std::int64_t seq) {
  TRAWL_ASSIGN(Detail detail, read_whole(connection, words, seq));
  TRAWL_ASSIGN(Execution execution, parse_stored_execution(detail.json));
  // Byte for byte, where parsing would give it another spelling.
  execution.pipeline = std::move(detail.pipeline);
  return execution;
}

Result<std::optional<std::int64_t>> find_seq(Connection& connection,
                                             const NamespaceId& namespace_id,
                                             const ExecutionId& id) {
  TRAWL_ASSIGN(auto select,
               connection.prepare("SELECT e.seq FROM namespaces n JOIN executions e "
                                  "INDEXED BY executions_by_id ON e.ns = n.ns "
                                  "AND e.id = ?2 WHERE n.id = ?1"));
  const std::string key = execution_id_key(id);
  select.bind(namespace_id.str());
  TRAWL_ASSIGN(const bool found, select.bind_blob(key).step());
  std::optional<std::int64_t> seq;
  if (found) seq = select.integer(0);
  return seq;
}

}  // namespace trawl::sqlite
