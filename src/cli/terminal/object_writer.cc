#include "cli/terminal/object_writer.h"

#include <algorithm>
#include <ostream>
#include <utility>
#include <vector>

#include "cli/terminal/format.h"
#include "cli/terminal/row_writer.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

void collect_facts(const json::object& object, const std::string& prefix, Facts& facts) {
  for (const auto& member : object) {
    const std::string name = prefix + std::string(member.key().data(), member.key().size());
    const auto* inner = member.value().if_object();
    if (inner != nullptr && !inner->empty()) {
      collect_facts(*inner, name + ".", facts);
      continue;
    }
    const auto& value = member.value();
    const bool is_empty = value.is_null() || (inner != nullptr && inner->empty()) ||
                          (value.is_array() && value.get_array().empty());
    // Integers as they are: an id or a year takes no thousands separators.
    facts.emplace_back(name, is_empty ? "-" : plain_text(value));
  }
}

}  // namespace

Outcome<Exit> write_object(Context& context, std::string_view raw) {
  const Format format = context.format();
  if (format == Format::json || format == Format::ndjson) {
    context.print_raw(raw);
    return Exit::ok;
  }
  const auto parsed = parse_json(raw);
  if (!parsed || !parsed->is_object()) {
    return Failure(Exit::refused,
                   "the server answered with something other than an object");
  }
  const json::object& object = parsed->get_object();
  if (format == Format::csv) {
    std::vector<RowColumn> columns;
    for (const auto& member : object) {
      columns.push_back(csv_column(std::string(member.key().data(), member.key().size())));
    }
    RowWriter writer(context, std::move(columns));
    writer.write({*parsed});
    return Exit::ok;
  }
  Facts facts;
  collect_facts(object, "", facts);
  std::size_t width = 0;
  for (const auto& fact : facts)
    width = std::max(width, display_width(printable(fact.first)));
  Host& host = context.host();
  for (const auto& [name, value] : facts) {
    std::string label = printable(name);
    label.append(width - display_width(label) + 2, ' ');
    host.out << styled(label, Style::dim, host.colour) << printable(value) << '\n';
  }
  return Exit::ok;
}

}  // namespace trawl::cli
