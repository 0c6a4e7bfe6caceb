trawl_library(corpus_dense FOLDER corpus/dense DEPENDS trawl_corpus)
# A product and a sum that become one rounding on some machines, and two on others, would
# give other scores there. The precompiled header is made with the compiler's own choice.
target_compile_options(trawl_corpus_dense PRIVATE -ffp-contract=off
  # Wrong about intrinsics that leave a register as it is in GCC 12 (bug 105593).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized>)
set_target_properties(trawl_corpus_dense PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)
