#include "corpus/dense/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TRAWL_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni")))

namespace trawl::dense {
namespace {

TRAWL_AVX512 inline float add_avx512(__m512 lanes) {
  const __m256 eight =
      _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
  const __m128 four =
      _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

TRAWL_AVX512 float dot_avx512(const float* a, const float* b, std::size_t size) {
  __m512 lanes = _mm512_setzero_ps();
  std::size_t i = 0;
  for (; i + 16 <= size; i += 16) {
    lanes =
        _mm512_add_ps(lanes, _mm512_mul_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i)));
  }
  if (i < size) {
    const auto rest = static_cast<__mmask16>((1u << (size - i)) - 1);
    lanes = _mm512_add_ps(lanes, _mm512_mul_ps(_mm512_maskz_loadu_ps(rest, a + i),
                                               _mm512_maskz_loadu_ps(rest, b + i)));
  }
  return add_avx512(lanes);
}

TRAWL_AVX512 float squared_distance_avx512(const float* a, const float* b,
                                           std::size_t size) {
  __m512 lanes = _mm512_setzero_ps();
  std::size_t i = 0;
  for (; i + 16 <= size; i += 16) {
    const __m512 difference = _mm512_sub_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
    lanes = _mm512_add_ps(lanes, _mm512_mul_ps(difference, difference));
  }
  if (i < size) {
    const auto rest = static_cast<__mmask16>((1u << (size - i)) - 1);
    const __m512 difference = _mm512_sub_ps(_mm512_maskz_loadu_ps(rest, a + i),
                                            _mm512_maskz_loadu_ps(rest, b + i));
    lanes = _mm512_add_ps(lanes, _mm512_mul_ps(difference, difference));
  }
  return add_avx512(lanes);
}

TRAWL_AVX512 void code_dots_avx512(const std::uint8_t* codes, std::size_t dimension,
                                   const std::uint32_t* at, std::size_t count,
                                   const std::int8_t* query, std::int32_t* out) {
  const std::size_t whole = dimension / 64 * 64;
  const auto rest = static_cast<__mmask64>((std::uint64_t{1} << (dimension - whole)) - 1);
  const __m512i last_query = _mm512_maskz_loadu_epi8(rest, query + whole);
  std::size_t i = 0;
  for (; i < count; ++i) {
    const std::uint8_t* const code = codes + at[i] * dimension;
    __m512i sums = _mm512_setzero_si512();
    __m512i more = _mm512_setzero_si512();
    std::size_t d = 0;
    for (; d + 128 <= whole; d += 128) {
      sums = _mm512_dpbusd_epi32(sums, _mm512_loadu_si512(code + d),
                                 _mm512_loadu_si512(query + d));
      more = _mm512_dpbusd_epi32(more, _mm512_loadu_si512(code + d + 64),
                                 _mm512_loadu_si512(query + d + 64));
    }
    if (d < whole) {
      sums = _mm512_dpbusd_epi32(sums, _mm512_loadu_si512(code + d),
                                 _mm512_loadu_si512(query + d));
    }
    if (rest != 0) {
      more = _mm512_dpbusd_epi32(more, _mm512_maskz_loadu_epi8(rest, code + whole),
                                 last_query);
    }
    out[i] = _mm512_reduce_add_epi32(_mm512_add_epi32(sums, more));
  }
}

TRAWL_AVX512 inline __m512i four_pieces(const std::uint8_t* const* own,
                                        std::size_t offset) {
  const auto load = [](const std::uint8_t* from) TRAWL_AVX512 {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  __m512i four = _mm512_castsi128_si512(load(own[0] + offset));
  four = _mm512_inserti32x4(four, load(own[1] + offset), 1);
  four = _mm512_inserti32x4(four, load(own[2] + offset), 2);
  return _mm512_inserti32x4(four, load(own[3] + offset), 3);
}

// Sixteen vectors at a time. A piece of four of them fills a register; there, bytes of the
// same number come together, and then those of four registers, so that each quarter of one
// has the same byte of all sixteen, as a table is looked up by.
TRAWL_AVX512 void bit_sums_avx512(const std::uint8_t* bits, const std::uint32_t* at,
                                  const BitTables& tables, std::int32_t* out) {
  alignas(64) static constexpr std::uint8_t kTogether[64] = {
      0,  16, 32, 48, 1,  17, 33, 49, 2,  18, 34, 50, 3,  19, 35, 51,
      4,  20, 36, 52, 5,  21, 37, 53, 6,  22, 38, 54, 7,  23, 39, 55,
      8,  24, 40, 56, 9,  25, 41, 57, 10, 26, 42, 58, 11, 27, 43, 59,
      12, 28, 44, 60, 13, 29, 45, 61, 14, 30, 46, 62, 15, 31, 47, 63};
  const __m512i together = _mm512_load_si512(kTogether);
  const __m512i low_bits = _mm512_set1_epi8(15);
  const __m512i even_bytes = _mm512_set1_epi16(0x00ff);
  const std::size_t stride = tables.piece_count * kPieceBytes;
  for (std::size_t i = 0; i < kBatch; i += 16) {
    const std::uint8_t* own[16];
    for (std::size_t v = 0; v < 16; ++v) own[v] = bits + at[i + v] * stride;
    __m512i even = _mm512_setzero_si512();
    __m512i odd = _mm512_setzero_si512();
    const std::uint8_t* table = tables.strided_sums.data();
    for (std::size_t offset = 0; offset < stride; offset += kPieceBytes) {
      const __m512i a = _mm512_permutexvar_epi8(together, four_pieces(own, offset));
      const __m512i b = _mm512_permutexvar_epi8(together, four_pieces(own + 4, offset));
      const __m512i c = _mm512_permutexvar_epi8(together, four_pieces(own + 8, offset));
      const __m512i d = _mm512_permutexvar_epi8(together, four_pieces(own + 12, offset));
      const __m512i ab_low = _mm512_unpacklo_epi32(a, b);
      const __m512i ab_high = _mm512_unpackhi_epi32(a, b);
      const __m512i cd_low = _mm512_unpacklo_epi32(c, d);
      const __m512i cd_high = _mm512_unpackhi_epi32(c, d);
      const __m512i columns[4] = {
          _mm512_unpacklo_epi64(ab_low, cd_low), _mm512_unpackhi_epi64(ab_low, cd_low),
          _mm512_unpacklo_epi64(ab_high, cd_high), _mm512_unpackhi_epi64(ab_high, cd_high)};
      for (const __m512i column : columns) {
        const __m512i low = _mm512_shuffle_epi8(_mm512_loadu_si512(table),
                                                _mm512_and_si512(column, low_bits));
        const __m512i high =
            _mm512_shuffle_epi8(_mm512_loadu_si512(table + 64),
                                _mm512_and_si512(_mm512_srli_epi16(column, 4), low_bits));
        const __m512i sums = _mm512_add_epi8(low, high);
        even = _mm512_add_epi16(even, _mm512_and_si512(sums, even_bytes));
        odd = _mm512_add_epi16(odd, _mm512_srli_epi16(sums, 8));
        table += 128;
      }
    }
    // Each quarter has sums of its bytes, of vectors 0, 2, … and of 1, 3, …
    __m256i even_half =
        _mm256_add_epi16(_mm512_castsi512_si256(even), _mm512_extracti64x4_epi64(even, 1));
    __m256i odd_half =
        _mm256_add_epi16(_mm512_castsi512_si256(odd), _mm512_extracti64x4_epi64(odd, 1));
    const __m128i evens = _mm_add_epi16(_mm256_castsi256_si128(even_half),
                                        _mm256_extracti128_si256(even_half, 1));
    const __m128i odds = _mm_add_epi16(_mm256_castsi256_si128(odd_half),
                                       _mm256_extracti128_si256(odd_half, 1));
    const __m256i sixteen =
        _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_unpacklo_epi16(evens, odds)),
                                _mm_unpackhi_epi16(evens, odds), 1);
    _mm512_storeu_si512(out + i, _mm512_cvtepu16_epi32(sixteen));
  }
}

TRAWL_AVX512 std::uint64_t at_least_avx512(const float* values, float least) {
  const __m512 wanted = _mm512_set1_ps(least);
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < kBatch; i += 16) {
    const __mmask16 is =
        _mm512_cmp_ps_mask(_mm512_loadu_ps(values + i), wanted, _CMP_GE_OQ);
    found |= std::uint64_t{is} << i;
  }
  return found;
}

constexpr Kernels kAvx512{"avx512",         dot_avx512,      squared_distance_avx512,
                          code_dots_avx512, bit_sums_avx512, at_least_avx512};

}  // namespace

const Kernels* avx512_kernels() {
  const bool has =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni");
  return has ? &kAvx512 : nullptr;
}

}  // namespace trawl::dense

#else

namespace trawl::dense {
const Kernels* avx512_kernels() {
  return nullptr;
}
}  // namespace trawl::dense

#endif
