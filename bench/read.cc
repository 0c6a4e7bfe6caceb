#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "commands.h"
#include "measure.h"
#include "peer.h"
#include "questions.h"

namespace trawl::bench {
namespace {

constexpr std::size_t kAsksMax = 2'000;
constexpr std::size_t kChecks = 3;  // Variations whose answers are compared,
constexpr double kChecksUs = 10e6;  // unless it takes longer than this.
constexpr double kWarmUs = 1e6;

// Whether two stores agree, as far as both say something. Among equal timestamps plain
// SQLite's text search has an order of its own, so there only the number of rows counts.
bool agree(const Question& question, const Answer& a, const Answer& b, bool same_order) {
  if (a.total && b.total && *a.total != *b.total) return false;
  if (question.kind == Question::Kind::total) return true;
  if (a.row_count != b.row_count) return false;
  return a.rows == b.rows || (!question.words.empty() && !same_order);
}

// One line for each store that does not answer as ours does.
Result<void> compare(const std::vector<std::unique_ptr<Peer>>& peers,
                     const Questions& questions) {
  const std::size_t checks = std::min(kChecks, questions.variations.size());
  std::set<std::string_view> different;
  const auto start = Stopwatch::now();
  for (std::size_t i = 0; i < checks && micros_since(start) < kChecksUs; ++i) {
    const Question& question = questions.variations[i];
    TRAWL_ASSIGN(const Answer ours, peers.front()->ask(question));
    for (std::size_t k = 1; k < peers.size(); ++k) {
      TRAWL_ASSIGN(const Answer theirs, peers[k]->ask(question));
      if (!agree(question, ours, theirs, peers[k]->name() != "sqlite")) {
        different.insert(peers[k]->name());
      }
    }
  }
  for (const auto name : different) {
    progress(
        fmt::format("  {}: {} answers otherwise than our ledger", questions.name, name));
    emit({{"bench", "differs"},
          {"question", questions.name},
          {"peer", json::string_view(name.data(), name.size())}});
  }
  return {};
}

// Asks each variation once, or as many as a second allows: the pages of the other stores
// have pushed some of this one's out of the system's cache, and anyone who answers slowly
// then would be measured on its first answers, and anyone who answers fast on its last.
Result<void> warm(Peer& peer, const Questions& questions) {
  const auto start = Stopwatch::now();
  for (const Question& question : questions.variations) {
    TRAWL_TRY(peer.ask(question));
    if (micros_since(start) > kWarmUs) break;
  }
  return {};
}

}  // namespace

Result<void> read(const ReadOptions& options) {
  TRAWL_ASSIGN(const History history, load_history(options.directory));
  const ExecutionGenerator generator(history.shape);
  std::vector<std::unique_ptr<Peer>> peers(1);
  TRAWL_ASSIGN(peers.front(), open_trawl_peer(history));
  if (!options.postgres.empty()) {
    TRAWL_ASSIGN(peers.emplace_back(), open_postgres_peer(options.postgres));
  }
  if (!options.sqlite.empty()) {
    TRAWL_ASSIGN(peers.emplace_back(), open_sqlite_peer(options.sqlite));
  }
  auto all = make_questions(generator, history.peer_details_every);
  if (!options.only.empty()) {
    std::erase_if(all, [&](const Questions& some) { return some.name != options.only; });
  }
  for (const Questions& questions : all) TRAWL_TRY(compare(peers, questions));

  std::size_t asked = 0;  // So that rounds continue with other variations.
  for (int round = 0; round < options.rounds; ++round) {
    for (const Questions& questions : all) {
      for (std::size_t k = 0; k < peers.size(); ++k) {
        // Everyone is first in turn.
        Peer& peer = *peers[(k + static_cast<std::size_t>(round)) % peers.size()];
        TRAWL_TRY(warm(peer, questions));
        Latencies latencies;
        const auto start = Stopwatch::now();
        while (latencies.count() < kAsksMax &&
               micros_since(start) < options.seconds * 1e6) {
          const Question& question =
              questions.variations[asked++ % questions.variations.size()];
          const auto before = Stopwatch::now();
          TRAWL_TRY(peer.ask(question));
          latencies.add(micros_since(before));
        }
        json::object report{
            {"bench", "read"},
            {"peer", json::string_view(peer.name().data(), peer.name().size())},
            {"question", questions.name},
            {"round", round}};
        latencies.report(report);
        emit(report);
      }
    }
  }
  return {};
}

Result<void> print_questions(const std::string& directory, std::size_t count) {
  TRAWL_ASSIGN(const History history, load_history(directory));
  const ExecutionGenerator generator(history.shape);
  const auto time = [](const std::optional<TimeUs>& instant) -> json::value {
    if (!instant) return nullptr;
    return json::string(format_time(*instant));
  };
  for (const Questions& questions : make_questions(generator, history.peer_details_every)) {
    for (std::size_t i = 0; i < std::min(count, questions.variations.size()); ++i) {
      const Question& question = questions.variations[i];
      json::array words;
      for (const auto& word : question.words) words.push_back(json::string(word));
      emit({{"question", questions.name},
            {"detail", question.kind == Question::Kind::detail},
            {"failed", question.failed},
            {"start", time(question.start)},
            {"end", time(question.end)},
            {"after_time", time(question.after_time)},
            {"id", question.id},
            {"limit", question.kind == Question::Kind::total ? 1 : question.limit},
            {"offset", question.offset},
            {"words", std::move(words)}});
    }
  }
  return {};
}

}  // namespace trawl::bench
