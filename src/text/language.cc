#include "text/language.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>

#include "base/bytes.h"

namespace trawl {
namespace {

constexpr std::size_t kSlotCount = 1024;  // A power of two, more than twice the words.
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

constexpr std::uint64_t kHighBits = 0x8080808080808080;

// A word of up to kFunctionWordBytesMax bytes in two numbers.
struct PackedWord {
  explicit PackedWord(std::string_view word)
      : begin(first_eight(word)),
        end(word.size() > 8 ? first_eight(word.substr(8)) : 0),
        size(word.size()) {}

  bool has_other_letters() const { return ((begin | end) & kHighBits) != 0; }
  bool operator==(const PackedWord&) const = default;
  std::size_t slot() const {
    const std::uint64_t mixed = (begin ^ (end * 31)) * 0x9E3779B97F4A7C15u;
    return static_cast<std::size_t>(mixed >> 54);
  }
  static_assert(kSlotCount == std::size_t{1} << (64 - 54));

  std::uint64_t begin;
  std::uint64_t end;
  std::size_t size;
};

// Looked into for each word of each text.
class FunctionWordTable {
 public:
  FunctionWordTable() {
    for (std::size_t i = 0; i < kLanguageCount; ++i) {
      names_[i] = kFunctionWords[i].language;
      std::string_view words = kFunctionWords[i].words;
      while (!words.empty()) {
        const std::size_t end = std::min(words.find(' '), words.size());
        const PackedWord word(words.substr(0, end));
        Slot& slot = slots_[find(word)];
        slot.word = word;
        slot.languages |= std::uint32_t{1} << i;
        words.remove_prefix(std::min(end + 1, words.size()));
      }
    }
  }

  std::span<const std::string_view> names() const { return names_; }
  // Bits of the languages that have the word.
  std::uint32_t languages_of(const PackedWord& word) const {
    return slots_[find(word)].languages;
  }

 private:
  struct Slot {
    PackedWord word{""};
    std::uint32_t languages = 0;  // 0: there is no word here.
  };

  // Where the word is, or would be.
  std::size_t find(const PackedWord& word) const {
    std::size_t at = word.slot();
    while (slots_[at].languages != 0 && slots_[at].word != word) {
      at = (at + 1) % kSlotCount;
    }
    return at;
  }

  std::array<std::string_view, kLanguageCount> names_;
  std::array<Slot, kSlotCount> slots_;
};

const FunctionWordTable& function_words() {
  static const FunctionWordTable table;
  return table;
}

}  // namespace

std::span<const std::string_view> detected_languages() {
  return function_words().names();
}

LanguageGuess::Clue LanguageGuess::clue(std::string_view word) {
  if (word.size() > kFunctionWordBytesMax) {
    return {std::any_of(word.begin(), word.end(),
                        [](char c) { return static_cast<unsigned char>(c) >= 0x80; }),
            0};
  }
  const PackedWord packed(word);
  return {packed.has_other_letters(), function_words().languages_of(packed)};
}

void LanguageGuess::add(const Clue& clue) {
  has_other_letters_ |= clue.has_other_letters;
  if (clue.languages == 0) return;
  has_function_words_ = true;
  const float points = 1.0f / static_cast<float>(std::popcount(clue.languages));
  for (auto bits = clue.languages; bits != 0; bits &= bits - 1) {
    points_[static_cast<std::size_t>(std::countr_zero(bits))] += points;
  }
}

std::string_view LanguageGuess::language() const {
  if (!has_function_words_) return {};
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
