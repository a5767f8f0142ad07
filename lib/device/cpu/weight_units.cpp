// Units of a weight's gradient.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/weight_units.h"

#include <algorithm>

#include "lib/base/division.h"
#include "lib/device/cpu/simd/conv.h"

namespace dl {
namespace {

constexpr int64_t most_units = 16;  // that there should be for the threads

Range block_of(int64_t index, int64_t channels) {
  return {index * WeightUnits::block, std::min((index + 1) * WeightUnits::block, channels)};
}

}  // namespace

WeightUnits cut(WeightUnits u) {
  u.in_blocks = u.cuts_in ? ceil_div(u.in_of_group, WeightUnits::block) : 1;
  u.out_blocks = ceil_div(u.out_of_group, WeightUnits::block);
  u.chunks = std::clamp<int64_t>(most_units / (u.groups * u.in_blocks * u.out_blocks), 1, u.images);
  u.part_width = round_up(u.out_of_group, u.lanes);
  u.group_floats = u.taps * u.in_of_group * u.part_width;
  u.chunk_floats = u.groups * u.group_floats;
  return u;
}

WeightUnits::Unit WeightUnits::unit(int64_t index) const {
  const int64_t of_group = in_blocks * out_blocks, of_chunk = groups * of_group, chunk = index / of_chunk;
  Unit u{.images = split(images, chunks, chunk), .group = index % of_chunk / of_group};
  u.in = cuts_in ? block_of(index / out_blocks % in_blocks, in_of_group) : Range{0, in_of_group};
  u.out = block_of(index % out_blocks, out_of_group);
  u.part_at = chunk * chunk_floats + u.group * group_floats;
  return u;
}

void WeightUnits::clear(const Unit& u, float* part) const {
  const int64_t end = std::min(round_up(u.out.end, lanes), part_width);
  for (int64_t tap = 0; tap < taps; ++tap) {
    for (int64_t in = u.in.begin; in < u.in.end; ++in) {
      float* row = part + (tap * in_of_group + in) * part_width;
      std::fill(row + u.out.begin, row + end, 0.0f);
    }
  }
}

void WeightUnits::add_chunks(const float* parts, float* weight, CpuDevice& device) const {
  const auto merge = DL_FOR_ISA(device.isa(), conv_kernels).merge_parts;
  device.team().run([&](int thread) {
    const Range mine = split(groups * part_width, device.team().size(), thread, lanes);
    for (int64_t column = mine.begin; column < mine.end; column += lanes) {
      const int64_t group = column / part_width, first = column % part_width;
      merge(parts + group * group_floats, chunks, chunk_floats, part_width, in_of_group, taps, first,
            std::min(first + lanes, out_of_group), weight + group * out_of_group * in_of_group * taps);
    }
  });
}

}  // namespace dl
