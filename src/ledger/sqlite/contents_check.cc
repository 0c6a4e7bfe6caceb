#include "ledger/sqlite/contents_check.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

#include "ledger/sqlite/record.h"

namespace trawl::sqlite {
namespace {

// Contents that one read transaction hashes: a longer one would keep the writer's log from
// being emptied.
constexpr int kHashedAtOnce = 256;

using TellContents = std::function<void(std::string_view part, std::string message)>;

struct Question {
  std::string_view part;
  std::string_view sql;      // Rows of two numbers;
  std::string_view message;  // which it is made with.
};

constexpr Question kQuestions[] = {
    {"contents",
     "SELECT seq, count(*) FROM record_contents WHERE seq NOT IN (SELECT seq FROM records) "
     "GROUP BY seq",
     "number {} is of no record, but has {} contents"},
    {"contents",
     "SELECT content, length(data) FROM content_data WHERE content NOT IN (SELECT content "
     "FROM contents)",
     "content {} is not listed, but has {} bytes"},
    {"records",
     "SELECT content, count(*) FROM record_contents WHERE content NOT IN (SELECT c.content "
     "FROM contents c JOIN content_data d ON d.content = c.content) GROUP BY content",
     "content {}, of {} places of records, is not there"},
    {"records",
     "SELECT e.seq, c.content FROM record_contents r JOIN executions e ON e.seq = r.seq "
     "JOIN contents c ON c.content = r.content WHERE c.ns != e.ns",
     "execution number {} has content {}, which is of another namespace"},
};

Result<void> check_uses(Connection& connection, const TellContents& tell) {
  TRAWL_ASSIGN(
      auto rows,
      connection.prepare(
          "SELECT c.content, c.uses, coalesce(u.count, 0) AS counted FROM contents "
          "c LEFT JOIN (SELECT content, count(*) AS count FROM record_contents "
          "GROUP BY content) u ON u.content = c.content WHERE c.uses != counted OR "
          "counted = 0"));
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return {};
    tell("contents",
         fmt::format("content {} says that it is in {} places of records; it is "
                     "in {}",
                     rows.integer(0), rows.integer(1), rows.integer(2)));
  }
}

// Up to some of them from this one on; the last, or nothing when there was none.
Result<std::optional<std::int64_t>> hash_some(Connection& connection, std::int64_t from,
                                              const TellContents& tell) {
  TRAWL_ASSIGN(const auto transaction,
               Transaction::begin(connection, Transaction::Kind::read));
  TRAWL_ASSIGN(auto rows,
               connection.prepare("SELECT c.content, c.digest, d.data FROM contents c JOIN "
                                  "content_data d ON d.content = c.content WHERE "
                                  "c.content >= ? ORDER BY c.content LIMIT ?"));
  rows.bind(from, kHashedAtOnce);
  std::optional<std::int64_t> last;
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return last;
    last = rows.integer(0);
    const auto bytes = unpack_content(rows.text(2));
    if (!bytes) {
      tell("records",
           fmt::format("content {} cannot be read: {}", *last, bytes.error().detail));
    } else if (content_digest(*bytes) != rows.text(1)) {
      tell("records", fmt::format("content {} is not what was stored", *last));
    }
  }
}

}  // namespace

Result<void> check_contents(Connection& connection, bool thorough,
                            const TellContents& tell) {
  {
    TRAWL_ASSIGN(const auto transaction,
                 Transaction::begin(connection, Transaction::Kind::read));
    for (const Question& question : kQuestions) {
      TRAWL_ASSIGN(auto rows, connection.prepare(question.sql));
      while (true) {
        TRAWL_ASSIGN(const bool found, rows.step());
        if (!found) break;
        tell(question.part,
             fmt::format(fmt::runtime(question.message), rows.integer(0), rows.integer(1)));
      }
    }
    TRAWL_TRY(check_uses(connection, tell));
  }
  if (!thorough) return {};
  for (std::int64_t from = 0;;) {
    TRAWL_ASSIGN(const auto last, hash_some(connection, from, tell));
    if (!last) return {};
    from = *last + 1;
  }
}

Result<std::vector<std::string>> repair_contents(Connection& connection) {
  std::vector<std::string> done;
  TRAWL_TRY(connection.execute(
      "CREATE TEMP TABLE content_uses (content INTEGER PRIMARY KEY, uses INTEGER)"));
  struct Mend {
    const char* sql;
    std::string_view what;
  };
  constexpr Mend kMends[] = {
      {"DELETE FROM record_contents WHERE seq NOT IN (SELECT seq FROM records)",
       "contents no longer name a record that is not there"},
      {"INSERT INTO temp.content_uses SELECT content, count(*) FROM record_contents GROUP "
       "BY content",
       ""},
      {"UPDATE contents SET uses = u.uses FROM temp.content_uses u WHERE u.content = "
       "contents.content AND u.uses != contents.uses",
       "contents had their uses recounted"},
      {"DELETE FROM contents WHERE content NOT IN (SELECT content FROM temp.content_uses)",
       "contents that no record has were removed"},
      {"DELETE FROM content_data WHERE content NOT IN (SELECT content FROM contents)", ""},
  };
  for (const Mend& mend : kMends) {
    TRAWL_TRY(connection.execute(mend.sql));
    const std::int64_t count = connection.changes();
    if (count > 0 && !mend.what.empty()) {
      done.push_back(fmt::format("{} {}", count, mend.what));
    }
  }
  TRAWL_TRY(connection.execute("DROP TABLE temp.content_uses"));
  return done;
}

}  // namespace trawl::sqlite
