#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trawl {

// Folding counts its work (base/work_limit.h). Every function is thread-safe.

// Which characters count as the same beside letters of either case.
enum class FoldForm {
  canonical,   // Composed and decomposed spellings (NFC).
  compatible,  // Also ligatures, widths, circled letters (NFKC); no ignorable characters.
};

// Text for comparing without regard to case: full case folding of Unicode, then the normal
// form. Folding twice gives what folding once gives. "İ" is "i" then, as people type it
// who have no such key: its dot is dropped. Text that is not UTF-8 is folded where it is
// ASCII.
std::string fold_case(std::string_view text);

// The text in NFC, with its case; unchanged when it is not UTF-8.
std::string compose_text(std::string_view text);

// Where to cut a long text for folding it in parts, which costs more than linear time in
// one: behind at least `bytes`, before a code point that nothing combines with, or after a
// great many that do. The size of the text where it is shorter.
std::size_t foldable_part(std::string_view text, std::size_t bytes);

// The code points of a part, folded, in place of what `out` held. False when it is not
// UTF-8; `out` is then unspecified.
bool fold_points(std::string_view part, FoldForm form, std::vector<std::int32_t>& out);

}  // namespace trawl
