// Maxima of windows, vectors over the channels.
#include "lib/device/cpu/simd/pool.h"

#include "lib/device/cpu/simd/vec.h"

namespace dl::DL_ISA {
namespace {

typedef uint8_t vb __attribute__((vector_size(DL_LANES)));
typedef uint8_t vb_memory __attribute__((vector_size(DL_LANES), aligned(1), may_alias));

DL_INLINE vi load_places(const uint8_t* p, int count) {
  if (count == lanes) return __builtin_convertvector(static_cast<vb>(*reinterpret_cast<const vb_memory*>(p)), vi);
  vb bytes{};
  for (int i = 0; i < count; ++i) bytes[i] = p[i];
  return __builtin_convertvector(bytes, vi);
}

DL_INLINE void store_places(uint8_t* p, vi places, int count) {
  const vb bytes = __builtin_convertvector(places, vb);
  if (count == lanes) {
    *reinterpret_cast<vb_memory*>(p) = bytes;
  } else {
    for (int i = 0; i < count; ++i) p[i] = bytes[i];
  }
}

DL_INLINE vf load_some(const float* p, int count) { return count == lanes ? load(p) : load_first(p, count); }
DL_INLINE void store_some(float* p, vf x, int count) { count == lanes ? store(p, x) : store_first(p, x, count); }

// Calls f(c, count) for each vector of channels.
template <class F>
DL_INLINE void for_each_vector(int64_t channels, F f) {
  int64_t c = 0;
  for (; c + lanes <= channels; c += lanes) f(c, lanes);
  if (c < channels) f(c, static_cast<int>(channels - c));
}

void max(const float* x, const PoolTap* taps, int64_t count, int64_t channels, float* y, uint8_t* place) {
  for_each_vector(channels, [&](int64_t c, int part) {
    vf largest = splat(-__builtin_inff());
    vi where{};
    for (int64_t t = count; t-- > 0;) {  // backwards, so that the first of equals is kept
      const vf value = load_some(x + taps[t].offset + c, part);
      const vi better = (value >= largest) | (value != value);
      largest = select(better, value, largest);
      where = select_int(better, splat_int(taps[t].place), where);
    }
    store_some(y + c, largest, part);
    store_places(place + c, where, part);
  });
}

void max_gradient(const PoolMember* rows, int64_t row_count, const PoolMember* columns, int64_t column_count,
                  int32_t place_row, const float* dy, const uint8_t* place, int64_t row_floats, int64_t channels,
                  float* dx) {
  for_each_vector(channels, [&](int64_t c, int part) {
    vf sum{};
    for (int64_t r = 0; r < row_count; ++r) {
      for (int64_t k = 0; k < column_count; ++k) {
        const int64_t at = rows[r].output * row_floats + columns[k].output * channels + c;
        const vi here = splat_int(rows[r].place * place_row + columns[k].place);
        sum += select(load_places(place + at, part) == here, load_some(dy + at, part), vf{});
      }
    }
    store_some(dx + c, sum, part);
  });
}

}  // namespace

const PoolKernels pool_kernels = {max, max_gradient};

}  // namespace dl::DL_ISA
