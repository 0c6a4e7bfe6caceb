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

// Sixteen of them as float32.
TRAWL_AVX512 inline __m512 halves_avx512(const std::uint16_t* from) {
  const __m256i sixteen = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(sixteen), 16));
}

TRAWL_AVX512 inline __m128i add_quarters(__m512i all) {
  const __m256i half =
      _mm256_add_epi16(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
  return _mm_add_epi16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

TRAWL_AVX512 void estimate_avx512(const BitBlocks& blocks, const std::uint32_t* at,
                                  std::size_t count, const BitTables& tables, float least,
                                  float* estimates, std::uint16_t* found) {
  const __m512i low_bits = _mm512_set1_epi8(15);
  const __m512i offset = _mm512_set1_epi32(tables.offset);
  const __m512 scale = _mm512_set1_ps(2 * tables.unit);
  const __m512 wanted = _mm512_set1_ps(least);
  for (std::size_t i = 0; i < count; ++i, estimates += kBlock) {
    const std::size_t first = at[i] * kBlock;
    const std::uint8_t* own = blocks.bits + first * tables.stride;
    const std::uint8_t* table = tables.sums.data();
    // Sums of vectors 1, 3, … in 16 bits each; and those of 0, 2, … with 256 times these.
    __m512i odd = _mm512_setzero_si512();
    __m512i both = _mm512_setzero_si512();
    for (std::size_t b = 0; b < tables.stride; b += kBitsAlign, own += 64, table += 128) {
      // Each quarter has one byte of all vectors.
      const __m512i bits = _mm512_loadu_si512(own);
      const __m512i low =
          _mm512_shuffle_epi8(_mm512_loadu_si512(table), _mm512_and_si512(bits, low_bits));
      const __m512i high =
          _mm512_shuffle_epi8(_mm512_loadu_si512(table + 64),
                              _mm512_and_si512(_mm512_srli_epi16(bits, 4), low_bits));
      const __m512i sums = _mm512_add_epi8(low, high);
      both = _mm512_add_epi16(both, sums);
      odd = _mm512_add_epi16(odd, _mm512_srli_epi16(sums, 8));
    }
    const __m512i even = _mm512_sub_epi16(both, _mm512_slli_epi16(odd, 8));
    const __m128i evens = add_quarters(even);
    const __m128i odds = add_quarters(odd);
    const __m256i sixteen =
        _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_unpacklo_epi16(evens, odds)),
                                _mm_unpackhi_epi16(evens, odds), 1);
    const __m512i twice = _mm512_slli_epi32(_mm512_cvtepu16_epi32(sixteen), 1);
    const __m512 product = _mm512_cvtepi32_ps(_mm512_sub_epi32(twice, offset));
    __m512 estimate = _mm512_mul_ps(halves_avx512(blocks.factors + first), product);
    if (blocks.squares != nullptr) {
      estimate = _mm512_sub_ps(_mm512_mul_ps(estimate, scale),
                               halves_avx512(blocks.squares + first));
    }
    _mm512_storeu_ps(estimates, estimate);
    found[i] = _mm512_cmp_ps_mask(estimate, wanted, _CMP_GE_OQ);
  }
}

constexpr Kernels kAvx512{"avx512", dot_avx512, squared_distance_avx512, code_dots_avx512,
                          estimate_avx512};

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
