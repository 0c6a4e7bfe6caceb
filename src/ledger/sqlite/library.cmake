trawl_library(ledger_sqlite FOLDER ledger/sqlite DEPENDS trawl_ledger trawl_sqlite
  TEST_DEPENDS trawl_ledger_memory)
