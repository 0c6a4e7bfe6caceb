// The NDJSON splitter: the same lines come out however the stream is cut into pieces.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire/ndjson.h"

namespace {

struct Line {
  std::uint64_t number;
  std::string text;
  bool too_long;
  bool operator==(const Line&) const = default;
};

std::vector<Line> split(std::string_view text, std::size_t piece) {
  std::vector<Line> lines;
  trawl::api::LineSplitter splitter(
      64, [&](std::uint64_t number, std::string_view line, bool too_long) {
        lines.push_back({number, std::string(line), too_long});
        return trawl::Result<void>();
      });
  for (std::size_t i = 0; i < text.size(); i += piece) {
    if (!splitter.feed(text.substr(i, piece))) std::abort();
  }
  if (!splitter.finish()) std::abort();
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto whole = split(text, size + 1);
  for (const std::size_t piece : {1, 2, 7, 65}) {
    if (split(text, piece) != whole) std::abort();
  }
  for (const auto& line : whole) {
    if (line.text.size() > 64 || line.text.find('\n') != std::string::npos) std::abort();
  }
  return 0;
}
