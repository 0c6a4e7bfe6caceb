#include "ledger/sqlite/rows.h"

#include <fmt/format.h>

#include "base/json.h"
#include "ledger/execution_id_key.h"
#include "ledger/sqlite/contents.h"
#include "ledger/sqlite/record.h"
#include "model/execution_json.h"

namespace trawl::sqlite {
namespace {

constexpr std::size_t kKnownWordsMax = 32;

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
    out.members = pipeline_members_json(Execution());
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
  Execution execution;
  execution.fingerprint = select.string(0);
  if (!select.is_null(1)) {
    TRAWL_ASSIGN(const auto word, words.find(connection, select.integer(1)));
    execution.shape = word->text;
  }
  execution.pipeline = select.string(2);
  out.members = pipeline_members_json(execution);
  out.pipeline = std::move(execution.pipeline);
  return out;
}

Result<RecordParts> decode(Connection& connection, std::int64_t seq,
                           std::string_view record) {
  std::vector<std::string> cut_outs;
  if (count_cut_outs(record) > 0) {
    TRAWL_ASSIGN(cut_outs, read_cut_outs(connection, seq));
  }
  return decode_record(record, cut_outs);
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
  TRAWL_ASSIGN(const RecordParts parts, decode(connection, seq, select.text(1)));
  TRAWL_ASSIGN(Definition definition,
               read_definition(connection, words, select.integer(0)));
  std::string row;
  TRAWL_ASSIGN(auto rows, RowReader::make(connection, words));
  TRAWL_TRY(rows.append(seq, row));
  Detail out;
  out.json = join_detail_json(row, parts.before, definition.members, parts.after);
  out.pipeline = std::move(definition.pipeline);
  return out;
}

}  // namespace

Result<RowReader> RowReader::make(Connection& connection, Words& words) {
  static const std::string kSql =
      fmt::format("SELECT {} FROM executions WHERE seq = ?", kColumns);
  TRAWL_ASSIGN(auto select, connection.prepare(kSql));
  return RowReader(connection, words, std::move(select));
}

Result<const Word*> RowReader::word(std::int64_t number) {
  for (const auto& [known, word] : known_) {
    if (known == number) return word.get();
  }
  TRAWL_ASSIGN(auto word, words_.find(connection_, number));
  known_.emplace_back(number, std::move(word));
  return known_.back().second.get();
}

Result<void> RowReader::append(std::int64_t seq, std::string& out) {
  TRAWL_ASSIGN(const bool found, select_.bind(seq).step());
  if (!found) return missing_row(seq);
  TRAWL_TRY(append(select_, 0, out));
  select_.reset();
  return {};
}

Result<void> RowReader::append(const Statement& row, int first, std::string& out) {
  std::string id = execution_id_text(row.text(first + 1));
  // Ids of ours hold nothing to escape.
  if (!is_own_id_key(row.text(first + 1))) {
    std::string quoted;
    append_json_string(quoted, id);
    id = quoted.substr(1, quoted.size() - 2);
  }
  ExecutionRowParts parts;
  parts.execution_id = id;
  // Past these it is cheaper to ask anew than to look through them all.
  if (known_.size() + 3 > kKnownWordsMax) known_.clear();
  TRAWL_ASSIGN(const Word* status, word(row.integer(first + 2)));
  parts.status = status->json;
  TRAWL_ASSIGN(const Word* mode, word(row.integer(first + 3)));
  parts.execution_mode = mode->json;
  parts.collection_ids = "null";
  if (!row.is_null(first + 4)) {
    TRAWL_ASSIGN(const Word* collections, word(row.integer(first + 4)));
    parts.collection_ids = collections->text;
  }
  parts.timestamp = row.integer(first);
  parts.values = row.text(first + 5);
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

Result<bool> record_holds(Connection& connection, std::int64_t seq,
                          std::string_view bytes) {
  TRAWL_ASSIGN(auto select, connection.prepare("SELECT record FROM records WHERE seq = ?"));
  TRAWL_ASSIGN(const bool found, select.bind(seq).step());
  if (!found) return missing_row(seq);
  TRAWL_ASSIGN(const RecordParts parts, decode(connection, seq, select.text(0)));
  const auto has = [&](std::string_view text) {
    return text.find(bytes) != std::string_view::npos;
  };
  return has(parts.after) || has(parts.before);
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
