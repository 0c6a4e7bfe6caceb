#include "corpus/score_parts.h"

#include <cmath>
#include <limits>

namespace trawl {

// Shares are whole multiples of the last bit of the score, so that no sum of them has to be
// rounded, in whatever order they are added.
void share_among_fields(TermScore& term) {
  if (!(term.score > 0)) return;
  const double unit =
      std::ldexp(1.0, std::ilogb(term.score) - (std::numeric_limits<double>::digits - 1));
  const auto tf_of = [](const FieldShare& field) {
    return static_cast<double>(field.boost) * static_cast<double>(field.occurrences);
  };
  double all = 0;
  for (const FieldShare& field : term.fields) all += tf_of(field);
  double rest = term.score;
  for (std::size_t i = 0; i < term.fields.size(); ++i) {
    FieldShare& field = term.fields[i];
    const bool is_last = i + 1 == term.fields.size();
    const double units = std::round(term.score / unit * (tf_of(field) / all));
    field.score = is_last ? rest : units * unit;
    rest -= field.score;
  }
}

}  // namespace trawl
