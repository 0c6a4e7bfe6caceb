#include "corpus/dense/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TRAWL_AVX2 __attribute__((target("avx2")))

namespace trawl::dense {
namespace {

// Lanes 0 to 7 and 8 to 15, added by halves.
TRAWL_AVX2 inline float add_avx2(__m256 low, __m256 high) {
  const __m256 eight = _mm256_add_ps(low, high);
  const __m128 four =
      _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

// The first of eight floats, and zeros.
TRAWL_AVX2 inline __m256i first_avx2(std::size_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

TRAWL_AVX2 float dot_avx2(const float* a, const float* b, std::size_t size) {
  __m256 low = _mm256_setzero_ps();
  __m256 high = _mm256_setzero_ps();
  std::size_t i = 0;
  for (; i + 16 <= size; i += 16) {
    low = _mm256_add_ps(low, _mm256_mul_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i)));
    high = _mm256_add_ps(
        high, _mm256_mul_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8)));
  }
  if (const std::size_t rest = size - i; rest > 0) {
    const __m256i first = first_avx2(rest);
    low = _mm256_add_ps(low, _mm256_mul_ps(_mm256_maskload_ps(a + i, first),
                                           _mm256_maskload_ps(b + i, first)));
    if (rest > 8) {
      const __m256i second = first_avx2(rest - 8);
      high = _mm256_add_ps(high, _mm256_mul_ps(_mm256_maskload_ps(a + i + 8, second),
                                               _mm256_maskload_ps(b + i + 8, second)));
    }
  }
  return add_avx2(low, high);
}

TRAWL_AVX2 inline __m256 square_avx2(__m256 a, __m256 b) {
  const __m256 difference = _mm256_sub_ps(a, b);
  return _mm256_mul_ps(difference, difference);
}

TRAWL_AVX2 float squared_distance_avx2(const float* a, const float* b, std::size_t size) {
  __m256 low = _mm256_setzero_ps();
  __m256 high = _mm256_setzero_ps();
  std::size_t i = 0;
  for (; i + 16 <= size; i += 16) {
    low = _mm256_add_ps(low, square_avx2(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i)));
    high = _mm256_add_ps(
        high, square_avx2(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8)));
  }
  if (const std::size_t rest = size - i; rest > 0) {
    const __m256i first = first_avx2(rest);
    low = _mm256_add_ps(low, square_avx2(_mm256_maskload_ps(a + i, first),
                                         _mm256_maskload_ps(b + i, first)));
    if (rest > 8) {
      const __m256i second = first_avx2(rest - 8);
      high = _mm256_add_ps(high, square_avx2(_mm256_maskload_ps(a + i + 8, second),
                                             _mm256_maskload_ps(b + i + 8, second)));
    }
  }
  return add_avx2(low, high);
}

TRAWL_AVX2 void code_dots_avx2(const std::uint8_t* codes, std::size_t dimension,
                               const std::uint32_t* at, std::size_t count,
                               const std::int8_t* query, std::int32_t* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* const code = codes + at[i] * dimension;
    __m256i sums = _mm256_setzero_si256();
    std::size_t d = 0;
    for (; d + 16 <= dimension; d += 16) {
      // In 16 bits, since products of bytes in pairs may be more than these hold.
      const __m256i wide =
          _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(code + d)));
      const __m256i other = _mm256_cvtepi8_epi16(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(query + d)));
      sums = _mm256_add_epi32(sums, _mm256_madd_epi16(wide, other));
    }
    __m128i four =
        _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1));
    std::int32_t sum = _mm_cvtsi128_si32(four);
    for (; d < dimension; ++d) sum += code[d] * query[d];
    out[i] = sum;
  }
}

TRAWL_AVX2 inline __m256i load_avx2(const std::uint8_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

// Eight of them as float32.
TRAWL_AVX2 inline __m256 halves_avx2(const std::uint16_t* from) {
  const __m128i eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(eight), 16));
}

// Eight estimates of a block, and which of them are at least so much.
TRAWL_AVX2 inline unsigned estimate_eight(const BitBlocks& blocks, std::size_t first,
                                          __m128i sums, const BitTables& tables,
                                          float least, float* estimates) {
  const __m256i twice = _mm256_slli_epi32(_mm256_cvtepu16_epi32(sums), 1);
  const __m256 product =
      _mm256_cvtepi32_ps(_mm256_sub_epi32(twice, _mm256_set1_epi32(tables.offset)));
  __m256 estimate = _mm256_mul_ps(halves_avx2(blocks.factors + first), product);
  if (blocks.squares != nullptr) {
    estimate = _mm256_sub_ps(_mm256_mul_ps(estimate, _mm256_set1_ps(2 * tables.unit)),
                             halves_avx2(blocks.squares + first));
  }
  _mm256_storeu_ps(estimates, estimate);
  const __m256 is = _mm256_cmp_ps(estimate, _mm256_set1_ps(least), _CMP_GE_OQ);
  return static_cast<unsigned>(_mm256_movemask_ps(is));
}

TRAWL_AVX2 void estimate_avx2(const BitBlocks& blocks, const std::uint32_t* at,
                              std::size_t count, const BitTables& tables, float least,
                              float* estimates, std::uint16_t* found) {
  const __m256i low_bits = _mm256_set1_epi8(15);
  for (std::size_t i = 0; i < count; ++i, estimates += kBlock) {
    const std::size_t first = at[i] * kBlock;
    const std::uint8_t* own = blocks.bits + first * tables.stride;
    const std::uint8_t* table = tables.sums.data();
    // Sums of vectors 1, 3, … in 16 bits each; and those of 0, 2, … with 256 times these.
    __m256i odd = _mm256_setzero_si256();
    __m256i both = _mm256_setzero_si256();
    for (std::size_t b = 0; b < tables.stride; b += kBitsAlign, table += 128) {
      // Each half has one byte of all vectors.
      for (std::size_t pair = 0; pair < 64; pair += 32, own += 32) {
        const __m256i bits = load_avx2(own);
        const __m256i low =
            _mm256_shuffle_epi8(load_avx2(table + pair), _mm256_and_si256(bits, low_bits));
        const __m256i high =
            _mm256_shuffle_epi8(load_avx2(table + 64 + pair),
                                _mm256_and_si256(_mm256_srli_epi16(bits, 4), low_bits));
        const __m256i sums = _mm256_add_epi8(low, high);
        both = _mm256_add_epi16(both, sums);
        odd = _mm256_add_epi16(odd, _mm256_srli_epi16(sums, 8));
      }
    }
    const __m256i even = _mm256_sub_epi16(both, _mm256_slli_epi16(odd, 8));
    const __m128i evens =
        _mm_add_epi16(_mm256_castsi256_si128(even), _mm256_extracti128_si256(even, 1));
    const __m128i odds =
        _mm_add_epi16(_mm256_castsi256_si128(odd), _mm256_extracti128_si256(odd, 1));
    const unsigned low_half = estimate_eight(blocks, first, _mm_unpacklo_epi16(evens, odds),
                                             tables, least, estimates);
    const unsigned high_half = estimate_eight(
        blocks, first + 8, _mm_unpackhi_epi16(evens, odds), tables, least, estimates + 8);
    found[i] = static_cast<std::uint16_t>(low_half | high_half << 8);
  }
}

constexpr Kernels kAvx2{"avx2", dot_avx2, squared_distance_avx2, code_dots_avx2,
                        estimate_avx2};

}  // namespace

const Kernels* avx2_kernels() {
  return __builtin_cpu_supports("avx2") ? &kAvx2 : nullptr;
}

}  // namespace trawl::dense

#else

namespace trawl::dense {
const Kernels* avx2_kernels() {
  return nullptr;
}
}  // namespace trawl::dense

#endif
