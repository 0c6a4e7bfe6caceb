#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands/checks.h"
#include "cli/commands/commands.h"
#include "cli/commands/deletion.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/row_writer.h"
#include "cli/terminal/time_text.h"

namespace trawl::cli {
namespace {

struct KeysArguments {
  std::string name;
  std::string user = "admin@localhost";
  std::vector<std::string> permissions;
  std::string description;
  std::string expires_at;
  std::optional<std::uint32_t> rate_limit;
  std::optional<std::uint32_t> burst;
  std::optional<std::uint32_t> weight;
  bool default_limit = false;
  bool include_revoked = false;
  DeletionFlags deletion;
};

std::string keys_path(const KeysArguments& arguments) {
  return path({"v1", "organizations", "users", arguments.user, "api-keys"});
}

// What create and update have in common.
//   usage  --expires-at is not a time, or has passed
Outcome<json::object> fields_of(const KeysArguments& arguments) {
  json::object body;
  json::array permissions;
  for (const auto& permission : arguments.permissions) permissions.emplace_back(permission);
  if (!permissions.empty()) body["permissions"] = std::move(permissions);
  if (!arguments.description.empty()) body["description"] = arguments.description;
  if (!arguments.expires_at.empty()) {
    const TimeUs now = system_clock().now();
    std::string time;
    // A key lasts from now on, while all other spans are of the past.
    std::string_view span = arguments.expires_at;
    if (span.starts_with('+')) span.remove_prefix(1);
    if (const auto length = read_span(span); length && *length < kTimeMax - now) {
      time = format_time(now + *length);
    } else {
      TRAWL_ASSIGN(time,
                   read_time("--expires-at", arguments.expires_at, now, TimeEnd::end));
    }
    const auto instant = parse_time(time);
    if (!instant || *instant <= now) {
      return usage_failure(
          fmt::format("--expires-at is '{}', which has passed; use a time to come, such as "
                      "2027-01-31",
                      arguments.expires_at));
    }
    body["expires_at"] = time;
  }
  if (arguments.default_limit) body["rate_limit_override"] = nullptr;
  if (arguments.rate_limit) body["rate_limit_override"] = *arguments.rate_limit;
  if (arguments.burst) body["rate_limit_burst"] = *arguments.burst;
  if (arguments.weight) body["weight"] = *arguments.weight;
  return body;
}

Outcome<Exit> create(Context& context, const KeysArguments& arguments) {
  json::object body = {{"name", arguments.name}};
  body["permissions"] = json::array{"read"};
  TRAWL_ASSIGN(json::object fields, fields_of(arguments));
  for (auto& field : fields) body[field.key()] = std::move(field.value());
  // Only the flag confines the key; the environment says where this command works.
  if (!context.flags().namespace_name.empty())
    body["namespace_id"] = context.flags().namespace_name;
  const json::value value = std::move(body);
  std::string raw;
  TRAWL_ASSIGN(auto reply, context.call("POST", keys_path(arguments), &value, &raw));
  auto& host = context.host();
  if (context.format() != Format::table) {
    context.print_raw(raw);
    return Exit::ok;
  }
  host.out << printable(text_at(reply, "key")) << '\n';
  host.err << fmt::format("created key '{}' for {}; it is shown only once\n",
                          printable(arguments.name), printable(arguments.user));
  return Exit::ok;
}

Outcome<Exit> list(Context& context, const KeysArguments& arguments) {
  Query query;
  if (arguments.include_revoked) query.emplace_back("include_revoked", "true");
  TRAWL_ASSIGN(auto reply, context.call("GET", with_query(keys_path(arguments), query)));
  auto status = text_column("STATUS", "status", false, 4);
  status.cell = [](const json::object& row) {
    const auto text = text_at(row, "status");
    return Cell{text, status_style(text)};
  };
  RowWriter writer(
      context,
      {text_column("NAME", "name"), text_column("PREFIX", "key_prefix"), status,
       text_column("PERMISSIONS", "permissions"),
       text_column("NAMESPACE", "namespace_id", false, 3),
       count_column("LIMIT/MIN", "rate_limit_override", 5),
       count_column("WEIGHT", "weight", 7), time_column("CREATED", "created_at", 5),
       text_column("DESCRIPTION", "description", true, 6)});
  const auto* rows = array_at(reply, "results");
  if (rows) writer.write(*rows);
  json::object more;
  more["total"] = writer.row_count();
  writer.finish(more);
  if (context.format() == Format::table && writer.row_count() == 0)
    context.host().out << "no keys of " << printable(arguments.user) << '\n';
  return Exit::ok;
}

Outcome<Exit> update(Context& context, const KeysArguments& arguments) {
  TRAWL_ASSIGN(json::object body, fields_of(arguments));
  if (body.empty()) {
    return usage_failure("nothing to change; say what, such as --rate-limit 60");
  }
  const json::value value = std::move(body);
  std::string raw;
  TRAWL_TRY(
      context.call("PATCH", keys_path(arguments) + path({arguments.name}), &value, &raw));
  if (context.format() == Format::table) {
    context.host().out << "changed key '" << printable(arguments.name) << "'\n";
  } else {
    context.print_raw(raw);
  }
  return Exit::ok;
}

Outcome<Exit> revoke(Context& context, const KeysArguments& arguments) {
  if (arguments.deletion.wants_to_know(context.host())) {
    TRAWL_ASSIGN(const auto keys, context.call("GET", keys_path(arguments)));
    const auto* rows = array_at(keys, "results");
    const bool known =
        rows != nullptr && std::any_of(rows->begin(), rows->end(), [&](const auto& row) {
          return row.is_object() && (text_at(row.get_object(), "name") == arguments.name ||
                                     text_at(row.get_object(), "key_id") == arguments.name);
        });
    if (!known) {
      return Failure(Exit::refused,
                     fmt::format("{} has no active key '{}'; trawl keys list "
                                 "shows those that there are",
                                 arguments.user, arguments.name));
    }
  }
  TRAWL_ASSIGN(
      const bool go_on,
      confirm_deletion(context, arguments.deletion,
                       fmt::format("the key '{}' of {}", arguments.name, arguments.user),
                       Named::one_by_one, "revoke"));
  if (!go_on) return Exit::ok;
  std::string raw;
  TRAWL_TRY(
      context.call("DELETE", keys_path(arguments) + path({arguments.name}), nullptr, &raw));
  if (context.format() == Format::table) {
    context.host().out << "revoked key '" << printable(arguments.name) << "'\n";
  } else {
    context.print_raw(raw);
  }
  return Exit::ok;
}

void add_fields(CLI::App& command, KeysArguments& arguments,
                const std::string& default_text) {
  command
      .add_option("-p,--permission", arguments.permissions,
                  "read, write, delete or admin; several as in read,write" + default_text)
      ->check(one_of({"read", "write", "delete", "admin"}))
      ->type_name("PERMISSION")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--description", arguments.description, "What it is for")
      ->type_name("TEXT");
  command
      .add_option("--expires-at", arguments.expires_at,
                  "2027-01-31 (its end), 2027-01-31T12:00:00Z, or 90d from now")
      ->check(not_empty())
      ->type_name("TIME");
  command
      .add_option("--rate-limit", arguments.rate_limit,
                  "Requests per minute; 0: no limit [the server's setting]")
      ->check(whole_number(0, 1'000'000))
      ->type_name("COUNT");
  command.add_option("--burst", arguments.burst, "How many at once [a minute's worth]")
      ->check(whole_number(1, 1'000'000))
      ->type_name("COUNT");
  command
      .add_option("--weight", arguments.weight,
                  "Its share where several keys want the server: of 200, twice that of 100 "
                  "[100]")
      ->check(whole_number(1, 10'000))
      ->type_name("WEIGHT");
}

void add_user(CLI::App& command, KeysArguments& arguments) {
  command.add_option("--user", arguments.user, "Whose keys [admin@localhost]")
      ->type_name("EMAIL");
}

}  // namespace

void add_keys(CLI::App& program, Context& context) {
  auto* group = program.add_subcommand("keys", "Create, list, change or revoke API keys");
  group->require_subcommand(1);
  group->footer("Example:\n  trawl keys create dashboard --permission read");
  auto arguments = std::make_shared<KeysArguments>();

  auto* create_command = group->add_subcommand("create", "Create a key and print it once");
  create_command->add_option("name", arguments->name, "What the key is called")
      ->required()
      ->type_name("NAME");
  add_fields(*create_command, *arguments, " [read]");
  add_user(*create_command, *arguments);
  create_command->footer(
      "Examples:\n"
      "  trawl keys create dashboard --permission read --namespace staging\n"
      "  TRAWL_API_KEY=$(trawl keys create loader -p write -o table)\n"
      "  trawl keys create public-demo --rate-limit 60 --burst 10\n"
      "With --namespace the key works in that namespace only.");
  create_command->callback([&context, arguments] {
    context.action = [&context, arguments] { return create(context, *arguments); };
  });

  auto* list_command = group->add_subcommand("list", "List the keys of a user");
  list_command->add_flag("--include-revoked", arguments->include_revoked,
                         "Revoked and expired ones too");
  add_user(*list_command, *arguments);
  list_command->footer("Example:\n  trawl keys list --include-revoked");
  list_command->callback([&context, arguments] {
    context.action = [&context, arguments] { return list(context, *arguments); };
  });

  auto* update_command = group->add_subcommand("update", "Change a key");
  update_command->add_option("name", arguments->name, "The key's name")
      ->required()
      ->type_name("NAME");
  add_fields(*update_command, *arguments, "");
  update_command
      ->add_flag("--default-rate-limit", arguments->default_limit, "Remove its own limit")
      ->excludes("--rate-limit")
      ->excludes("--burst");
  add_user(*update_command, *arguments);
  update_command->footer(
      "Examples:\n"
      "  trawl keys update dashboard --rate-limit 600 --burst 50\n"
      "  trawl keys update dashboard --default-rate-limit");
  update_command->callback([&context, arguments] {
    context.action = [&context, arguments] { return update(context, *arguments); };
  });

  auto* revoke_command =
      group->add_subcommand("revoke", "Revoke a key at once and for good");
  revoke_command->add_option("name", arguments->name, "The key's name")
      ->required()
      ->type_name("NAME");
  add_user(*revoke_command, *arguments);
  add_deletion_flags(*revoke_command, arguments->deletion, "revoked");
  revoke_command->footer("Example:\n  trawl keys revoke dashboard");
  revoke_command->callback([&context, arguments] {
    context.action = [&context, arguments] { return revoke(context, *arguments); };
  });
}

}  // namespace trawl::cli
