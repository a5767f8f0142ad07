// Maxima of windows, vectors over the channels.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/pool.h"

#include "lib/device/cpu/simd/vec.h"

namespace dl::DL_ISA {
namespace {

typedef uint8_t vb __attribute__((vector_size(DL_LANES)));
typedef uint8_t vb_memory __attribute__((vector_size(DL_LANES), aligned(1), may_alias));

DL_INLINE vi load_places(const int32_t* p, int count) {
  const float* numbers = reinterpret_cast<const float*>(p);
  return as_int(count == lanes ? load(numbers) : load_first(numbers, count));
}

DL_INLINE void store_places(int32_t* p, vi places, int count) {
  float* numbers = reinterpret_cast<float*>(p);
  count == lanes ? store(numbers, as_float(places)) : store_first(numbers, as_float(places), count);
}

// GCC 12 converts whole vectors of bytes number by number unless it is told the instruction.
DL_INLINE vi load_places(const uint8_t* p, int count) {
#if defined(__AVX512F__)
  const __m128i bytes = count == lanes ? _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))
                                       : _mm_maskz_loadu_epi8(first_lanes(count), p);
  return reinterpret_cast<vi>(_mm512_maskz_cvtepu8_epi32(0xffff, bytes));
#else
  if (count == lanes) {
#if defined(__AVX2__)
    return reinterpret_cast<vi>(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
#else
    return __builtin_convertvector(static_cast<vb>(*reinterpret_cast<const vb_memory*>(p)), vi);
#endif
  }
  vi places{};
  for (int i = 0; i < count; ++i) places[i] = p[i];
  return places;
#endif
}

// The lowest bytes. GCC 12 converts such vectors number by number where no instruction does it.
DL_INLINE vb lowest_bytes(vi x) {
#if defined(__AVX512F__)
  return __builtin_convertvector(x, vb);
#else
  typedef uint8_t all_bytes __attribute__((vector_size(DL_LANES * 4)));
  all_bytes from{};
  for (int i = 0; i < lanes; ++i) from[i] = static_cast<uint8_t>(4 * i);
  const all_bytes joined = __builtin_shuffle(reinterpret_cast<all_bytes>(x), from);
  return *reinterpret_cast<const vb_memory*>(&joined);
#endif
}

DL_INLINE void store_places(uint8_t* p, vi places, int count) {
  const vb bytes = lowest_bytes(places);
  if (count == lanes) {
    *reinterpret_cast<vb_memory*>(p) = bytes;
    return;
  }
#if defined(__AVX512F__)
  _mm_mask_storeu_epi8(p, first_lanes(count), reinterpret_cast<__m128i>(bytes));
#else
  for (int i = 0; i < count; ++i) p[i] = bytes[i];
#endif
}

// Calls f(taps, first element, c, count) for each position, and in it for each vector of channels. Where fewer channels
// are left than a vector has, whole ones are taken nevertheless as long as they stay within the row: what is written
// too much is what the next positions write then.
template <class F>
DL_INLINE void for_each_vector(const PoolAxis& columns, int64_t channels, F f) {
  for (int64_t i = 0; i < columns.count; ++i) {
    const PoolTaps& taps = columns.positions[i];
    int64_t c = 0;
    for (; c + lanes <= channels; c += lanes) f(taps, i * channels, c, lanes);
    if (c == channels) continue;
    const int64_t last = taps.count > 0 ? taps.offset + (taps.count - 1) * columns.offset_step : 0;
    const bool whole = i * channels + c + lanes <= columns.count * channels && last + c + lanes <= columns.extent;
    f(taps, i * channels, c, whole ? lanes : static_cast<int>(channels - c));
  }
}

constexpr int64_t floats_ahead = 512;  // the next windows' are fetched: they lie in several rows

// The largest under one position, and where: of so many rows and columns, or as many as the taps count where Size is 0.
template <int Size, bool with_places, class Place>
DL_INLINE void max_of_window(const float* x, const PoolTaps& row, const PoolAxis& rows, const PoolTaps& column,
                             const PoolAxis& columns, int part, float* y, Place* place) {
  vf largest = splat(-__builtin_inff());
  vi where{};
  for (int32_t r = Size > 0 ? Size : row.count; r-- > 0;) {  // backwards, so that the first of equals is kept
    const float* in_row = x + r * rows.offset_step;
    const int32_t row_place = row.place + r * rows.place_step + column.place;
    for (int32_t k = Size > 0 ? Size : column.count; k-- > 0;) {
      if (Size > 0) __builtin_prefetch(in_row + k * columns.offset_step + floats_ahead);
      const vf value = load_some(in_row + k * columns.offset_step, part);
      const vi better = (value >= largest) | (value != value);
      largest = select(better, value, largest);
      if (with_places) where = select_int(better, splat_int(row_place + k * columns.place_step), where);
    }
  }
  store_some(y, largest, part);
  if (with_places) store_places(place, where, part);
}

// Windows of two and of three, which most networks have, by code of their own, whole vectors at a time.
template <int Size, bool with_places, class Place>
void max_of_row(const float* x, const PoolTaps& row, const PoolAxis& rows, const PoolAxis& columns, int64_t channels,
                float* y, Place* place) {
  for_each_vector(columns, channels, [&](const PoolTaps& column, int64_t pixel, int64_t c, int part) {
    const float* window = x + row.offset + column.offset + c;
    if (Size > 0 && column.count == Size && part == lanes) {
      max_of_window<Size, with_places>(window, row, rows, column, columns, lanes, y + pixel + c,
                                       with_places ? place + pixel + c : nullptr);
    } else {
      max_of_window<0, with_places>(window, row, rows, column, columns, part, y + pixel + c,
                                    with_places ? place + pixel + c : nullptr);
    }
  });
}

template <bool with_places, class Place>
void max(const float* x, const PoolTaps& row, const PoolAxis& rows, const PoolAxis& columns, int64_t channels, float* y,
         Place* place) {
  const auto by_size = row.count == 2   ? max_of_row<2, with_places, Place>
                       : row.count == 3 ? max_of_row<3, with_places, Place>
                                        : max_of_row<0, with_places, Place>;
  by_size(x, row, rows, columns, channels, y, place);
}

// What the channels of one tap pass on.
template <class Place>
DL_INLINE vf passed(const float* dy, const Place* place, int32_t wanted, int count) {
  const vi here = load_places(place, count) == splat_int(wanted);
  return as_float(here & as_int(load_some(dy, count)));
}

template <class Place>
void gradient(const float* dy, const Place* place, const PoolTaps& row, const PoolAxis& rows, const PoolAxis& columns,
              int64_t channels, float* dx) {
  if (row.count == 1 && columns.one_each) {  // windows lie side by side
    for_each_vector(columns, channels, [=](const PoolTaps& column, int64_t pixel, int64_t c, int part) {
      const int64_t at = row.offset + column.offset + c;
      store_some(dx + pixel + c, vf{} + passed(dy + at, place + at, row.place + column.place, part), part);
    });
    return;
  }
  for_each_vector(columns, channels, [&](const PoolTaps& column, int64_t pixel, int64_t c, int part) {
    vf sum{};
    for (int32_t r = 0; r < row.count; ++r) {
      const int64_t in_row = row.offset + r * rows.offset_step + column.offset + c;
      const int32_t row_place = row.place + r * rows.place_step + column.place;
      for (int32_t k = 0; k < column.count; ++k) {
        const int64_t at = in_row + k * columns.offset_step;
        sum += passed(dy + at, place + at, row_place + k * columns.place_step, part);
      }
    }
    store_some(dx + pixel + c, sum, part);
  });
}

}  // namespace

const PoolKernels pool_kernels = {max<false, uint8_t>, max<true, uint8_t>, max<true, int32_t>, gradient<uint8_t>,
                                  gradient<int32_t>};

}  // namespace dl::DL_ISA
