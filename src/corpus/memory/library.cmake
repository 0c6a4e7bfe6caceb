trawl_library(corpus_memory FOLDER corpus/memory DEPENDS trawl_corpus trawl_text)
