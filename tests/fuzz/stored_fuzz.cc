// What the history's file holds, as damage may leave it: the first byte chooses what the
// rest is read as. It is refused, or it means something that can be stored again.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/execution_id_key.h"
#include "ledger/quantile_sketch.h"
#include "ledger/sqlite/group_summary.h"
#include "ledger/sqlite/record.h"
#include "ledger/sqlite/row_group.h"
#include "model/execution_json.h"
#include "model/execution_test_data.h"

namespace {

using namespace trawl;

void require(bool holds) {
  if (!holds) std::abort();
}

template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return std::string_view(reinterpret_cast<const char*>(a.data()), a.size() * sizeof(T)) ==
         std::string_view(reinterpret_cast<const char*>(b.data()), b.size() * sizeof(T));
}

void read_integers(std::string_view bytes, std::size_t count) {
  const auto numbers = sqlite::decode_integers(bytes, count);
  if (!numbers) return;
  require(numbers->size() == count);
  const auto again = sqlite::decode_integers(sqlite::encode_integers(*numbers), count);
  require(again && same_bytes(*again, *numbers));
}

void read_reals(std::string_view bytes, std::size_t count) {
  const auto numbers = sqlite::decode_reals(bytes, count);
  if (!numbers) return;
  require(numbers->size() == count);
  const auto again = sqlite::decode_reals(sqlite::encode_reals(*numbers), count);
  require(again && same_bytes(*again, *numbers));
}

// Numbers as they come, stored and read.
void store_numbers(std::string_view bytes) {
  std::vector<std::int64_t> integers(bytes.size() / 8);
  if (integers.empty()) return;
  std::memcpy(integers.data(), bytes.data(), integers.size() * 8);
  std::vector<double> reals(integers.size());
  std::memcpy(reals.data(), bytes.data(), reals.size() * 8);
  const auto read =
      sqlite::decode_integers(sqlite::encode_integers(integers), integers.size());
  require(read && *read == integers);
  const auto read_real = sqlite::decode_reals(sqlite::encode_reals(reals), reals.size());
  require(read_real && same_bytes(*read_real, reals));
}

void read_record(std::string_view bytes) {
  const std::vector<std::string> cut_outs(sqlite::count_cut_outs(bytes), "cut out");
  const auto parts = sqlite::decode_record(bytes, cut_outs);
  if (!parts) require(parts.error().code == ErrorCode::storage);
}

// A record with some of its bytes changed, which gets further than bytes by chance.
void damage_record(std::string_view changes) {
  static const std::vector<std::string> good = [] {
    Execution execution = test::golden_execution();
    execution.results.assign(100, execution.results.front());
    sqlite::SeenValues seen;
    std::vector<std::string> out;  // Without cut-outs, and with one.
    for (int i = 0; i < 2; ++i) {
      out.push_back(sqlite::encode_record(execution, &seen).record);
    }
    return out;
  }();
  std::string bytes = good[changes.size() % 2];
  for (; changes.size() >= 3; changes.remove_prefix(3)) {
    const auto at = static_cast<unsigned char>(changes[0]) * 256u +
                    static_cast<unsigned char>(changes[1]);
    bytes[at % bytes.size()] ^= changes[2];
  }
  if (!changes.empty())
    bytes.resize(bytes.size() * static_cast<std::uint8_t>(changes[0]) / 255);
  read_record(bytes);
}

void read_id(std::string_view key) {
  const std::string id = execution_id_text(key);
  if (id.empty()) return;
  const std::string again = execution_id_key(ExecutionId(id));
  require(execution_id_text(again) == id);
  // Any text may be an id of somebody else's.
  require(execution_id_text(execution_id_key(ExecutionId(std::string(key)))) == key);
}

void read_summary(std::string_view bytes) {
  const auto entries = sqlite::decode_summary(bytes);
  if (!entries) return;
  const std::string stored = sqlite::encode_summary(*entries);
  const auto again = sqlite::decode_summary(stored);
  require(again && sqlite::encode_summary(*again) == stored);
}

void read_sketch(std::string_view bytes) {
  QuantileSketch sketch;
  if (!QuantileSketch::take(bytes, sketch)) return;
  (void)sketch.quantile(0.5);
  std::string stored;
  sketch.append_to(stored);
  std::string_view rest = stored;
  QuantileSketch again;
  require(QuantileSketch::take(rest, again) && rest.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto choice = data[0] % 8;
  const std::size_t count = data[1];
  if (choice < 2) {
    bytes.remove_prefix(2);
    choice == 0 ? read_integers(bytes, count) : read_reals(bytes, count);
    return 0;
  }
  bytes.remove_prefix(1);
  switch (choice) {
    case 2:
      read_record(bytes);
      break;
    case 3:
      damage_record(bytes);
      break;
    case 4:
      read_id(bytes);
      break;
    case 5:
      read_summary(bytes);
      break;
    case 6:
      read_sketch(bytes);
      break;
    default:
      store_numbers(bytes);
  }
  return 0;
}
