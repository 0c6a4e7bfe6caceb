trawl_library(ledger_memory FOLDER ledger/memory DEPENDS trawl_ledger)
