#include "history.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "base/json.h"
#include "base/object_reader.h"

namespace trawl::bench {

Result<History> load_history(const std::string& directory) {
  const std::string path = directory + "/bench.json";
  std::ifstream file(path);
  if (!file) {
    return make_error(ErrorCode::not_found,
                      fmt::format("{} cannot be read; run ledger_bench fill first", path));
  }
  std::ostringstream text;
  text << file.rdbuf();
  TRAWL_ASSIGN(const json::value value, parse_json(text.str()));
  if (!value.is_object()) return invalid_at(path, path + " holds no object");
  ObjectReader in(value.get_object(), path);
  History history;
  history.directory = directory;
  constexpr std::int64_t kMax = std::int64_t{1} << 50;
  history.shape.count = static_cast<std::uint64_t>(in.integer({"count"}, 0, 1, kMax));
  history.shape.seed = static_cast<std::uint64_t>(in.integer({"seed"}, 0, 0, kMax));
  history.shape.candidates =
      static_cast<std::uint32_t>(in.integer({"candidates"}, 0, 0, 1'000));
  history.shape.namespaces = in.strings({"namespaces"});
  history.peer_details_every =
      static_cast<std::uint64_t>(in.integer({"peer_details_every"}, 1, 1, kMax));
  history.next = static_cast<std::uint64_t>(in.integer({"next"}, 0, 0, kMax));
  TRAWL_TRY(in.status());
  if (history.shape.namespaces.empty()) {
    return invalid_at("namespaces", path + " names no namespaces");
  }
  return history;
}

Result<void> save_history(const History& history) {
  json::array namespaces;
  for (const auto& id : history.shape.namespaces) namespaces.push_back(json::string(id));
  const json::object out{{"count", history.shape.count},
                         {"seed", history.shape.seed},
                         {"candidates", history.shape.candidates},
                         {"namespaces", std::move(namespaces)},
                         {"peer_details_every", history.peer_details_every},
                         {"next", history.next}};
  const std::string path = history.directory + "/bench.json";
  std::ofstream file(path);
  file << to_json_text(out) << '\n';
  if (!file.flush()) {
    return make_error(ErrorCode::storage, fmt::format("{} cannot be written", path));
  }
  return {};
}

}  // namespace trawl::bench
