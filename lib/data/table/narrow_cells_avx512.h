// Four texts at a time made narrow cells: one in each quarter of a register, its digits shuffled to where they count
// (Mula, "SIMD-ized parsing of decimal numbers", 2018), so that those of a column add up alike wherever their points
// are.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#if defined(__x86_64__)
#include <immintrin.h>

#include <array>

#include "lib/data/table/csv_place.h"
#include "lib/data/table/kept_cells.h"

#define DL_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,bmi,bmi2")))

namespace dl {

class NarrowCellsAvx512 {
 public:
  DL_AVX512 explicit NarrowCellsAvx512(int decimals)
      : most_point_(_mm512_set1_epi64(one_point + decimals + 1)), order_(order(decimals)) {}

  // What NarrowCell::of_number() makes of the short_number() that each text is, of those that lie `stride` apart;
  // returns of how many, a multiple of four: it ends before four of which one is no such cell or has more than 15
  // characters. Before a text 16 bytes must be readable.
  DL_AVX512 __attribute__((noinline)) size_t read(const CsvPlace* place, size_t stride, size_t count,
                                                  int32_t* into) const {
    size_t done = 0;
    while (done + 4 <= count && read_four(place + done * stride, stride, into + done)) done += 4;
    return done;
  }

 private:
  DL_AVX512 bool read_four(const CsvPlace* place, size_t stride, int32_t* into) const {
    const CsvPlace &a = place[0], &b = place[stride], &c = place[2 * stride], &d = place[3 * stride];
    if ((a.size | b.size | c.size | d.size) >= lanes) return false;
    __m512i text = _mm512_castsi128_si512(last_of(a));
    text = _mm512_inserti32x4(text, last_of(b), 1);
    text = _mm512_inserti32x4(text, last_of(c), 2);
    text = _mm512_inserti32x4(text, last_of(d), 3);
    const uint64_t own = own_of(a) | own_of(b) << lanes | own_of(c) << 2 * lanes | own_of(d) << 3 * lanes;
    const __m512i values = _mm512_sub_epi8(text, _mm512_set1_epi8('0'));
    const uint64_t digits = _mm512_cmple_epu8_mask(values, _mm512_set1_epi8(9)) & own,
                   points = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('.')) & own,
                   minuses = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('-')) & own & ~(own << 1);
    if ((digits | points | minuses) != own || not_zero(digits) != each(0x8000)) return false;

    // Of each text: 0 without a point, else how many bytes there are from it on; more than can be where there are
    // several.
    __m512i point = _mm512_sad_epu8(_mm512_maskz_mov_epi8(points, point_places()), _mm512_setzero_si512());
    point = _mm512_add_epi64(point, _mm512_shuffle_epi32(point, _MM_PERM_BADC));
    const __m512i moved =
        _mm512_and_si512(_mm512_shuffle_epi8(point, _mm512_setzero_si512()), _mm512_set1_epi8(one_point - 1));
    const __m512i ones = _mm512_shuffle_epi8(_mm512_maskz_mov_epi8(digits, values), _mm512_sub_epi8(order_, moved));
    const __m512i twos = _mm512_maddubs_epi16(ones, _mm512_set1_epi16(1 << 8 | 10));
    const __m512i fours = _mm512_madd_epi16(twos, _mm512_set1_epi32(1 << 16 | 100));
    const __m512i eights = _mm512_madd_epi16(_mm512_packs_epi32(fours, fours), _mm512_set1_epi32(1 << 16 | 10000));
    const __m512i wholes =
        _mm512_add_epi64(_mm512_mul_epu32(eights, _mm512_set1_epi64(100'000'000)), _mm512_srli_epi64(eights, 32));
    if ((_mm512_cmpgt_epu64_mask(point, most_point_) |
         _mm512_cmpgt_epu64_mask(wholes, _mm512_set1_epi64(NarrowCell::most))) != 0)
      return false;
    const __m512i quarters = _mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 8, 4, 0);
    const __m128i whole = _mm512_castsi512_si128(_mm512_permutexvar_epi32(quarters, wholes)),
                  zero = _mm_setzero_si128();
    const auto negative = static_cast<__mmask8>(_pext_u64(not_zero(minuses), each(0x8000)));
    const __m128i codes = _mm_mask_sub_epi32(whole, negative, zero, whole);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(into),
                     _mm_mask_mov_epi32(codes, _mm_mask_cmpeq_epi32_mask(negative, whole, zero),
                                        _mm_set1_epi32(NarrowCell::minus_zero)));
    return true;
  }

  static constexpr size_t lanes = 16;
  static constexpr int one_point = 32;  // beside its place

  static constexpr uint64_t each(uint64_t sixteen_bits) { return sixteen_bits * 0x0001000100010001; }
  // The highest bit of each 16 of which one is set.
  static uint64_t not_zero(uint64_t bits) { return (((bits & each(0x7FFF)) + each(0x7FFF)) | bits) & each(0x8000); }

  DL_AVX512 static __m128i last_of(const CsvPlace& place) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(place.text + place.size - lanes));
  }
  // The bits of the text's own bytes among those.
  static uint64_t own_of(const CsvPlace& place) { return 0xFFFF0000 >> place.size & 0xFFFF; }

  DL_AVX512 static __m512i point_places() {
    return _mm512_broadcast_i32x4(_mm_sub_epi8(_mm_set1_epi8(one_point + 16),
                                               _mm_set_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)));
  }

  // Which byte each lane has where there is no point; those that there are from it on are taken off. A number above 127
  // is none: what lies before the first byte, and, since the low four bits alone count, what lies behind the last one.
  DL_AVX512 static __m512i order(int decimals) {
    alignas(16) std::array<uint8_t, lanes> of;
    for (size_t lane = 0; lane < lanes; ++lane) {
      const auto behind = static_cast<size_t>(decimals);
      of[lane] = static_cast<uint8_t>(lane + behind < lanes ? lane + behind : 0x70 + lane + behind + 1);
    }
    return _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(of.data())));
  }

  __m512i most_point_, order_;
};

}  // namespace dl
#undef DL_AVX512
#endif
