#include "corpus/dense/kernels.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "corpus/dense/vector_code.h"
#include "corpus/dense/vector_part.h"

namespace trawl::dense::kernels_test {
namespace {

class KernelsTest : public testing::Test {
 protected:
  std::vector<float> random_floats(std::size_t count) {
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    // Of sizes so different that another order of adding gives another sum.
    for (auto& value : values) value = normal(rng_) * std::exp2(normal(rng_) * 6);
    return values;
  }
  template <class T>
  std::vector<T> random_bytes(std::size_t count) {
    std::vector<T> values(count);
    for (auto& value : values) value = static_cast<T>(rng_());
    return values;
  }

  const unsigned seed_ =
      static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  testing::ScopedTrace trace_{__FILE__, __LINE__, fmt::format("seed {}", seed_)};
  std::mt19937 rng_{seed_};
};

std::vector<std::size_t> sizes() {
  std::vector<std::size_t> all;
  for (std::size_t size = 1; size <= 150; ++size) all.push_back(size);
  for (const std::size_t size : {255, 256, 257, 384, 768, 1000, 1024, 1536, 4095, 4096}) {
    all.push_back(size);
  }
  return all;
}

// What the header says of the order of sums, as plainly as it can be done.
float lanes_of(const std::vector<float>& terms) {
  float lanes[16] = {};
  for (std::size_t i = 0; i < terms.size(); ++i) lanes[i % 16] += terms[i];
  for (std::size_t half = 8; half > 0; half /= 2) {
    for (std::size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
  }
  return lanes[0];
}

// Goal: every kind of processor gives the same floats, to the bit.
TEST_F(KernelsTest, FloatsAreTheSameToTheBit) {
  for (const std::size_t size : sizes()) {
    const auto a = random_floats(size);
    const auto b = random_floats(size);
    std::vector<float> products(size);
    std::vector<float> squares(size);
    for (std::size_t i = 0; i < size; ++i) {
      products[i] = a[i] * b[i];
      const float difference = a[i] - b[i];
      squares[i] = difference * difference;
    }
    for (const Kernels* kernel : all_kernels()) {
      SCOPED_TRACE(fmt::format("{} values, {}", size, kernel->name));
      ASSERT_EQ(std::bit_cast<std::uint32_t>(kernel->dot(a.data(), b.data(), size)),
                std::bit_cast<std::uint32_t>(lanes_of(products)));
      ASSERT_EQ(
          std::bit_cast<std::uint32_t>(kernel->squared_distance(a.data(), b.data(), size)),
          std::bit_cast<std::uint32_t>(lanes_of(squares)));
    }
  }
}

TEST_F(KernelsTest, CodesAreTheSame) {
  for (const std::size_t size : sizes()) {
    const std::size_t vectors = 100;
    const auto codes = random_bytes<std::uint8_t>(vectors * size);
    const auto query = random_bytes<std::int8_t>(size);
    std::vector<std::uint32_t> at(1 + rng_() % kBatch);
    for (auto& one : at) one = static_cast<std::uint32_t>(rng_() % vectors);
    for (const Kernels* kernel : all_kernels()) {
      SCOPED_TRACE(fmt::format("{} dimensions, {}", size, kernel->name));
      std::int32_t out[kBatch + 1];
      out[at.size()] = 12345;
      kernel->code_dots(codes.data(), size, at.data(), at.size(), query.data(), out);
      for (std::size_t i = 0; i < at.size(); ++i) {
        std::int32_t sum = 0;
        for (std::size_t d = 0; d < size; ++d) sum += codes[at[i] * size + d] * query[d];
        ASSERT_EQ(out[i], sum) << i;
      }
      EXPECT_EQ(out[at.size()], 12345);
    }
  }
}

// Bits of vectors, each by itself, as BitBlocks has them.
std::vector<std::uint8_t> in_blocks(const std::vector<std::uint8_t>& bits,
                                    std::uint32_t dimension) {
  VectorPart part;
  part.dimension = dimension;
  part.own_bits = bits.data();
  const std::size_t stride = bits_stride(dimension);
  const std::size_t count = bits.size() / stride;
  std::vector<std::uint8_t> blocks((count + kBlock - 1) / kBlock * kBlock * stride);
  for (std::size_t i = 0; i < count; ++i) {
    part.copy_bits(i, blocks.data() + i / kBlock * kBlock * stride, i % kBlock);
  }
  return blocks;
}

std::int32_t sum_of(const BitTables& tables, const std::vector<float>& values) {
  std::int32_t sum = 0;
  for (std::size_t d = 0; d < values.size(); d += 4) {
    unsigned set = 0;
    for (std::size_t b = d; b < std::min(d + 4, values.size()); ++b) {
      set |= static_cast<unsigned>(values[b] >= 0) << (b - d);
    }
    sum += (d % 8 == 0 ? tables.low(d / 8) : tables.high(d / 8))[set];
  }
  return sum;
}

// Goal: estimates are the product of the signs with a query of whole numbers, by the
// factor, to the bit for every kind of processor; and those that are found are at least so
// much.
TEST_F(KernelsTest, EstimatesAreTheSameToTheBit) {
  for (const Metric metric : {Metric::cosine, Metric::l2}) {
    for (const std::size_t size : sizes()) {
      const std::size_t vectors = 7 * kBlock;
      const auto query_values = random_floats(size);
      QueryVector query(metric, query_values);
      query.make_tables();
      const BitTables& tables = query.tables();
      std::vector<std::uint8_t> codes(size);
      std::vector<std::uint8_t> bits(vectors * tables.stride);
      std::vector<std::uint16_t> factors;
      std::vector<std::uint16_t> squares;
      std::vector<float> wanted;
      for (std::size_t i = 0; i < vectors; ++i) {
        const auto values = random_floats(size);
        const auto constants =
            encode_vector(metric, values, codes.data(), bits.data() + i * tables.stride);
        factors.push_back(constants.factor);
        squares.push_back(constants.square);
        const auto product = static_cast<float>(2 * sum_of(tables, values) - tables.offset);
        float estimate = from_half(constants.factor) * product;
        if (metric == Metric::l2) {
          estimate = estimate * (2 * tables.unit) - from_half(constants.square);
        }
        wanted.push_back(estimate);
      }
      const auto blocks = in_blocks(bits, static_cast<std::uint32_t>(size));
      std::vector<std::uint32_t> at(1 + rng_() % kBlocksAtOnce);
      for (auto& one : at) one = static_cast<std::uint32_t>(rng_() % (vectors / kBlock));
      const float least = rng_() % 5 == 0 ? -INFINITY : wanted[rng_() % vectors];
      for (const Kernels* kernel : all_kernels()) {
        SCOPED_TRACE(fmt::format("{} dimensions, {}", size, kernel->name));
        float estimates[kBlocksAtOnce * kBlock + 1];
        std::uint16_t found[kBlocksAtOnce + 1];
        estimates[at.size() * kBlock] = 5;
        found[at.size()] = 12345;
        kernel->estimate({blocks.data(), factors.data(),
                          metric == Metric::l2 ? squares.data() : nullptr},
                         at.data(), at.size(), tables, least, estimates, found);
        for (std::size_t i = 0; i < at.size() * kBlock; ++i) {
          const float own = wanted[at[i / kBlock] * kBlock + i % kBlock];
          ASSERT_EQ(std::bit_cast<std::uint32_t>(estimates[i]),
                    std::bit_cast<std::uint32_t>(own))
              << i;
          ASSERT_EQ((found[i / kBlock] >> (i % kBlock) & 1) != 0, own >= least) << i;
        }
        EXPECT_EQ(estimates[at.size() * kBlock], 5);
        EXPECT_EQ(found[at.size()], 12345);
      }
    }
  }
}

// Goal: sums never outgrow what the kernels add them in, be all values as large as can be.
TEST_F(KernelsTest, SumsOfTheLargestFit) {
  for (const std::size_t size : {1, 4, 384, 2064, 2068, 4096}) {
    const std::vector<float> values(size, 1e15f);
    QueryVector query(Metric::dot, values);
    query.make_tables();
    const BitTables& tables = query.tables();
    std::vector<std::uint8_t> codes(size);
    std::vector<std::uint8_t> bits(kBlock * tables.stride);
    for (std::size_t i = 0; i < kBlock; ++i) {
      encode_vector(Metric::dot, values, codes.data(), bits.data() + i * tables.stride);
    }
    for (std::size_t byte = 0; byte < (size + 7) / 8; ++byte) {
      EXPECT_LE(tables.low(byte)[15], 127);
      EXPECT_LE(tables.high(byte)[15], 127);
    }
    const std::int32_t wanted = sum_of(tables, values);
    EXPECT_LE(wanted, 65'535);
    const auto blocks = in_blocks(bits, static_cast<std::uint32_t>(size));
    const std::vector<std::uint16_t> factors(kBlock, half_above(1));
    const std::uint32_t at = 0;
    for (const Kernels* kernel : all_kernels()) {
      float estimates[kBlock];
      std::uint16_t found = 0;
      kernel->estimate({blocks.data(), factors.data(), nullptr}, &at, 1, tables, 0,
                       estimates, &found);
      for (const float estimate : estimates) {
        ASSERT_EQ(estimate, static_cast<float>(2 * wanted - tables.offset)) << kernel->name;
      }
    }
  }
}

// Goal: the exact score of a vector always lies within what its codes tell.
TEST_F(KernelsTest, ScoresLieWithinTheirBounds) {
  for (const Metric metric : {Metric::cosine, Metric::dot, Metric::l2}) {
    for (const std::size_t size : {1, 2, 3, 17, 64, 100, 384, 1024, 4096}) {
      SCOPED_TRACE(fmt::format("metric {}, {}", static_cast<int>(metric), size));
      for (int round = 0; round < 60; ++round) {
        auto query_values = random_floats(size);
        auto values = random_floats(size);
        if (round % 4 == 1) {
          for (std::size_t d = 0; d < size; ++d) {
            values[d] = query_values[d] * (1 + 1e-3f * values[d]);
          }
        }
        if (round % 4 == 2) values = query_values;
        if (round % 8 == 3 && metric != Metric::cosine) values.assign(size, 0);
        if (round % 4 == 3) {
          for (auto& value : values) value *= 1e-12f;
        }
        std::vector<std::uint8_t> codes(size);
        std::vector<std::uint8_t> bits(bits_stride(static_cast<std::uint32_t>(size)));
        const auto constants = encode_vector(metric, values, codes.data(), bits.data());
        const QueryVector query(metric, query_values);
        const std::uint32_t at = 0;
        std::int32_t dot = 0;
        kernels().code_dots(codes.data(), size, &at, 1, query.codes(), &dot);
        const Bounds bounds =
            query.bounds(dot, constants.scale, constants.factor, constants.square);
        const float score = query.exact_score(values.data());
        ASSERT_LE(bounds.low, score) << round;
        ASSERT_GE(bounds.high, score) << round;
      }
    }
  }
}

}  // namespace
}  // namespace trawl::dense::kernels_test
