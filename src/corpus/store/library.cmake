trawl_library(corpus_store FOLDER corpus/store DEPENDS trawl_corpus trawl_corpus_lexical
  trawl_runtime trawl_sqlite)
