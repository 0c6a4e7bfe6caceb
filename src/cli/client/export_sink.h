#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "base/gzip.h"
#include "base/hash.h"
#include "base/zstd.h"
#include "cli/client/http_client.h"

namespace trawl::cli {

// Takes an export of executions while it arrives, in as many parts as it comes: writes the
// whole lines of the rows, and checks each part against its trailer. What was cut off in
// the middle of a line is dropped, so the next part can go on behind last_id().
class ExportSink final : public BodySink {
 public:
  enum class Packing { none, gzip, zstd };
  struct Options {
    bool csv = false;
    Packing packing = Packing::none;
    bool to_terminal = false;  // Where nothing may steer it; never with a packing.
    bool raw = false;          // The texts of a CSV are not made safe for spreadsheets.
  };
  // `tick` is called when something has come, and about once a second.
  ExportSink(std::ostream& out, Options options, std::function<void()> tick);

  bool take(std::string_view piece) override;
  bool tick() override;

  // Forgets the line that was cut off; what follows is another part.
  void begin_part();
  // Whether the part that came is whole. The text says what is wrong with it.
  std::optional<std::string> check_part() const;
  // Writes what is left inside; false when the output did not take it.
  bool finish();

  std::uint64_t rows() const { return rows_; }
  std::uint64_t bytes() const { return bytes_; }  // Before compression.
  // Rows that failed and do not say why, as only whole records do.
  std::uint64_t unexplained() const { return unexplained_; }
  const std::string& last_id() const { return last_id_; }
  bool output_failed() const { return output_failed_; }

 private:
  void take_line(std::string_view line);
  bool take_trailer(std::string_view line);
  void write(std::string_view bytes);
  void write_packed();

  std::ostream& out_;
  const Options options_;
  const std::function<void()> tick_;
  std::optional<GzipWriter> gzip_;
  std::optional<ZstdWriter> zstd_;
  std::string packed_;
  std::uint64_t rows_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t unexplained_ = 0;
  std::string last_id_;
  bool wrote_heading_ = false;
  bool output_failed_ = false;

  // Of the part at hand.
  std::string line_;        // What came of a line that is not whole yet.
  bool in_quotes_ = false;  // At its end; in a CSV a line may hold line ends.
  bool had_heading_ = false;
  std::uint64_t part_rows_ = 0;
  std::optional<Sha256> sha256_;
  std::string part_sha256_;
  std::optional<std::uint64_t> told_rows_;  // By the trailer.
  std::string told_sha256_;
};

}  // namespace trawl::cli
