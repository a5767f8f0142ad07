// Maxima of windows, vectors over the channels.
#include "lib/device/cpu/simd/pool.h"

#include "lib/device/cpu/simd/vec.h"

namespace dl::DL_ISA {
namespace {

typedef uint8_t vb __attribute__((vector_size(DL_LANES)));
typedef uint8_t vb_memory __attribute__((vector_size(DL_LANES), aligned(1), may_alias));

DL_INLINE vi load_places(const uint8_t* p, int count) {
  if (count == lanes) return __builtin_convertvector(static_cast<vb>(*reinterpret_cast<const vb_memory*>(p)), vi);
#if defined(__AVX512F__)
  return reinterpret_cast<vi>(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(first_lanes(count), p)));
#else
  vi places{};
  for (int i = 0; i < count; ++i) places[i] = p[i];
  return places;
#endif
}

DL_INLINE void store_places(uint8_t* p, vi places, int count) {
  const vb bytes = __builtin_convertvector(places, vb);
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

DL_INLINE vf load_some(const float* p, int count) { return count == lanes ? load(p) : load_first(p, count); }
DL_INLINE void store_some(float* p, vf x, int count) { count == lanes ? store(p, x) : store_first(p, x, count); }

// Calls f(first tap, one behind the last, c, count) for each position, and in it for each vector of channels.
template <class F>
DL_INLINE void for_each_vector(const PoolTaps& columns, int64_t channels, F f) {
  for (int64_t i = 0; i < columns.positions; ++i) {
    const PoolTap* begin = columns.taps + columns.first[i];
    const PoolTap* end = columns.taps + columns.first[i + 1];
    int64_t c = 0;
    for (; c + lanes <= channels; c += lanes) f(begin, end, i * channels, c, lanes);
    if (c < channels) f(begin, end, i * channels, c, static_cast<int>(channels - c));
  }
}

void max(const float* x, const PoolTap* rows, int64_t row_count, const PoolTaps& columns, int64_t channels, float* y,
         uint8_t* place) {
  for_each_vector(columns, channels, [&](const PoolTap* begin, const PoolTap* end, int64_t pixel, int64_t c, int part) {
    vf largest = splat(-__builtin_inff());
    vi where{};
    for (const PoolTap* row = rows + row_count; row-- > rows;) {  // backwards, so that the first of equals is kept
      for (const PoolTap* column = end; column-- > begin;) {
        const vf value = load_some(x + row->offset + column->offset + c, part);
        const vi better = (value >= largest) | (value != value);
        largest = select(better, value, largest);
        where = select_int(better, splat_int(row->place + column->place), where);
      }
    }
    store_some(y + pixel + c, largest, part);
    store_places(place + pixel + c, where, part);
  });
}

// What the channels of one tap pass on.
DL_INLINE vf passed(const float* dy, const uint8_t* place, int32_t wanted, int count) {
  const vi here = load_places(place, count) == splat_int(wanted);
  return as_float(here & as_int(load_some(dy, count)));
}

void max_gradient(const float* dy, const uint8_t* place, const PoolTap* rows, int64_t row_count,
                  const PoolTaps& columns, int64_t channels, float* dx) {
  if (row_count == 1 && columns.one_each) {  // windows lie side by side
    for_each_vector(columns, channels, [=](const PoolTap* tap, const PoolTap*, int64_t pixel, int64_t c, int part) {
      const int64_t at = rows->offset + tap->offset + c;
      store_some(dx + pixel + c, vf{} + passed(dy + at, place + at, rows->place + tap->place, part), part);
    });
    return;
  }
  for_each_vector(columns, channels, [&](const PoolTap* begin, const PoolTap* end, int64_t pixel, int64_t c, int part) {
    vf sum{};
    for (const PoolTap* row = rows; row < rows + row_count; ++row) {
      for (const PoolTap* column = begin; column < end; ++column) {
        const int64_t at = row->offset + column->offset + c;
        sum += passed(dy + at, place + at, row->place + column->place, part);
      }
    }
    store_some(dx + pixel + c, sum, part);
  });
}

}  // namespace

const PoolKernels pool_kernels = {max, max_gradient};

}  // namespace dl::DL_ISA
