#include "app/engines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>

// The engines, and nothing else in the server names one: a line for each. A folder of
// src/ledger or src/corpus defines open_NAME_ledger() or open_NAME_corpus().
// clang-format off
#define TRAWL_LEDGER_ENGINES(ENGINE) \
  ENGINE(embedded)

#define TRAWL_CORPUS_ENGINES(ENGINE) \
  ENGINE(embedded)
// clang-format on

namespace trawl {

#define TRAWL_DECLARE_LEDGER(name) LedgerOpener open_##name##_ledger;
#define TRAWL_DECLARE_CORPUS(name) CorpusOpener open_##name##_corpus;
TRAWL_LEDGER_ENGINES(TRAWL_DECLARE_LEDGER)
TRAWL_CORPUS_ENGINES(TRAWL_DECLARE_CORPUS)

namespace app {
namespace {

template <class Opener>
struct Engine {
  std::string_view name;
  Opener* open;
};

#define TRAWL_LIST_LEDGER(name) {#name, open_##name##_ledger},
#define TRAWL_LIST_CORPUS(name) {#name, open_##name##_corpus},
constexpr Engine<LedgerOpener> kLedgerEngines[] = {TRAWL_LEDGER_ENGINES(TRAWL_LIST_LEDGER)};
constexpr Engine<CorpusOpener> kCorpusEngines[] = {TRAWL_CORPUS_ENGINES(TRAWL_LIST_CORPUS)};

template <class Opener, std::size_t count>
std::string names_of(const Engine<Opener> (&engines)[count]) {
  std::string out(engines[0].name);
  for (std::size_t i = 1; i < count; ++i) {
    out += i + 1 < count ? ", " : " or ";
    out += engines[i].name;
  }
  return out;
}

template <class Opener, std::size_t count>
Opener* find_engine(const Engine<Opener> (&engines)[count], std::string_view name) {
  const auto found = std::find_if(std::begin(engines), std::end(engines),
                                  [&](const auto& engine) { return engine.name == name; });
  return found == std::end(engines) ? nullptr : found->open;
}

Error no_such_engine(std::string_view setting, std::string_view name,
                     std::string_view names) {
  return make_error(ErrorCode::invalid,
                    fmt::format("{} is '{}'; use {}", setting, name, names));
}

}  // namespace

std::string_view ledger_engines() {
  static const std::string names = names_of(kLedgerEngines);
  return names;
}

std::string_view corpus_engines() {
  static const std::string names = names_of(kCorpusEngines);
  return names;
}

bool is_ledger_engine(std::string_view name) {
  return find_engine(kLedgerEngines, name) != nullptr;
}

bool is_corpus_engine(std::string_view name) {
  return find_engine(kCorpusEngines, name) != nullptr;
}

Result<std::unique_ptr<Ledger>> open_ledger_engine(std::string_view engine,
                                                   const LedgerOpening& opening) {
  LedgerOpener* const open = find_engine(kLedgerEngines, engine);
  if (open == nullptr) return no_such_engine("ledger.engine", engine, ledger_engines());
  return open(opening);
}

Result<OpenedCorpus> open_corpus_engine(std::string_view engine,
                                        const CorpusOpening& opening) {
  CorpusOpener* const open = find_engine(kCorpusEngines, engine);
  if (open == nullptr) return no_such_engine("corpus.engine", engine, corpus_engines());
  return open(opening);
}

}  // namespace app
}  // namespace trawl
