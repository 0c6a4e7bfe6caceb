#pragma once

#include <string>
#include <string_view>

namespace trawl {

// What an error says without what it says it of, so that equal failures read alike: quoted
// parts become '…', ids and long words with digits …, and numbers N. At most 300
// characters. "stage 'a': '(' did not match in 12.5 ms" is "stage '…': '…' did not match in
// N ms". A kind is of its own kind, so that either may be looked for by the other.
std::string error_kind(std::string_view error);

// Words that every error of a kind has, for an index to narrow them down by: some of those
// that stand alone in it. May be empty.
std::string words_of_error_kind(std::string_view kind);

}  // namespace trawl
