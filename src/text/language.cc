#include "text/language.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>
#include <unordered_map>

namespace trawl {
namespace {

constexpr std::size_t kWordBytesMax = 14;  // No function word below is longer.
// A word that no other language has, and half of one; or the former beside letters that
// English lacks.
constexpr float kPointsMin = 1.5f;
constexpr float kOtherLettersPoints = 0.5f;
constexpr float kLeadMin = 1.3f;

struct FunctionWords {
  std::string_view language;
  std::string_view words;
};

// Lower case, folded as Analyzer folds (so that the last sigma is an inner one). Letters by
// themselves are left out where they are used as names.
constexpr FunctionWords kFunctionWords[] = {
    {"english",
     "the of and to in is for that with as this are it be on by from an or which can not "
     "you your was will has have all more use used using if its also into than when other "
     "these at they but we their been would there what about how"},
    {"german",
     "der die das und ist nicht mit ein eine einen einem einer des dem den für von auf zu "
     "im sich auch als wird werden kann oder bei aus nach wie durch diese dieser dieses "
     "sind über zur zum es ich wir sie haben hat am um vom beim"},
    {"french",
     "le la les des et est un une du dans pour que qui pas sur avec par plus ce cette ces "
     "sont ou aux au en il elle nous vous être peut ses leur leurs l d qu de comme sans "
     "entre"},
    {"spanish",
     "el la los las de que en un una es por con para del se no al lo como más su sus "
     "este esta son ser puede entre sobre también pero sin muy"},
    {"portuguese",
     "os as de que em um uma do da dos das no na nos nas para com por não se mais como ao "
     "ou seu sua são pelo pela ser também este esta sem"},
    {"italian",
     "il lo la gli le di che un una per con del della dei delle nel nella non si da al "
     "alla sono come più questo questa anche dell l d può ed tra degli su"},
    {"catalan",
     "el la els les de que en un una és per amb del dels al no es com més aquest aquesta "
     "són pot l d"},
    {"dutch",
     "de het een en van is dat met voor niet op te zijn aan ook als bij door naar worden "
     "wordt kan deze dit of om uit er maar in tot over"},
    {"swedish",
     "och att det som en ett är på av för med den till inte har om kan från eller de så "
     "vid men sig detta"},
    {"danish",
     "og at det som en et er på af for med den til ikke har om kan fra eller de så ved men "
     "sig dette hvor også bruges blev når kun bliver denne"},
    {"norwegian",
     "og at det som en et er på av for med den til ikke har om kan fra eller de så ved men "
     "seg hvor også dette ble når bare kun"},
    {"finnish",
     "ja on ei se että joka tai kuin ovat myös voi mutta sekä ole jos tämä sen kun niin"},
    {"hungarian", "az és hogy nem egy is van vagy meg ez de csak mint már el lehet"},
    {"romanian",
     "și şi de la în cu pe un este nu care pentru din sau sunt mai ca să al prin"},
    {"turkish", "ve bir bu için ile da de olarak çok ne gibi olan daha veya mi değil"},
    {"indonesian", "yang dan di untuk dengan ini dari pada adalah tidak atau dalam itu"},
    {"russian",
     "и в не на что с по как для из это или его от при к же так но может если все "
     "также который"},
    {"ukrainian",
     "і й та в не на що з у по як для це або його від до при за може якщо "
     "також який є"},
    {"greek", "και το να η ο τα τησ του για με από που είναι στο την δεν σε"},
    {"arabic", "في من على إلى أن هذا هذه التي الذي عن مع أو لا ما هو هي"},
    {"polish", "na do nie się że jest to jak dla przez oraz lub od po są"},
    {"czech", "na se je do pro že to jako nebo ve pomocí jsou"},
};
constexpr std::size_t kLanguageCount = std::size(kFunctionWords);
static_assert(kLanguageCount <= kDetectedLanguagesMax);
static_assert(kFunctionWords[0].language == kUndecidedLanguage);

class FunctionWordTable {
 public:
  FunctionWordTable() {
    for (std::size_t i = 0; i < kLanguageCount; ++i) {
      names_[i] = kFunctionWords[i].language;
      std::string_view words = kFunctionWords[i].words;
      while (!words.empty()) {
        const std::size_t end = std::min(words.find(' '), words.size());
        languages_[words.substr(0, end)] |= std::uint32_t{1} << i;
        words.remove_prefix(std::min(end + 1, words.size()));
      }
    }
  }

  std::span<const std::string_view> names() const { return names_; }
  // Bits of the languages that have the word.
  std::uint32_t languages_of(std::string_view word) const {
    const auto found = languages_.find(word);
    return found == languages_.end() ? 0 : found->second;
  }

 private:
  std::array<std::string_view, kLanguageCount> names_;
  std::unordered_map<std::string_view, std::uint32_t> languages_;
};

const FunctionWordTable& function_words() {
  static const FunctionWordTable table;
  return table;
}

}  // namespace

std::span<const std::string_view> detected_languages() {
  return function_words().names();
}

void LanguageGuess::add_word(std::string_view word) {
  if (!has_other_letters_) {
    has_other_letters_ = std::any_of(word.begin(), word.end(), [](char c) {
      return static_cast<unsigned char>(c) >= 0x80;
    });
  }
  if (word.size() > kWordBytesMax) return;
  const std::uint32_t languages = function_words().languages_of(word);
  const float points = 1.0f / static_cast<float>(std::max(std::popcount(languages), 1));
  for (auto bits = languages; bits != 0; bits &= bits - 1) {
    points_[static_cast<std::size_t>(std::countr_zero(bits))] += points;
  }
}

std::string_view LanguageGuess::language() const {
  std::size_t best = 0;
  float most = 0;
  float second = 0;
  for (std::size_t i = 0; i < kLanguageCount; ++i) {
    const bool helped = i > 0 && has_other_letters_ && points_[i] > 0;
    const float points = points_[i] + (helped ? kOtherLettersPoints : 0);
    if (points > most) {
      second = most;
      most = points;
      best = i;
    } else {
      second = std::max(second, points);
    }
  }
  const bool is_clear = most >= kPointsMin && most >= kLeadMin * second;
  return is_clear ? kFunctionWords[best].language : std::string_view();
}

}  // namespace trawl
