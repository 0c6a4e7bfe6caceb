#include "questions.h"

#include <functional>
#include <random>

namespace trawl::bench {
namespace {

constexpr std::size_t kVariations = 500;

class Maker {
 public:
  explicit Maker(const ExecutionGenerator& generator) : generator_(generator) {}

  void add(std::string name, const Question& question) {
    all_.push_back({std::move(name), {question}});
  }

  // One kind of question, varied.
  void add(std::string name, const std::function<Question()>& vary) {
    Questions questions{std::move(name), {}};
    for (std::size_t i = 0; i < kVariations; ++i) questions.variations.push_back(vary());
    all_.push_back(std::move(questions));
  }

  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  // An execution of the large namespace, anywhere in the history; a multiple of `step`.
  std::uint64_t some_number(std::uint64_t step = 1) {
    while (true) {
      const std::uint64_t number = below(generator_.shape().count) / step * step;
      if (generator_.namespace_of(number) == 0) return number;
    }
  }

  // Words of ranks in [begin, end).
  std::vector<std::string> words(std::size_t begin, std::size_t end) {
    return {generator_.word(begin + below(end - begin))};
  }

  std::vector<Questions> take() { return std::move(all_); }

 private:
  const ExecutionGenerator& generator_;
  std::mt19937_64 random_{20'260'101};
  std::vector<Questions> all_;
};

}  // namespace

std::vector<Questions> make_questions(const ExecutionGenerator& generator,
                                      std::uint64_t details_every) {
  Maker maker(generator);
  const Question page;
  Question page_total = page;
  page_total.kind = Question::Kind::page_and_total;
  Question failed = page;
  failed.failed = true;
  Question failed_total = failed;
  failed_total.kind = Question::Kind::page_and_total;

  maker.add("first_page", page);
  maker.add("first_page_with_total", page_total);
  maker.add("failed_page", failed);
  maker.add("failed_page_with_total", failed_total);
  maker.add("day_page", [&] {
    // A day that begins anywhere in the middle third of the history.
    Question day;
    day.start = kHistoryStart + kHistoryLength / 3 +
                static_cast<TimeUs>(maker.below(kHistoryLength / 3));
    day.end = *day.start + kMicrosPerDay - 1;
    return day;
  });
  maker.add("cursor_page", [&] {
    const std::uint64_t number = maker.some_number();
    Question after;
    after.after_time = generator.time_of(number);
    after.id = generator.id_of(number).str();
    return after;
  });
  Question offset = page;
  offset.offset = 10'000;
  maker.add("offset_page", offset);
  maker.add("total_30_days", [&] {
    // The last 30 days, as asked at some moment of the last hour.
    Question total;
    total.kind = Question::Kind::total;
    total.end = kHistoryEnd - static_cast<TimeUs>(maker.below(kMicrosPerHour));
    total.start = *total.end - 30 * kMicrosPerDay;
    return total;
  });
  maker.add("detail", [&] {
    Question detail;
    detail.kind = Question::Kind::detail;
    detail.id = generator.id_of(maker.some_number(details_every)).str();
    return detail;
  });
  const std::size_t words = generator.word_count();
  const auto text = [&](Question::Kind kind, std::size_t begin, std::size_t end) {
    return [&maker, kind, begin, end] {
      Question question;
      question.kind = kind;
      question.words = maker.words(begin, end);
      return question;
    };
  };
  maker.add("text_rare", text(Question::Kind::page, words / 2, words));
  maker.add("text_common", text(Question::Kind::page, 1, 10));
  maker.add("text_common_with_total", text(Question::Kind::page_and_total, 1, 10));
  maker.add("text_two_words", [&] {
    Question two;
    two.words = maker.words(10, 40);
    two.words.push_back(maker.words(200, 400).front());
    return two;
  });
  return maker.take();
}

}  // namespace trawl::bench
