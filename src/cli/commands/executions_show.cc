#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/field_path.h"
#include "cli/commands/checks.h"
#include "cli/commands/collection_names.h"
#include "cli/commands/commands.h"
#include "cli/commands/document_table.h"
#include "cli/commands/execution_rows.h"
#include "cli/commands/named_execution.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/row_writer.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

constexpr std::size_t kBarWidth = 12;
constexpr std::size_t kResultsShown = 10;
constexpr std::size_t kLabelWidth = 14;

class Page {
 public:
  explicit Page(Host& host) : host_(host) {}

  void fact(std::string_view name, const std::string& value, Style style = Style::plain) {
    if (value.empty()) return;
    const std::string label = label_of(name);
    const std::size_t width =
        host_.width > label.size() + 12 ? host_.width - label.size() - 2 : 12;
    host_.out << "  " << styled(label, Style::dim, host_.colour)
              << styled(fit(printable(value), width), style, host_.colour) << '\n';
  }
  // Whole, however long: an error is what somebody came to read.
  void whole_fact(std::string_view name, const std::string& value, Style style) {
    if (value.empty()) return;
    host_.out << "  " << styled(label_of(name), Style::dim, host_.colour)
              << styled(printable(value), style, host_.colour) << '\n';
  }
  void heading(const std::string& text) {
    host_.out << '\n' << styled(printable(text), Style::bold, host_.colour) << '\n';
  }
  Host& host() { return host_; }

 private:
  static std::string label_of(std::string_view name) {
    std::string label = printable(name);
    const std::size_t width = display_width(label);
    label.append(width < kLabelWidth ? kLabelWidth - width : 2, ' ');
    return label;
  }

  Host& host_;
};

std::vector<std::string> ids_of_collections(const json::object& execution) {
  std::vector<std::string> ids;
  if (const auto* listed = array_at(execution, "collection_ids")) {
    for (const auto& id : *listed) ids.push_back(plain_text(id));
  }
  return ids;
}

std::string collections_text(const json::object& execution, const CollectionNames& names) {
  std::string out;
  if (const auto* versions = array_at(execution, "collection_versions")) {
    for (const auto& version : *versions) {
      const auto* object = version.if_object();
      if (!object) continue;
      if (!out.empty()) out += ", ";
      const std::string id = text_at(*object, "collection_id");
      const auto name = names.find(id);
      const bool has_name = name != names.end() && name->second != id;
      out += fmt::format("{} ({}version {})", has_name ? name->second : id,
                         has_name ? id + ", " : "",
                         format_count(count_at(*object, "version")));
    }
  }
  if (!out.empty()) return out;
  for (const auto& id : ids_of_collections(execution)) {
    out += (out.empty() ? "" : ", ") + named_collection(names, id);
  }
  return out;
}

// "team=search, run=7"
std::string labels_text(const json::object& execution) {
  std::string out;
  const auto* labels = object_at(execution, "labels");
  if (labels == nullptr) return out;
  for (const auto& label : *labels) {
    out += fmt::format("{}{}={}", out.empty() ? "" : ", ",
                       std::string_view(label.key().data(), label.key().size()),
                       plain_text(label.value()));
  }
  return out;
}

// "yes", or why not.
std::string replayable_text(const json::object& execution) {
  const auto* value = find_path(execution, "replayable");
  if (value == nullptr || value->is_null()) return {};
  const std::string reason = text_at(execution, "not_replayable.reason");
  return reason.empty() ? plain_text(*value) : fmt::format("no: {}", reason);
}

void show_facts(Page& page, const json::object& execution, const CollectionNames& names) {
  auto& host = page.host();
  host.out << styled(printable(text_at(execution, "execution_id")), Style::bold,
                     host.colour)
           << '\n';
  const std::string status = text_at(execution, "status");
  page.fact("status", status, status_style(status));
  page.whole_fact("error", text_at(execution, "error"), Style::bad);
  page.fact("failed stage", text_at(execution, "failed_stage"));
  page.fact("started",
            fmt::format("{} ({})", local_time_text(text_at(execution, "timestamp")),
                        text_at(execution, "timestamp")));
  page.fact("duration", format_duration_ms(number_at(execution, "duration_ms")));
  page.fact("credits", format_number(number_at(execution, "credits_used"), 4));
  page.fact("documents", fmt::format("{} returned; {} went into stages",
                                     format_count(count_at(execution, "total_returned")),
                                     format_count(count_at(execution, "total_processed"))));
  if (const auto* rate = find_path(execution, "cache_hit_rate"); rate && is_number(*rate))
    page.fact("cache hits", fmt::format("{} %", format_number(as_double(*rate) * 100, 1)));
  page.fact("collections", collections_text(execution, names));
  page.fact("query", text_at(execution, "query_summary"));
  page.fact("inputs", text_at(execution, "inputs"));
  page.fact("labels", labels_text(execution));
  page.fact("caller", text_at(execution, "caller_key_id"));
  page.fact("client", text_at(execution, "client"));
  page.fact("request", text_at(execution, "request_id"));
  page.fact("replayable", replayable_text(execution));
  page.whole_fact("beside others", text_at(execution, "autopsy.sentence"),
                  find_path(execution, "autopsy.unlike") != nullptr &&
                          !text_at(execution, "autopsy.unlike").empty()
                      ? Style::waiting
                      : Style::plain);
}

std::vector<RowColumn> stage_columns(double total_ms) {
  const auto number_column = [](std::string title, std::string path, int digits,
                                int hide_order) {
    auto column = text_column(std::move(title), path, false, hide_order);
    column.shape.right = true;
    column.cell = [path = std::move(path), digits](const json::object& row) {
      return Cell{format_number(number_at(row, path), digits), Style::plain};
    };
    return column;
  };
  RowColumn share = text_column("SHARE", "duration_ms", false, 3);
  share.shape.min_width = kBarWidth;
  share.cell = [total_ms](const json::object& row) {
    const double fraction = total_ms > 0 ? number_at(row, "duration_ms") / total_ms : 0;
    return Cell{bar(fraction, kBarWidth), Style::plain};
  };
  RowColumn cache = text_column("CACHE", "cache_hit", false, 2);
  cache.cell = [](const json::object& row) {
    const auto* hit = find_path(row, "cache_hit");
    const bool is_hit = hit && hit->is_bool() && hit->get_bool();
    return Cell{is_hit ? "hit" : "-", is_hit ? Style::good : Style::dim};
  };
  RowColumn error = text_column("ERROR", "error", true, 5);
  error.cell = [](const json::object& row) {
    return Cell{text_at(row, "error"), Style::bad};
  };
  return {text_column("NAME", "stage_name", true),
          text_column("STAGE", "stage_id"),
          number_column("MS", "duration_ms", 3, 0),
          share,
          count_column("IN", "input_count"),
          count_column("OUT", "output_count"),
          count_column("SCANNED", "scanned_count", 1),
          cache,
          number_column("CREDITS", "credits_used", 4, 4),
          error};
}

// The parameters of a stage as its templates filled them in; those of the pipeline where it
// has none.
const json::object* parameters_of(const json::object& execution, const json::object& stage,
                                  std::size_t place) {
  if (const auto* filled = object_at(stage, "parameters")) return filled;
  const auto* written = array_at(execution, "pipeline.stages");
  if (written == nullptr || place >= written->size()) return nullptr;
  const auto* object = (*written)[place].if_object();
  return object == nullptr ? nullptr : object_at(*object, "config.parameters");
}

void show_parameters(Page& page, const json::object& execution, const json::array& stages) {
  bool is_first = true;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const auto* stage = stages[i].if_object();
    if (stage == nullptr) continue;
    const auto* parameters = parameters_of(execution, *stage, i);
    std::string text = parameters == nullptr ? "" : to_json_text(*parameters);
    if (const auto seed = text_at(*stage, "seed"); !seed.empty()) {
      text += fmt::format("{}seed {}", text.empty() ? "" : ", ", seed);
    }
    if (text.empty()) continue;
    if (std::exchange(is_first, false)) page.heading("Parameters, filled in");
    page.whole_fact(text_at(*stage, "stage_name"), text, Style::plain);
  }
}

void show_facets(Page& page, const json::array& stages) {
  bool is_first = true;
  for (const auto& one : stages) {
    const auto* stage = one.if_object();
    const auto* facets = stage == nullptr ? nullptr : object_at(*stage, "metadata.facets");
    if (facets == nullptr) continue;
    for (const auto& facet : *facets) {
      const auto* values = facet.value().if_array();
      if (values == nullptr) continue;
      if (std::exchange(is_first, false)) page.heading("Facets");
      page.fact(std::string_view(facet.key().data(), facet.key().size()),
                facet_text(*values));
    }
  }
}

void show_stages(Page& page, Context& context, const json::object& execution) {
  const auto* stages = array_at(execution, "stages");
  page.heading(fmt::format("Stages: {} of {} completed",
                           count_at(execution, "stages_completed"),
                           count_at(execution, "total_stages")));
  if (!stages || stages->empty()) {
    page.host().out << "  no stage was recorded\n";
    return;
  }
  double total_ms = 0;
  bool any_error = false;
  for (const auto& stage : *stages) {
    const auto* object = stage.if_object();
    if (!object) continue;
    total_ms += number_at(*object, "duration_ms");
    any_error = any_error || !text_at(*object, "error").empty();
  }
  auto columns = stage_columns(total_ms);
  if (!any_error) columns.pop_back();
  RowWriter writer(context, std::move(columns));
  writer.write(*stages);
  for (const auto& stage : *stages) {
    const auto* object = stage.if_object();
    const auto* warnings = object ? array_at(*object, "warnings") : nullptr;
    if (!warnings) continue;
    for (const auto& warning : *warnings)
      page.whole_fact("warning",
                      text_at(*object, "stage_name") + ": " + plain_text(warning),
                      Style::waiting);
  }
  show_parameters(page, execution, *stages);
  show_facets(page, *stages);
}

void show_results(Page& page, Context& context, const json::object& execution,
                  const CollectionNames& names) {
  const auto* results = array_at(execution, "results");
  if (!results || results->empty()) return;
  const std::size_t shown = std::min(results->size(), kResultsShown);
  const auto size = static_cast<std::int64_t>(results->size());
  page.heading(fmt::format("Results: first {} of {}", shown,
                           format_count(count_at(execution, "results_total", size))));
  json::array rows;
  for (std::size_t i = 0; i < shown; ++i) {
    const auto* object = (*results)[i].if_object();
    json::object row = object ? *object : json::object{};
    row["rank"] = i + 1;
    rows.push_back(std::move(row));
  }
  auto score = text_column("SCORE", "score");
  score.shape.right = true;
  score.cell = [](const json::object& row) {
    const auto* value = find_path(row, "score");
    return value && is_number(*value)
               ? Cell{format_number(as_double(*value), 4), Style::plain}
               : Cell{"-", Style::dim};
  };
  auto collection = text_column("COLLECTION", "collection_id", false, 1);
  collection.cell = [&names](const json::object& row) {
    const std::string id = text_at(row, "collection_id");
    const auto found = names.find(id);
    return Cell{found == names.end() ? id : found->second, Style::plain};
  };
  RowWriter writer(context, {count_column("RANK", "rank"), score,
                             text_column("DOCUMENT", "document_id", true), collection});
  writer.write(rows);
}

struct ExecutionsShowArguments {
  std::string execution;
  std::string candidates;
};

Outcome<Exit> show_execution(Context& context, const ExecutionsShowArguments& arguments) {
  std::string raw;
  Query query;
  switch (context.format()) {
    case Format::table:
      // For a person, who would have to compare with others by hand.
      query = {{"autopsy", "true"}, {"candidates", fmt::format("0..{}", kResultsShown)}};
      break;
    case Format::csv:
      query = {{"candidates", "0..0"}};
      break;
    case Format::json:
    case Format::ndjson:
      if (!arguments.candidates.empty()) query = {{"candidates", arguments.candidates}};
      break;
  }
  if (!arguments.candidates.empty() && context.format() != Format::json &&
      context.format() != Format::ndjson) {
    return usage_failure(
        "--candidates is for JSON, which alone shows candidates; add -o json");
  }
  TRAWL_ASSIGN(auto execution,
               find_named_execution(context, arguments.execution, raw, query));
  switch (context.format()) {
    case Format::json:
    case Format::ndjson:
      inputs_as_json(execution);
      context.print_raw(to_json_text(execution));
      break;
    case Format::csv: {
      // The stages are what repeats; the header's facts are in the list's CSV.
      std::vector<RowColumn> columns;
      for (const char* name : {"stage_name", "stage_id", "stage_type", "start_offset_ms",
                               "duration_ms", "input_count", "output_count",
                               "scanned_count", "cache_hit", "credits_used", "error"})
        columns.push_back(csv_column(name));
      RowWriter writer(context, std::move(columns));
      const auto* stages = array_at(execution, "stages");
      writer.write(stages ? *stages : json::array{});
      break;
    }
    case Format::table: {
      Page page(context.host());
      const auto names = names_of_collections(context, ids_of_collections(execution));
      show_facts(page, execution, names);
      show_stages(page, context, execution);
      show_results(page, context, execution, names);
      break;
    }
  }
  return Exit::ok;
}

}  // namespace

void add_executions_show(CLI::App& executions, Context& context) {
  auto arguments = std::make_shared<ExecutionsShowArguments>();
  auto* command =
      executions.add_subcommand("show", "Explain one execution: stages, inputs, results");
  command
      ->add_option("execution", arguments->execution,
                   "Its id or the beginning of it, latest, or -2 for the one before")
      ->required()
      ->type_name("EXECUTION_ID");
  command
      ->add_option("--candidates", arguments->candidates,
                   "With -o json: which places of each list of candidates and of the "
                   "results, 0..100 for the first hundred [all]")
      ->check(not_empty())
      ->type_name("A..B");
  command->footer(
      "Examples:\n"
      "  trawl executions show latest\n"
      "  trawl executions show latest -o json --candidates 0..10\n"
      "  trawl executions show exec_01JD2M3N\n"
      "  trawl executions show exec_01JD2M3N4P5Q6R7S8T9V0W1X2Y -o csv   # its stages");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return show_execution(context, *arguments); };
  });
}

}  // namespace trawl::cli
