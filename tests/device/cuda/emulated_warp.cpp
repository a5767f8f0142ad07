// Shuffles, ballots and products of a warp.
// SPDX-License-Identifier: Apache-2.0
#include "tests/device/cuda/emulated_warp.h"

#include <array>

#include "lib/base/error.h"

namespace dl::cuda {
namespace {

float half_of(uint32_t pair, int half) { return __builtin_bit_cast(float, half ? pair & 0xFFFF0000u : pair << 16); }
float tf32_of(uint32_t bits) { return __builtin_bit_cast(float, bits & 0xffffe000u); }

}  // namespace

void shuffle(std::span<WarpCall> lanes, EmulatedBlock& block) {
  std::array<uint32_t, warp_lanes> given;
  for (size_t lane = 0; lane < lanes.size(); ++lane) given[lane] = lanes[lane].bits;
  for (WarpCall& call : lanes) {
    const int from = call.from_lane;
    if (from < 0 || from >= warp_lanes) block.undefined(concat("a shuffle from lane ", from).c_str());
    call.bits = given[static_cast<size_t>(from)];
  }
}

void ballot(std::span<WarpCall> lanes) {
  uint32_t bits = 0;
  for (size_t lane = 0; lane < lanes.size(); ++lane) bits |= lanes[lane].bits << lane;
  for (WarpCall& call : lanes) call.bits = bits;
}

void deal_matrices(std::span<WarpCall> lanes, const uint16_t (&rows)[warp_lanes][8], bool transposed) {
  for (int lane = 0; lane < warp_lanes; ++lane) {
    const int group = lane / 4, pair = lane % 4 * 2;
    for (int m = 0; m < 4; ++m) {
      const auto element = [&](int i) {
        return static_cast<uint32_t>(transposed ? rows[m * 8 + pair + i][group] : rows[m * 8 + group][pair + i]);
      };
      lanes[static_cast<size_t>(lane)].matrices[m] = element(0) | element(1) << 16;
    }
  }
}

// PTX ISA, "Matrix fragments for mma.m16n8k16 with floating point type" and "… mma.m16n8k8".
void multiply_add(std::span<WarpCall> lanes, bool tf32) {
  const int depth = tf32 ? 8 : 16;
  float a[16][16], b[16][8];
  for (int lane = 0; lane < warp_lanes; ++lane) {
    const WarpCall& call = lanes[static_cast<size_t>(lane)];
    const int group = lane / 4, in_group = lane % 4;
    if (tf32) {
      for (int i = 0; i < 4; ++i) a[group + i % 2 * 8][in_group + i / 2 * 4] = tf32_of(call.a[i]);
      for (int i = 0; i < 2; ++i) b[in_group + i * 4][group] = tf32_of(call.b[i]);
    } else {
      for (int i = 0; i < 8; ++i)
        a[group + i / 2 % 2 * 8][in_group * 2 + i % 2 + i / 4 * 8] = half_of(call.a[i / 2], i % 2);
      for (int i = 0; i < 4; ++i) b[in_group * 2 + i % 2 + i / 2 * 8][group] = half_of(call.b[i / 2], i % 2);
    }
  }
  for (int lane = 0; lane < warp_lanes; ++lane) {
    const WarpCall& call = lanes[static_cast<size_t>(lane)];
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
      for (int k = 0; k < depth; ++k) call.d[i] += a[row][k] * b[k][column];
    }
  }
}

}  // namespace dl::cuda
