#include "corpus/store/places.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "corpus/corpus_test_support.h"
#include "corpus/lexical/renumbering.h"
#include "corpus/store/place_table.h"
#include "corpus/store/schema.h"

namespace trawl::store::places_test {
namespace {

// Goal: rows and places name each other as in a plain list of places, however often rows
// were numbered anew, and after they were stored.
TEST(Places, AgreeWithAPlainList) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 rng(seed);
  test::TempDirectory directory;
  auto database = open_database(directory.path() + "/corpus.db").value();
  for (int round = 0; round < 15; ++round) {
    Places places;
    std::vector<std::uint32_t> list;  // Of the place of each row.
    std::uint32_t next = 0;
    for (int step = 0; step < 5; ++step) {
      for (auto added = rng() % 200; added > 0; --added) list.push_back(next++);
      const double share = std::uniform_real_distribution<double>(0, 1)(rng);
      Bitmap gone(static_cast<std::uint32_t>(list.size() + rng() % 100));
      std::vector<std::uint32_t> left;
      bool removes = false;
      for (std::uint32_t row = 0; row < list.size(); ++row) {
        // In stretches, as imports leave them.
        if (rng() % 8 == 0) removes = std::bernoulli_distribution(share)(rng);
        if (removes) {
          gone.set(row);
        } else {
          left.push_back(list[row]);
        }
      }
      const lexical::Renumbering renumber(gone);
      for (std::uint32_t row = 0, count = 0; row < list.size() + 200; ++row) {
        ASSERT_EQ(renumber(row), count);
        if (!gone.test(row)) ++count;
      }
      places = places.without(gone);
      list = left;

      std::vector<std::optional<std::uint32_t>> rows(next);
      for (std::uint32_t row = 0; row < list.size(); ++row) {
        ASSERT_EQ(places.place_of(row), list[row]);
        rows[list[row]] = row;
      }
      std::uint32_t before = 0;
      for (std::uint32_t place = 0; place < next; ++place) {
        ASSERT_EQ(places.row_of(place), rows[place]) << place;
        ASSERT_EQ(places.rows_before(place), before) << place;
        if (rows[place]) ++before;
      }
      // The next one follows the last there ever was.
      ASSERT_EQ(places.place_of(static_cast<std::uint32_t>(list.size())), next);
      ASSERT_EQ(places.rows_before(next), list.size());
      ASSERT_LE(places.runs().size(), list.size() + 1);
    }
    ASSERT_TRUE(store_numbering(*database, 1, {"name", places}));
    ASSERT_EQ(read_numbering(*database, 1).value().places.runs(), places.runs());
  }
}

TEST(Places, RefusesNumbersThatCannotBe) {
  test::TempDirectory directory;
  auto database = open_database(directory.path() + "/corpus.db").value();
  EXPECT_EQ(read_numbering(*database, 1).value().name, "");
  using Runs = std::vector<Places::Run>;
  for (const Runs& runs :
       {Runs{}, Runs{{1, 1}}, Runs{{0, 0}, {5, 5}}, Runs{{0, 7}, {5, 6}}}) {
    ASSERT_TRUE(store_numbering(*database, 1, {"name", Places(runs)}));
    EXPECT_EQ(read_numbering(*database, 1).error().code, ErrorCode::storage);
  }
}

}  // namespace
}  // namespace trawl::store::places_test
