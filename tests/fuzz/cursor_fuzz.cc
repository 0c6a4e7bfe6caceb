#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "ledger/cursor.h"

// Whatever text is given as a cursor is answered, and what is accepted is the one text of
// the cursor that it means.
namespace {

void check(const trawl::NamespaceId& ns, std::string_view filter, std::string_view text) {
  const auto cursor = trawl::decode_cursor(ns, filter, text);
  if (cursor && trawl::encode_cursor(ns, filter, *cursor) != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const trawl::NamespaceId ns("ns_default");
  constexpr std::string_view kFilter = "{}";
  check(ns, kFilter, input);

  // The same bytes behind a right version, binding and checksum, which chance never finds.
  std::string forged(1, '\x01');
  const std::uint64_t binding = trawl::hash64(ns.str() + '\0' + std::string(kFilter));
  for (int shift = 56; shift >= 0; shift -= 8) {
    forged.push_back(static_cast<char>(binding >> shift & 0xFF));
  }
  forged.append(input);
  const std::uint32_t sum = trawl::crc32(forged);
  for (int shift = 24; shift >= 0; shift -= 8) {
    forged.push_back(static_cast<char>(sum >> shift & 0xFF));
  }
  check(ns, kFilter, trawl::base64url_encode(forged));
  return 0;
}
