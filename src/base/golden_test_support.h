#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

// Golden files, in tests/golden: what is stored or sent, as it has to stay for ever. A test
// holds what is written today against its file, and reads the file's bytes back.
//
// With TRAWL_WRITE_GOLDEN=1 in the environment the tests write their files anew instead
// (tests/golden/README.md says when that is right).
namespace trawl::test {

inline bool writes_golden() {
  const char* const wish = std::getenv("TRAWL_WRITE_GOLDEN");
  return wish != nullptr && std::string_view(wish) == "1";
}

// The text of a file, without the line end after its last line. `today` is what the file
// would hold if it were made now.
inline std::string golden_text(const std::string& name, std::string_view today) {
  const std::string path = TRAWL_SOURCE_DIR "/tests/golden/" + name;
  if (writes_golden()) {
    std::ofstream(path, std::ios::binary) << today << '\n';
    fmt::print(stderr, "wrote {}\n", path);
  }
  std::string text = read_file(path).value();
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

struct GoldenPart {
  std::string name;
  std::string bytes;
  // False for what a compressor made: another version of it makes other bytes of the same.
  bool is_repeatable = true;
};

// Sixteen bytes a line, in digits and as characters, each part under its name.
inline std::string golden_dump(std::string_view comment,
                               const std::vector<GoldenPart>& parts) {
  constexpr std::size_t kLine = 16;
  std::string out = fmt::format("# {}", comment);
  for (const GoldenPart& part : parts) {
    out += fmt::format("\n\n[{}]", part.name);
    for (std::size_t at = 0; at < part.bytes.size(); at += kLine) {
      std::string digits, characters;
      for (const char c : std::string_view(part.bytes).substr(at, kLine)) {
        digits += fmt::format("{:02x} ", static_cast<unsigned char>(c));
        characters += c >= ' ' && c <= '~' ? c : '.';
      }
      out += fmt::format("\n{:<{}}|{}|", digits, kLine * 3, characters);
    }
  }
  return out;
}

// The bytes of each part of a golden_dump.
inline std::map<std::string, std::string> golden_undump(std::string_view text) {
  std::map<std::string, std::string> parts;
  std::string* part = nullptr;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with('[')) {
      part = &parts[std::string(line.substr(1, line.find(']') - 1))];
      continue;
    }
    if (part == nullptr) continue;  // The comment.
    line = line.substr(0, line.find('|'));
    for (; line.size() >= 3; line.remove_prefix(3)) {
      *part += static_cast<char>(std::stoi(std::string(line.substr(0, 2)), nullptr, 16));
      if (line.find_first_not_of(' ', 3) == std::string_view::npos) break;
    }
  }
  return parts;
}

// The parts of a file whose form is only read any more.
inline std::map<std::string, std::string> golden_parts_of_old(const std::string& name) {
  return golden_undump(read_file(TRAWL_SOURCE_DIR "/tests/golden/" + name).value());
}

// The parts of a file, by name, for the test to read back; fails where those of today are
// others. The comment says what it is, in one line.
inline std::map<std::string, std::string> golden_parts(const std::string& name,
                                                       std::string_view comment,
                                                       std::vector<GoldenPart> today) {
  const std::string text = golden_text(name, golden_dump(comment, today));
  auto parts = golden_undump(text);
  for (GoldenPart& part : today) {
    if (!part.is_repeatable) part.bytes = parts[part.name];
  }
  EXPECT_EQ(golden_dump(comment, today), text)
      << name << ": these bytes are stored; a new form needs a new version";
  return parts;
}

}  // namespace trawl::test
