#include <utility>

#include "ledger/ledger.h"
#include "ledger/rendered.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "peer.h"

namespace trawl::bench {
namespace {

class TrawlPeer final : public Peer {
 public:
  TrawlPeer(std::unique_ptr<Ledger> ledger, std::vector<std::string> namespaces)
      : ledger_(std::move(ledger)) {
    for (auto& id : namespaces) namespaces_.emplace_back(std::move(id));
  }

  std::string_view name() const override { return "trawl"; }

  Result<Answer> ask(const Question& question) override {
    Answer answer;
    const NamespaceId& ns = namespaces_.at(question.ns);
    if (question.kind == Question::Kind::detail) {
      TRAWL_ASSIGN(const auto found, find_json(*ledger_, ns, ExecutionId(question.id)));
      if (found) {
        answer.rows = question.id;
        answer.row_count = 1;
      }
      return answer;
    }
    ExecutionFilter filter;
    filter.namespace_id = ns;
    if (question.failed) filter.status = status::kFailed;
    filter.start_time = question.start;
    filter.end_time = question.end;
    if (!question.words.empty()) {
      std::string text;
      for (const auto& word : question.words) text += word + ' ';
      filter.query = TextQuery::parse(text);
    }
    ExecutionPageRequest request;
    request.limit = question.limit;
    request.offset = question.offset;
    if (question.after_time) {
      request.after.emplace();
      request.after->timestamp = *question.after_time;
      request.after->execution_id = ExecutionId(question.id);
    }
    if (question.kind == Question::Kind::total) request.limit = 1;
    TRAWL_ASSIGN(RenderedPage page, list_json(*ledger_, filter, request));
    answer.total = page.total;
    if (question.kind == Question::Kind::total) return answer;
    answer.rows = std::move(page.rows);
    answer.row_count = page.row_count;
    return answer;
  }

 private:
  std::unique_ptr<Ledger> ledger_;
  std::vector<NamespaceId> namespaces_;
};

}  // namespace

Result<std::unique_ptr<Peer>> open_trawl_peer(const History& history) {
  // Every page is read again here: what a kept page costs shows over HTTP.
  SqliteLedgerOptions options;
  options.keep_pages = false;
  TRAWL_ASSIGN(auto ledger, open_sqlite_ledger(history.ledger_path(), options));
  TRAWL_TRY(ledger->recover());
  // A server does this all the time, whatever it is asked.
  while (ledger->maintain()) {
  }
  return std::unique_ptr<Peer>(
      std::make_unique<TrawlPeer>(std::move(ledger), history.shape.namespaces));
}

}  // namespace trawl::bench
