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

// Rows of 16 bytes in each half become columns: four times the bytes of register i and
// those of i + 8 are put alternately into 2 * i and 2 * i + 1.
TRAWL_AVX2 inline void transpose_avx2(__m256i* rows) {
  for (int step = 0; step < 4; ++step) {
    __m256i next[16];
    for (int i = 0; i < 8; ++i) {
      next[2 * i] = _mm256_unpacklo_epi8(rows[i], rows[i + 8]);
      next[2 * i + 1] = _mm256_unpackhi_epi8(rows[i], rows[i + 8]);
    }
    for (int i = 0; i < 16; ++i) rows[i] = next[i];
  }
}

TRAWL_AVX2 void bit_sums_avx2(const std::uint8_t* bits, const std::uint32_t* at,
                              const BitTables& tables, std::int32_t* out) {
  const std::size_t stride = tables.piece_count * kPieceBytes;
  const __m256i low_bits = _mm256_set1_epi8(15);
  const __m256i even_bytes = _mm256_set1_epi16(0x00ff);
  for (std::size_t i = 0; i < kBatch; i += 32) {
    __m256i even = _mm256_setzero_si256();
    __m256i odd = _mm256_setzero_si256();
    for (std::size_t piece = 0; piece < tables.piece_count; ++piece) {
      __m256i columns[16];
      for (std::size_t v = 0; v < 16; ++v) {
        const std::size_t offset = piece * kPieceBytes;
        const auto* first = bits + at[i + v] * stride + offset;
        const auto* second = bits + at[i + 16 + v] * stride + offset;
        columns[v] = _mm256_inserti128_si256(
            _mm256_castsi128_si256(
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(first))),
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(second)), 1);
      }
      transpose_avx2(columns);
      const std::uint8_t* table = tables.sums.data() + piece * kPieceBytes * 32;
      for (std::size_t b = 0; b < 16; ++b, table += 32) {
        const __m256i low = _mm256_broadcastsi128_si256(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
        const __m256i high = _mm256_broadcastsi128_si256(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(table + 16)));
        const __m256i sums = _mm256_add_epi8(
            _mm256_shuffle_epi8(low, _mm256_and_si256(columns[b], low_bits)),
            _mm256_shuffle_epi8(
                high, _mm256_and_si256(_mm256_srli_epi16(columns[b], 4), low_bits)));
        even = _mm256_add_epi16(even, _mm256_and_si256(sums, even_bytes));
        odd = _mm256_add_epi16(odd, _mm256_srli_epi16(sums, 8));
      }
    }
    // Of each half: vectors 0, 2, … and 1, 3, …
    const __m256i first = _mm256_unpacklo_epi16(even, odd);
    const __m256i second = _mm256_unpackhi_epi16(even, odd);
    const auto store = [](std::int32_t* to, __m128i eight) TRAWL_AVX2 {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_cvtepu16_epi32(eight));
    };
    store(out + i, _mm256_castsi256_si128(first));
    store(out + i + 8, _mm256_castsi256_si128(second));
    store(out + i + 16, _mm256_extracti128_si256(first, 1));
    store(out + i + 24, _mm256_extracti128_si256(second, 1));
  }
}

TRAWL_AVX2 std::uint64_t at_least_avx2(const float* values, float least) {
  const __m256 wanted = _mm256_set1_ps(least);
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < kBatch; i += 8) {
    const __m256 is = _mm256_cmp_ps(_mm256_loadu_ps(values + i), wanted, _CMP_GE_OQ);
    found |= std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_ps(is))} << i;
  }
  return found;
}

constexpr Kernels kAvx2{"avx2",         dot_avx2,      squared_distance_avx2,
                        code_dots_avx2, bit_sums_avx2, at_least_avx2};

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
