// POST /v1/retrievers/executions/export: the history as one long file.
#include "api/executions/export.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "api/executions/executions.h"
#include "api/wire/endpoint.h"
#include "base/csv.h"
#include "base/gzip.h"
#include "base/hash.h"
#include "base/json_members.h"
#include "base/text.h"
#include "http/message/content_encoder.h"
#include "http/message/reply_form.h"
#include "ledger/cursor.h"
#include "ledger/rendered.h"
#include "model/execution_json.h"
#include "model/recorded_fields.h"
#include "runtime/turn.h"

namespace trawl::api {
namespace {

// Rows are hashed, compressed and sent this many bytes at a time.
constexpr std::size_t kExportPieceBytes = 64 * 1024;

void append_csv_row(std::string& out, const json::object& row, CsvTexts texts) {
  bool first = true;
  for (const std::string_view column : csv_field_names()) {
    if (!std::exchange(first, false)) out.push_back(',');
    const json::value* value = row.if_contains({column.data(), column.size()});
    if (value == nullptr || value->is_null()) continue;
    if (const auto* text = value->if_string()) {
      append_csv_field(out, csv_cell(view(*text), texts));
    } else if (const auto* list = value->if_array()) {
      std::string joined;
      for (const auto& item : *list) {
        if (!item.is_string()) continue;
        if (!joined.empty()) joined.push_back(' ');
        joined += view(item.get_string());
      }
      append_csv_field(out, csv_cell(joined, texts));
    } else {
      append_json(out, *value);
    }
  }
  out += "\r\n";
}

// Brings rows to the client; in constant memory, however many there are.
class Exporter {
 public:
  // `coding` is that of the transfer, where the file itself is not compressed.
  Exporter(const Services& services, const ExportRequest& request,
           http::ContentCoding coding, http::BodyWriter& writer)
      : services_(services), request_(request), writer_(writer) {
    if (request.gzip.value_or(false)) {
      gzip_.emplace();
    } else if (coding != http::ContentCoding::identity) {
      encoder_.emplace(coding);
    }
    if (request.csv) piece_ = fmt::format("{}\r\n", fmt::join(csv_field_names(), ","));
  }

  Result<bool> take(const RenderedExecution& execution) {
    give_turn();
    if (request_.limit && rows_ == *request_.limit) {
      has_more_ = true;
      return false;
    }
    if (request_.csv) {
      TRAWL_ASSIGN(json::value row, parse_json(execution.json, kRecordDepthMax));
      TRAWL_TRY(add_from_record(row.get_object(), execution.key.execution_id));
      append_csv_row(piece_, row.get_object(),
                     request_.raw ? CsvTexts::raw : CsvTexts::safe);
    } else if (request_.fields.empty()) {
      append_json_line(piece_, execution.json);
      piece_.push_back('\n');
    } else {
      TRAWL_ASSIGN(const json::object chosen,
                   request_.fields.of(services_, request_.namespace_id, execution.json));
      append_json_line(piece_, to_json_text(chosen));
      piece_.push_back('\n');
    }
    last_ = execution.key;
    ++rows_;
    if (piece_.size() >= kExportPieceBytes) TRAWL_TRY(send());
    return true;
  }

  Result<void> finish() {
    TRAWL_TRY(send());
    const std::string sha256 = sha256_.hex();
    std::optional<std::string> next;
    if (has_more_ && last_) {
      next = encode_cursor(
          request_.namespace_id, request_.body.canonical,
          Cursor{request_.body.filter.start_time, request_.body.filter.end_time, *last_});
    }
    std::string line;
    if (request_.trailer && request_.csv) {
      line = fmt::format("# rows={} sha256={} next_cursor={}\r\n", rows_, sha256,
                         next.value_or(""));
    } else if (request_.trailer) {
      JsonWriter out(line);
      out.begin_object().key(kTrailerKey).begin_object();
      out.key("rows").unsigned_integer(rows_);
      out.key("sha256").string(sha256);
      out.key("next_cursor");
      next ? out.string(*next) : out.null();
      out.key("complete").boolean(!next);
      out.end_object().end_object();
      line.push_back('\n');
    }
    TRAWL_TRY(pack_and_write(line, true));
    writer_.trailer("X-Trawl-Rows", std::to_string(rows_));
    writer_.trailer("X-Trawl-SHA256", sha256);
    if (next) writer_.trailer("X-Trawl-Next-Cursor", *next);
    return {};
  }

 private:
  // To the row of one that did not complete, what CSVs show of its record. Those are few,
  // and to read all records would take many times as long.
  Result<void> add_from_record(json::object& row, const ExecutionId& id) const {
    static const json::value kCompleted = text_value(status::kCompleted);
    const json::value* status = row.if_contains("status");
    if (kCsvIsInRows || (status != nullptr && *status == kCompleted)) return {};
    TRAWL_ASSIGN(const auto record, find_json(services_.ledger, request_.namespace_id, id));
    if (!record) return {};  // Deleted meanwhile.
    static const JsonMembers kColumns(
        std::vector<std::string>(csv_field_names().begin(), csv_field_names().end()));
    TRAWL_ASSIGN(row, kColumns.read(*record));
    return {};
  }

  Result<void> send() {
    sha256_.add(piece_);
    TRAWL_TRY(pack_and_write(piece_, false));
    piece_.clear();
    return {};
  }
  Result<void> pack_and_write(std::string_view bytes, bool last) {
    if (!gzip_ && !encoder_) return writer_.write(bytes);
    packed_.clear();
    const auto pack = [&](auto& packer) {
      packer.add(bytes, packed_);
      if (last) packer.finish(packed_);
    };
    gzip_ ? pack(*gzip_) : pack(*encoder_);
    return writer_.write(packed_);
  }

  const Services& services_;
  const ExportRequest& request_;
  http::BodyWriter& writer_;
  std::optional<GzipWriter> gzip_;
  std::optional<http::ContentEncoder> encoder_;
  Sha256 sha256_;  // Of the rows as they are before compression, without the trailer.
  std::string piece_;
  std::string packed_;
  std::uint64_t rows_ = 0;
  std::optional<ExecutionKey> last_;
  bool has_more_ = false;
};

// The same JSON in ASCII, as a header needs it.
std::string ascii_json(std::string_view text) {
  std::string out;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (std::size_t at = 0; at < text.size();) {
    utf8proc_int32_t point = -1;
    const auto size = utf8proc_iterate(
        bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &point);
    at += static_cast<std::size_t>(std::max<utf8proc_ssize_t>(size, 1));
    if (point >= 0x20 && point < 0x7f) {
      out.push_back(static_cast<char>(point));
    } else if (point > 0xffff) {
      const auto rest = static_cast<unsigned>(point) - 0x10000;
      out +=
          fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
    } else {
      out += fmt::format("\\u{:04x}", point < 0 ? 0xfffd : static_cast<unsigned>(point));
    }
  }
  return out;
}

}  // namespace

http::Response export_response(const Services& services,
                               std::shared_ptr<const ExportRequest> request,
                               const http::Request& asked, std::shared_ptr<KeyWatch> key) {
  const bool gzip_file = request->gzip.value_or(false);
  // A file that is compressed already is not compressed again, and whoever says gzip=false
  // wants neither.
  const http::ContentCoding coding = request->gzip
                                         ? http::ContentCoding::identity
                                         : http::accepted_codings(asked).choose(true);
  const bool is_coded = coding != http::ContentCoding::identity;

  http::Response response;
  std::string time = format_time(services.clock.now()).substr(0, 19);
  time.erase(
      std::remove_if(time.begin(), time.end(), [](char c) { return c == '-' || c == ':'; }),
      time.end());
  response.content_type = gzip_file      ? "application/gzip"
                          : request->csv ? "text/csv; charset=utf-8; header=present"
                                         : "application/x-ndjson";
  const auto add = [&response](std::string name, std::string value) {
    response.headers.emplace_back(std::move(name), std::move(value));
  };
  add("Content-Disposition",
      fmt::format("attachment; filename=\"executions-{}Z.{}{}\"", time,
                  request->csv ? "csv" : "ndjson", gzip_file ? ".gz" : ""));
  if (is_coded) add("Content-Encoding", std::string(http::coding_name(coding)));
  add("Vary", "Accept-Encoding");
  add("Trailer", "X-Trawl-Rows, X-Trawl-SHA256, X-Trawl-Next-Cursor");
  // To continue with when this reply breaks off, together with `after`: it holds the range
  // of time as it was resolved.
  add("X-Trawl-Cursor",
      encode_cursor(
          request->namespace_id, request->body.canonical,
          Cursor{request->body.filter.start_time, request->body.filter.end_time,
                 request->after.value_or(ExecutionKey{kTimeMax, ExecutionId("~")})}));
  // There is no other place that every form of the file has.
  if (const auto& warnings = request->body.warnings; !warnings.empty()) {
    add("X-Trawl-Warnings",
        ascii_json(to_json_text(json::array(warnings.begin(), warnings.end()))));
  }
  response.stream = [&services, request = std::move(request), key = std::move(key),
                     coding](http::BodyWriter& writer) -> Result<void> {
    Exporter exporter(services, *request, coding, writer);
    ScanRequest scan;
    scan.after = request->after;
    scan.detail = request->detail || request->fields.need_record();
    scan.cancelled = [&] { return writer.is_closed() || !key->check(); };
    const auto scanned = scan_json(services.ledger, request->body.filter, scan,
                                   [&](const RenderedExecution& execution) -> Result<bool> {
                                     TRAWL_TRY(key->check());
                                     return exporter.take(execution);
                                   });
    if (const auto allowed = key->check(); !allowed) {
      // Cut off, so no client takes what it has for the whole; it is not our failure.
      return make_error(ErrorCode::cancelled, allowed.error().message);
    }
    TRAWL_TRY(scanned);
    return exporter.finish();
  };
  return response;
}

bool is_export_trailer(const json::object& line) {
  return line.size() == 1 && line.contains({kTrailerKey.data(), kTrailerKey.size()});
}

void add_export_routes(http::Router& router, const Services& services) {
  router.add(
      {"POST", "/v1/retrievers/executions/export", http::RunOn::worker,
       http::Body::buffered,
       endpoint(services, Permission::read, Scope::in_namespace, export_shape(),
                [&services](Call& call) -> Result<http::Response> {
                  TRAWL_ASSIGN(ExportRequest wanted, parse_export_request(services, call));
                  return export_response(
                      services, std::make_shared<const ExportRequest>(std::move(wanted)),
                      call.request,
                      std::make_shared<KeyWatch>(services, call.request, Permission::read));
                })});
}

}  // namespace trawl::api
