#include "text/wordpiece.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_map>

#include "base/json.h"
#include "base/object_reader.h"
#include "base/text.h"
#include "text/wordpiece_points.h"

namespace trawl {
namespace {

constexpr std::int32_t kReplacement = 0xFFFD;
constexpr std::int64_t kTokenMax = std::numeric_limits<std::int32_t>::max();

// So that a word is looked up without a copy of it.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
using Vocabulary = std::unordered_map<std::string, std::int64_t, TextHash, std::equal_to<>>;

// A text that stands for one token wherever it occurs, such as "[MASK]".
struct SpecialText {
  std::string text;
  std::int64_t token;
};

// The code point at the beginning of a text that is not empty, and how many bytes it has.
std::int32_t take_point(std::string_view text, std::size_t& size) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) {
    size = 1;
    return first;
  }
  std::int32_t point = 0;
  const auto read = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                     static_cast<utf8proc_ssize_t>(text.size()), &point);
  size = read > 0 ? static_cast<std::size_t>(read) : 1;
  return read > 0 ? point : kReplacement;
}

void append_point(std::string& out, std::int32_t point) {
  utf8proc_uint8_t bytes[4];
  const auto size = utf8proc_encode_char(point, bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

std::int32_t lower_point(std::int32_t point) {
  if (point < 0x80) return point >= 'A' && point <= 'Z' ? point - 'A' + 'a' : point;
  // Capitals that are younger than the system's tables may be, of letters that are old.
  if (point == 0xA7CB) return 0x264;
  if (point == 0xA7DC) return 0x19B;
  return utf8proc_tolower(point);
}

Error not_read(std::string_view member, std::string message) {
  return invalid_at(std::string(member),
                    fmt::format("{}: {}; this is not a tokenizer that can be read here",
                                member, message));
}

// The object under a name, which has to be of the one type that is known here.
Result<const json::object*> typed_object(const json::object& file, std::string_view name,
                                         std::string_view type) {
  const json::value* found = file.if_contains(name);
  if (found == nullptr || !found->is_object()) {
    return not_read(name, "there is no such object");
  }
  const json::value* its_type = found->as_object().if_contains("type");
  if (its_type == nullptr || !its_type->is_string() ||
      view(its_type->as_string()) != type) {
    return not_read(
        name, fmt::format("its type is {}, and not \"{}\"",
                          its_type == nullptr ? std::string("missing")
                                              : truncate_text(to_json_text(*its_type), 60),
                          type));
  }
  return &found->as_object();
}

}  // namespace

struct WordPiece::Rules {
  bool cleans = true;
  bool parts_han = true;
  bool strips_marks = true;
  bool lowers = true;

  Vocabulary whole;      // Pieces that begin a word,
  Vocabulary continued;  // and those that go on with one, without their prefix.
  std::size_t piece_bytes_max = 0;
  std::size_t word_points_max = 100;
  std::int64_t unknown = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t token_max = 0;
  std::vector<SpecialText> specials;  // Longer ones first.

  Result<void> read_normalizer(const json::object& file);
  Result<void> read_model(const json::object& file);
  Result<void> read_specials(const json::object& file);
  Result<void> read_template(const json::object& file);
  Result<std::int64_t> token_of(std::string_view text, std::string_view member) const;
  const SpecialText* special_at(std::string_view text) const;
};

Result<void> WordPiece::Rules::read_normalizer(const json::object& file) {
  TRAWL_ASSIGN(const auto* object, typed_object(file, "normalizer", "BertNormalizer"));
  ObjectReader in(*object, "normalizer");
  cleans = in.boolean({"clean_text"}, true);
  parts_han = in.boolean({"handle_chinese_chars"}, true);
  lowers = in.boolean({"lowercase"}, true);
  strips_marks = in.boolean({"strip_accents"}, lowers);
  return in.status();
}

Result<void> WordPiece::Rules::read_model(const json::object& file) {
  TRAWL_ASSIGN(const auto* object, typed_object(file, "model", "WordPiece"));
  ObjectReader in(*object, "model");
  const std::string unknown_text = in.string({"unk_token"}, "[UNK]");
  const std::string prefix = in.string({"continuing_subword_prefix"}, "##");
  word_points_max =
      static_cast<std::size_t>(in.integer({"max_input_chars_per_word"}, 100, 1, 1'000'000));
  const json::object* vocabulary = in.object({"vocab"});
  TRAWL_TRY(in.status());
  if (prefix.empty()) return not_read("model.continuing_subword_prefix", "it is empty");
  if (vocabulary == nullptr) return not_read("model.vocab", "there is no such object");
  whole.reserve(vocabulary->size());
  std::optional<std::int64_t> found_unknown;
  for (const auto& pair : *vocabulary) {
    const std::string_view piece = key_of(pair);
    const std::int64_t* token = pair.value().if_int64();
    if (token == nullptr || *token < 0 || *token > kTokenMax) {
      return not_read("model.vocab", fmt::format("the token of '{}' is no number from 0 on",
                                                 truncate_text(piece, 60)));
    }
    token_max = std::max(token_max, *token);
    piece_bytes_max = std::max(piece_bytes_max, piece.size());
    if (piece == unknown_text) found_unknown = *token;
    // A piece with the prefix can begin a word that has it, too; no word does that is
    // parted at signs, but others have other prefixes.
    whole.emplace(piece, *token);
    if (piece.starts_with(prefix)) continued.emplace(piece.substr(prefix.size()), *token);
  }
  if (!found_unknown) {
    return not_read("model.vocab",
                    fmt::format("it has no '{}', which stands for unknown words",
                                truncate_text(unknown_text, 60)));
  }
  unknown = *found_unknown;
  return {};
}

Result<void> WordPiece::Rules::read_specials(const json::object& file) {
  ObjectReader in(file, "");
  const json::array* tokens = in.array({"added_tokens"});
  TRAWL_TRY(in.status());
  if (tokens == nullptr) return {};
  for (std::size_t i = 0; i < tokens->size(); ++i) {
    const std::string location = fmt::format("added_tokens[{}]", i);
    const json::object* object = (*tokens)[i].if_object();
    if (object == nullptr) return not_read(location, "it is no object");
    ObjectReader each(*object, location);
    SpecialText special;
    special.text = each.required_string({"content"});
    special.token = each.integer({"id"}, -1, 0, kTokenMax);
    const bool is_plain =
        !each.boolean({"single_word"}, false) && !each.boolean({"lstrip"}, false) &&
        !each.boolean({"rstrip"}, false) && !each.boolean({"normalized"}, false);
    TRAWL_TRY(each.status());
    if (!is_plain || special.token < 0) {
      return not_read(location,
                      "it has no id, or is single_word, lstrip, rstrip or normalized");
    }
    token_max = std::max(token_max, special.token);
    specials.push_back(std::move(special));
  }
  std::stable_sort(specials.begin(), specials.end(),
                   [](const SpecialText& a, const SpecialText& b) {
                     return a.text.size() > b.text.size();
                   });
  return {};
}

Result<std::int64_t> WordPiece::Rules::token_of(std::string_view text,
                                                std::string_view member) const {
  const auto special = std::find_if(specials.begin(), specials.end(),
                                    [&](const auto& each) { return each.text == text; });
  if (special != specials.end()) return special->token;
  const auto found = whole.find(text);
  if (found != whole.end()) return found->second;
  return not_read(member, fmt::format("'{}' is no token", truncate_text(text, 60)));
}

// One token before the text and one behind it: what single texts of BERT models have.
Result<void> WordPiece::Rules::read_template(const json::object& file) {
  constexpr std::string_view kMember = "post_processor";
  TRAWL_ASSIGN(const auto* object, typed_object(file, kMember, "TemplateProcessing"));
  const auto text_of = [](const json::value& part,
                          std::string_view kind) -> std::optional<std::string_view> {
    const json::object* outer = part.if_object();
    const json::value* inner = outer == nullptr ? nullptr : outer->if_contains(kind);
    if (inner == nullptr || !inner->is_object()) return std::nullopt;
    const json::value* id = inner->as_object().if_contains("id");
    if (id == nullptr || !id->is_string()) return std::nullopt;
    return view(id->as_string());
  };
  const json::value* single = object->if_contains("single");
  const json::array* parts = single == nullptr ? nullptr : single->if_array();
  const std::string wanted = "`single` is not a token, the text A and a token";
  if (parts == nullptr || parts->size() != 3 || text_of((*parts)[1], "Sequence") != "A") {
    return not_read(kMember, wanted);
  }
  const auto first = text_of((*parts)[0], "SpecialToken");
  const auto last = text_of((*parts)[2], "SpecialToken");
  if (!first || !last) return not_read(kMember, wanted);
  TRAWL_ASSIGN(begin, token_of(*first, kMember));
  TRAWL_ASSIGN(end, token_of(*last, kMember));
  return {};
}

const SpecialText* WordPiece::Rules::special_at(std::string_view text) const {
  for (const SpecialText& special : specials) {
    if (text.starts_with(special.text)) return &special;
  }
  return nullptr;
}

// Reads one text. Stops where the tokens are enough, so that a long text costs no more than
// what the model reads of it.
class WordPiece::Reader {
 public:
  Reader(const Rules& rules, std::size_t tokens_max)
      : rules_(rules), room_(std::max<std::size_t>(tokens_max, 2) - 1) {}

  std::vector<std::int64_t> read(std::string_view text) {
    tokens_.push_back(rules_.begin);
    while (!text.empty() && tokens_.size() < room_) {
      if (const SpecialText* special = rules_.special_at(text)) {
        end_word();
        tokens_.push_back(special->token);
        text.remove_prefix(special->text.size());
        continue;
      }
      std::size_t size = 0;
      const std::int32_t point = take_point(text, size);
      text.remove_prefix(size);
      add(point);
    }
    end_word();
    tokens_.resize(std::min(tokens_.size(), room_));
    tokens_.push_back(rules_.end);
    return std::move(tokens_);
  }

 private:
  // A code point as it stands in the text.
  void add(std::int32_t point) {
    if (rules_.cleans && point != '\t' && point != '\n' && point != '\r' &&
        (point == kReplacement || is_other_point(point))) {
      return;
    }
    const bool is_word = rules_.parts_han && is_han_point(point);
    if (is_word) end_word();
    if (point < 0x80 || !rules_.strips_marks) {
      add_lowered(point);
    } else {
      std::int32_t parts[32];
      int boundary = 0;
      // Marks that change places would all have to be in the vocabulary to be seen; those
      // that do are stripped.
      const auto count =
          utf8proc_decompose_char(point, parts, 32, UTF8PROC_DECOMPOSE, &boundary);
      if (count <= 0) add_lowered(point);
      for (int i = 0; i < count; ++i) {
        if (!is_mark_point(parts[i])) add_lowered(parts[i]);
      }
    }
    if (is_word) end_word();
  }

  void add_lowered(std::int32_t point) {
    if (!rules_.lowers) return add_to_word(point);
    if (point == 0x130) {  // The one whose small letter is two code points.
      add_to_word('i');
      return add_to_word(0x307);
    }
    add_to_word(lower_point(point));
  }

  void add_to_word(std::int32_t point) {
    if (is_space_point(point)) return end_word();
    const bool is_sign = is_sign_point(point);
    if (is_sign) end_word();
    // Of a word that is too long, how long it is does not matter.
    if (points_ <= rules_.word_points_max) {
      append_point(word_, point);
      ++points_;
    }
    if (is_sign) end_word();
  }

  void end_word() {
    if (points_ == 0) return;
    const std::size_t before = tokens_.size();
    if (points_ > rules_.word_points_max || !add_pieces()) {
      tokens_.resize(before);
      tokens_.push_back(rules_.unknown);
    }
    word_.clear();
    points_ = 0;
  }

  // False where the vocabulary does not have the pieces.
  bool add_pieces() {
    std::string_view rest = word_;
    const Vocabulary* vocabulary = &rules_.whole;
    while (!rest.empty()) {
      std::size_t size = std::min(rest.size(), rules_.piece_bytes_max);
      auto found = vocabulary->end();
      for (; size > 0; --size) {
        const bool splits_point =
            size < rest.size() && (static_cast<unsigned char>(rest[size]) & 0xC0) == 0x80;
        if (splits_point) continue;
        found = vocabulary->find(rest.substr(0, size));
        if (found != vocabulary->end()) break;
      }
      if (size == 0) return false;
      tokens_.push_back(found->second);
      rest.remove_prefix(size);
      vocabulary = &rules_.continued;
    }
    return true;
  }

  const Rules& rules_;
  const std::size_t room_;  // For all but the token that ends the text.
  std::vector<std::int64_t> tokens_;
  std::string word_;
  std::size_t points_ = 0;  // Of the word.
};

Result<WordPiece> WordPiece::parse(std::string_view tokenizer_json) {
  TRAWL_ASSIGN(const json::value value, parse_json(tokenizer_json));
  const json::object* file = value.if_object();
  if (file == nullptr) return not_read("tokenizer.json", "it is no object");
  auto rules = std::make_unique<Rules>();
  TRAWL_TRY(rules->read_normalizer(*file));
  TRAWL_TRY(typed_object(*file, "pre_tokenizer", "BertPreTokenizer"));
  TRAWL_TRY(rules->read_model(*file));
  TRAWL_TRY(rules->read_specials(*file));
  TRAWL_TRY(rules->read_template(*file));
  return WordPiece(std::move(rules));
}

std::vector<std::int64_t> WordPiece::encode(std::string_view text,
                                            std::size_t tokens_max) const {
  return Reader(*rules_, tokens_max).read(text);
}

std::size_t WordPiece::vocabulary_size() const {
  return static_cast<std::size_t>(rules_->token_max) + 1;
}

WordPiece::WordPiece(std::unique_ptr<const Rules> rules) : rules_(std::move(rules)) {}
WordPiece::WordPiece(WordPiece&&) noexcept = default;
WordPiece& WordPiece::operator=(WordPiece&&) noexcept = default;
WordPiece::~WordPiece() = default;

}  // namespace trawl
