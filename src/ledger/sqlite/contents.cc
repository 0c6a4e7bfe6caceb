#include "ledger/sqlite/contents.h"

#include <fmt/format.h>

#include <limits>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/hash.h"

namespace trawl::sqlite {

Result<void> Contents::put(Connection& connection, std::int64_t ns, std::int64_t seq,
                           std::span<const NewContent> contents, Uses& uses) {
  for (const NewContent& content : contents) {
    TRAWL_ASSIGN(const std::int64_t number, number_of(connection, ns, content));
    TRAWL_ASSIGN(auto insert,
                 connection.prepare("INSERT INTO record_contents (seq, place, content) "
                                    "VALUES (?, ?, ?)"));
    TRAWL_TRY(insert.bind(seq, content.place, number).run());
    ++uses[number];
  }
  return {};
}

Result<void> Contents::release(Connection& connection, std::int64_t seq, Which which,
                               Uses& uses) {
  TRAWL_ASSIGN(auto remove,
               connection.prepare("DELETE FROM record_contents WHERE seq = ? AND place >= "
                                  "? RETURNING content"));
  remove.bind(seq, which == Which::all ? std::numeric_limits<std::int64_t>::min() : 0);
  while (true) {
    TRAWL_ASSIGN(const bool found, remove.step());
    if (!found) return {};
    --uses[remove.integer(0)];
  }
}

Result<void> Contents::apply(Connection& connection, const Uses& uses) {
  for (const auto& [content, change] : uses) {
    if (change != 0) {
      TRAWL_ASSIGN(
          auto count,
          connection.prepare("UPDATE contents SET uses = uses + ? WHERE content = ?"));
      TRAWL_TRY(count.bind(change, content).run());
    }
    // Nor does one stay that came and went within the transaction.
    if (change > 0) continue;
    TRAWL_ASSIGN(auto remove, connection.prepare(
                                  "DELETE FROM contents WHERE content = ? AND uses <= 0"));
    TRAWL_TRY(remove.bind(content).run());
    if (connection.changes() == 0) continue;
    TRAWL_ASSIGN(auto data,
                 connection.prepare("DELETE FROM content_data WHERE content = ?"));
    TRAWL_TRY(data.bind(content).run());
    forget();
  }
  return {};
}

Result<std::int64_t> Contents::number_of(Connection& connection, std::int64_t ns,
                                         const NewContent& content) {
  std::string key = content.digest;
  append(key, ns);
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  std::int64_t number = 0;
  {
    TRAWL_ASSIGN(auto look, connection.prepare("SELECT content FROM contents WHERE ns = ? "
                                               "AND digest = ?"));
    look.bind(ns);
    TRAWL_ASSIGN(const bool found, look.bind_blob(content.digest).step());
    if (found) number = look.integer(0);
  }
  if (number == 0) {
    {
      TRAWL_ASSIGN(auto add, connection.prepare("INSERT INTO contents (ns, digest, uses) "
                                                "VALUES (?, ?, 0)"));
      add.bind(ns);
      TRAWL_TRY(add.bind_blob(content.digest).run());
    }
    number = connection.last_insert_rowid();
    TRAWL_ASSIGN(auto data, connection.prepare("INSERT INTO content_data (content, data) "
                                               "VALUES (?, ?)"));
    data.bind(number);
    TRAWL_TRY(data.bind_blob(packed(content)).run());
  }
  if (known_.size() >= kKnownMax) known_.clear();
  known_.emplace(std::move(key), number);
  return number;
}

Result<std::vector<std::string>> read_cut_outs(Connection& connection, std::int64_t seq) {
  std::vector<std::string> out;
  TRAWL_ASSIGN(auto rows,
               connection.prepare("SELECT d.data FROM record_contents r JOIN content_data "
                                  "d ON d.content = r.content WHERE r.seq = ? AND "
                                  "r.place >= 0 ORDER BY r.place"));
  rows.bind(seq);
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return out;
    TRAWL_ASSIGN(std::string bytes, unpack_content(rows.text(0)));
    out.push_back(std::move(bytes));
  }
}

Result<std::vector<Content>> read_answers(Connection& connection, std::int64_t seq) {
  std::vector<Content> out;
  std::set<std::int64_t> read;
  TRAWL_ASSIGN(auto rows,
               connection.prepare("SELECT r.content, c.digest, d.data FROM record_contents "
                                  "r LEFT JOIN contents c ON c.content = r.content LEFT "
                                  "JOIN content_data d ON d.content = r.content WHERE "
                                  "r.seq = ? AND r.place < 0 ORDER BY r.place DESC"));
  rows.bind(seq);
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return out;
    if (!read.insert(rows.integer(0)).second) continue;
    TRAWL_ASSIGN(std::string bytes, unpack_content(rows.text(2)));
    // A replay is given it as what somebody answered.
    if (content_digest(bytes) != rows.text(1)) {
      return make_error(ErrorCode::storage, "the stored data is damaged",
                        fmt::format("content {} is not what was stored", rows.integer(0)));
    }
    out.push_back({sha256_hex(bytes), std::move(bytes)});
  }
}

}  // namespace trawl::sqlite
