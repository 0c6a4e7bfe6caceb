#include "ledger/sqlite/settings.h"

namespace trawl::sqlite {

Result<std::int64_t> read_setting(Connection& connection, std::string_view name) {
  TRAWL_ASSIGN(auto select,
               connection.prepare("SELECT value FROM settings WHERE name = ?"));
  TRAWL_ASSIGN(const bool found, select.bind(name).step());
  return found ? select.integer(0) : 0;
}

Result<void> add_to_setting(Connection& connection, std::string_view name,
                            std::int64_t number) {
  if (number == 0) return {};
  TRAWL_ASSIGN(auto add, connection.prepare(
                             "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT "
                             "DO UPDATE SET value = value + excluded.value"));
  return add.bind(name, number).run();
}

Result<void> raise_setting(Connection& connection, std::string_view name,
                           std::int64_t at_least) {
  TRAWL_ASSIGN(
      auto raise,
      connection.prepare("INSERT INTO settings (name, value) VALUES (?, ?) ON "
                         "CONFLICT DO UPDATE SET value = max(value, excluded.value)"));
  return raise.bind(name, at_least).run();
}

}  // namespace trawl::sqlite
