trawl_library(corpus_lexical FOLDER corpus/lexical DEPENDS trawl_query trawl_text)
