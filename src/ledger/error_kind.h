#pragma once

#include <string>
#include <string_view>

namespace trawl {

// What an error says without what it says it of, so that equal failures read alike: quoted
// parts become '…', ids and long words with digits …, and numbers N. At most 300
// characters. "stage 'a': '(' did not match in 12.5 ms" is "stage '…': '…' did not match in
// N ms".
std::string error_kind(std::string_view error);

}  // namespace trawl
