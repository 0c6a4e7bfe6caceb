// The two NDJSON streams: documents into a collection, and executions from elsewhere.
#include "api/executions/imports.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_set>

#include "api/documents/document_json.h"
#include "api/documents/written_vectors.h"
#include "api/executions/export.h"
#include "api/keys/key_watch.h"
#include "api/operate/metrics.h"
#include "api/wire/counted.h"
#include "api/wire/endpoint.h"
#include "api/wire/ndjson.h"
#include "base/text.h"
#include "model/execution_json.h"
#include "model/foreign_names.h"
#include "runtime/turn.h"

namespace trawl::api {
namespace {

// Adds what is stored already to an error that ends an import half-way, since the stream
// is committed in batches.
Error after(Error error, std::uint64_t stored, std::string_view what) {
  error.message += fmt::format("; {} {} of this import were stored before", stored, what);
  return error;
}

// Reads the body line by line; `take` gets each line as a JSON object. Ends with the key's
// right to write.
Result<void> for_each_object(
    http::BodyReader& body, KeyWatch& key, const Limits& limits, ImportReport& report,
    const std::function<Result<void>(std::uint64_t line, std::size_t bytes,
                                     json::object&&)>& take) {
  FormCheck form;
  LineSplitter lines(
      limits.import_line_bytes_max,
      [&](std::uint64_t number, std::string_view line, bool too_long) -> Result<void> {
        if (too_long) {
          report.add(number,
                     fmt::format("the line is longer than {} bytes; split the document",
                                 limits.import_line_bytes_max));
          return {};
        }
        give_turn();
        auto value = parse_sent_json(line);
        TRAWL_TRY(form.check_line(line, value && value->is_object()));
        if (!value) {
          // The line is not to blame for a lack of memory.
          const ErrorCode code = value.error().code;
          if (code != ErrorCode::bad_request && code != ErrorCode::invalid) {
            return value.error();
          }
          report.add(number, value.error().message);
          return {};
        }
        if (!value->is_object()) {
          report.add(
              number,
              fmt::format("the line is a JSON {}; use an object{}", type_name(*value),
                          value->is_array() ? ", as jq -c '.[]' makes of a list" : ""));
          return {};
        }
        return take(number, line.size(), std::move(value->get_object()));
      });
  for (bool is_first = true;; is_first = false) {
    TRAWL_ASSIGN(const std::string piece, body.read());
    TRAWL_TRY(key.check());
    if (is_first) TRAWL_TRY(FormCheck::check_start(piece));
    if (piece.empty()) return lines.finish();
    TRAWL_TRY(lines.feed(piece));
  }
}

// Collects documents into batches and stores each as one version of the collection.
class DocumentImport {
 public:
  DocumentImport(const Services& services, const Collection& collection)
      : services_(services), collection_(collection) {}

  Result<void> take(std::uint64_t line, std::size_t bytes, json::object&& object) {
    if (bytes > services_.limits.document_bytes_max) {
      report_.add(line, fmt::format("the document has {} bytes; at most {} are stored",
                                    bytes, services_.limits.document_bytes_max));
      return {};
    }
    auto document = read_document(object, collection_, {});
    if (!document) {
      report_.add(line, document.error().message);
      return {};
    }
    if (const auto named = services_.reserved_names.check("document", document->document_id,
                                                          "document_id");
        !named) {
      report_.add(line, named.error().message);
      return {};
    }
    for (const auto& warning : warn_of_left_out(object, collection_)) {
      report_.warn(line, warning);
    }
    bytes_ += bytes;
    batch_.push_back(std::move(*document));
    lines_.push_back(line);
    if (batch_.size() >= services_.limits.import_batch_documents ||
        bytes_ >= services_.limits.import_batch_bytes) {
      return store();
    }
    return {};
  }

  // One version; a document that is refused keeps none of the others out.
  Result<void> store() {
    TRAWL_ASSIGN(const auto outcomes,
                 services_.corpus.put(collection_.id, std::move(batch_), Atomic::no));
    std::uint64_t stored = 0;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (outcomes[i].error) {
        report_.add(lines_[i], outcomes[i].error->message);
      } else {
        ++stored;
      }
    }
    imported_ += stored;
    documents_written(services_, collection_, stored);
    batch_.clear();
    lines_.clear();
    bytes_ = 0;
    return {};
  }

  ImportReport& report() { return report_; }
  std::uint64_t imported() const { return imported_; }

 private:
  const Services& services_;
  const Collection& collection_;
  ImportReport report_;
  std::vector<DocumentWrite> batch_;
  std::vector<std::uint64_t> lines_;  // Where each of the batch came from.
  std::size_t bytes_ = 0;
  std::uint64_t imported_ = 0;
};

Result<http::Response> import_documents(const Services& services, Call& call) {
  TRAWL_ASSIGN(const bool waits, read_wait_for(call.request));
  TRAWL_ASSIGN(const Collection collection,
               services.catalog.find_collection(call.ns.id,
                                                call.request.path_parameter("collection")));
  DocumentImport import(services, collection);
  KeyWatch key(services, call.request, Permission::write);
  auto read =
      for_each_object(*call.request.body_reader, key, services.limits, import.report(),
                      [&](std::uint64_t line, std::size_t bytes, json::object&& object) {
                        return import.take(line, bytes, std::move(object));
                      });
  if (read) read = import.store();
  if (!read) return after(std::move(read).error(), import.imported(), "documents");
  std::string message = counted_were(import.imported(), "document") + " imported";
  json::object out{{"imported_count", import.imported()},
                   {"failed_count", import.report().failed_count},
                   {"errors", std::move(import.report().errors)},
                   {"warning_count", import.report().warning_count},
                   {"warnings", std::move(import.report().warnings)}};
  if (waits) {
    const auto vectors = wait_for_vectors(services, call.request, collection);
    out["vectors"] = written_vectors_json(vectors);
    // The warnings are about lines.
    if (vectors.reason) message += "; " + *vectors.reason;
  }
  out["message"] = text_value(message);
  return json_response(std::move(out));
}

class ExecutionImport {
 public:
  ExecutionImport(const Services& services, const NamespaceId& namespace_id)
      : services_(services), namespace_id_(namespace_id) {}

  Result<void> take(std::uint64_t line, json::object&& object) {
    if (is_export_trailer(object)) return {};
    warn_of_foreign(line, object);
    auto execution = parse_execution(json::value(std::move(object)));
    if (!execution) {
      report_.add(line, execution.error().message);
      return {};
    }
    const ExecutionSummary& summary = execution->summary;
    if (std::find(std::begin(kStatuses), std::end(kStatuses), summary.status) ==
        std::end(kStatuses)) {
      report_.add(
          line,
          fmt::format("status is '{}'{}; use one of {}", truncate_text(summary.status, 64),
                      did_you_mean(summary.status, kStatuses), fmt::join(kStatuses, ", ")));
      return {};
    }
    if (const TimeUs now = services_.clock.now(); summary.timestamp > now + kMicrosPerDay) {
      report_.warn(line, fmt::format("timestamp is {}, and now it is {}; it stays before "
                                     "all others in lists until then",
                                     format_time(summary.timestamp), format_time(now)));
    }
    if (const auto named = services_.reserved_names.check(
            "execution_id", execution->summary.execution_id.str(), "execution_id");
        !named) {
      report_.add(line, named.error().message);
      return {};
    }
    execution->namespace_id = namespace_id_;
    batch_.push_back(std::move(*execution));
    return batch_.size() >= kBatch ? store() : Result<void>();
  }

  Result<void> store() {
    if (batch_.empty()) return {};
    TRAWL_ASSIGN(const auto outcomes, services_.recorder.import(std::move(batch_)));
    batch_.clear();
    std::uint64_t count = 0;
    Result<void> first_error;
    for (const AppendOutcome& outcome : outcomes) {
      if (!outcome) {
        if (first_error) first_error = outcome.error();
        continue;
      }
      ++(*outcome == Appended::written ? count : skipped_);
    }
    imported_ += count;
    services_.metrics.executions_imported(count);
    return first_error;
  }

  ImportReport& report() { return report_; }
  std::uint64_t imported() const { return imported_; }
  std::uint64_t skipped() const { return skipped_; }

 private:
  static constexpr std::size_t kBatch = 500;
  static constexpr std::string_view kStatuses[] = {status::kCompleted, status::kFailed,
                                                   status::kCancelled, status::kProcessing};
  // Names that resemble nothing are told once each; so many of them.
  static constexpr std::size_t kToldMax = 100;

  void warn_of_foreign(std::uint64_t line, const json::object& object) {
    for (const auto& [name, field] : foreign_names(object)) {
      std::string shown = truncate_text(name, 64);
      if (!field.empty()) {
        report_.warn(line, fmt::format("'{}' was not read; is it '{}'?", shown, field));
      } else if (told_.size() < kToldMax && told_.insert(shown).second) {
        report_.warn(line,
                     fmt::format("'{}' is no member of an execution, and was not read "
                                 "here and on any other line",
                                 shown));
      }
    }
  }

  const Services& services_;
  const NamespaceId& namespace_id_;
  ImportReport report_;
  std::vector<Execution> batch_;
  std::unordered_set<std::string> told_;
  std::uint64_t imported_ = 0;
  std::uint64_t skipped_ = 0;
};

Result<http::Response> import_executions(const Services& services, Call& call) {
  ExecutionImport import(services, call.ns.id);
  KeyWatch key(services, call.request, Permission::write);
  auto read =
      for_each_object(*call.request.body_reader, key, services.limits, import.report(),
                      [&](std::uint64_t line, std::size_t, json::object&& object) {
                        return import.take(line, std::move(object));
                      });
  if (read) read = import.store();
  if (!read) return after(std::move(read).error(), import.imported(), "executions");
  return json_response(json::object{
      {"imported_count", import.imported()},
      {"skipped_count", import.skipped()},
      {"failed_count", import.report().failed_count},
      {"errors", std::move(import.report().errors)},
      {"warning_count", import.report().warning_count},
      {"warnings", std::move(import.report().warnings)},
      {"message",
       fmt::format("{} imported, {} existed already",
                   counted_were(import.imported(), "execution"), import.skipped())}});
}

}  // namespace

void add_import_routes(http::Router& router, const Services& services) {
  RequestShape documents = RequestShape::lines();
  documents.query = {kWaitForParameter};
  router.add(
      {"POST", "/v1/collections/{collection}/documents/import", http::RunOn::worker,
       http::Body::streamed,
       endpoint(services, Permission::write, Scope::in_namespace, std::move(documents),
                [&services](Call& call) { return import_documents(services, call); })});
  router.add(
      {"POST", "/v1/retrievers/executions/import", http::RunOn::worker,
       http::Body::streamed,
       endpoint(services, Permission::write, Scope::in_namespace, RequestShape::lines(),
                [&services](Call& call) { return import_executions(services, call); })});
}

}  // namespace trawl::api
