// Places of a tensor and what windows that move over another read there: [images, depth, height, width, channels], of
// which a sequence or an image has axes of one place.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/divisor.h"

namespace dl::cuda {

// One axis. Sizes of what is made and of what is read for it: a convolution's output and input or, for the gradient of
// the input, the other way round.
struct WindowAxis {
  int made = 1, source = 1;
  int size = 1, stride = 1, pad = 0, dilation = 1;
  // For the gradient of the input: from a tap of the window that meets an input to the next, and how many places of the
  // output lie between.
  int every = 1, hop = 1;
};

// The made places of one axis that read alike, j = 0 … count - 1, made place begin + j over; their tap t = 0 … taps -
// 1, number first + t every of the window, reads the source's place base + j jump + t hop, which is padding where there
// is no such place. Where outputs are made, all read alike; inputs' gradients do which lie at the same distance,
// `phase`, from the beginning of a stride.
struct WindowReach {
  int count, begin, over;
  int base, jump, hop;
  int taps, first, every;
};
inline WindowReach reach_of(const WindowAxis& a, bool gradient, int phase) {
  if (!gradient) return {a.made, 0, 1, -a.pad, a.stride, a.dilation, a.size, 0, 1};
  if (a.stride == 1) return {a.made, 0, 1, a.pad, 1, -a.dilation, a.size, 0, 1};
  WindowReach r;
  const int from = (phase - a.pad) % a.stride;
  r.begin = from < 0 ? from + a.stride : from;
  r.over = a.stride;
  r.count = r.begin < a.made ? (a.made - 1 - r.begin) / a.stride + 1 : 0;
  r.first = a.dilation == 1 ? (r.begin + a.pad) % a.stride : 0;
  while (r.first < a.every && r.first < a.size && (r.begin + a.pad - r.first * a.dilation) % a.stride != 0) ++r.first;
  r.every = a.every;
  r.taps = r.first < a.every && r.first < a.size ? (a.size - 1 - r.first) / a.every + 1 : 0;
  r.base = (r.begin + a.pad - r.first * a.dilation) / a.stride;
  r.jump = 1;
  r.hop = -a.hop;
  return r;
}

// A number of four digits, the first the lowest, that counts by additions alone.
struct WindowCounter {
  int at[4] = {0, 0, 0, 0};
  void add(const WindowCounter& step, int base0, int base1, int base2) {
    int carry = 0;
    at[0] += step.at[0];
    carry = at[0] >= base0;
    at[0] -= carry ? base0 : 0;
    at[1] += step.at[1] + carry;
    carry = at[1] >= base1;
    at[1] -= carry ? base1 : 0;
    at[2] += step.at[2] + carry;
    carry = at[2] >= base2;
    at[2] -= carry ? base2 : 0;
    at[3] += step.at[3] + carry;
  }
};
// Any n from 0 on, whose highest digit is an int.
inline WindowCounter counter_of(long long n, int base0, int base1, int base2) {
  WindowCounter c;
  if (n < base0) {
    c.at[0] = static_cast<int>(n);
  } else if (n <= 0x7fffffff) {
    unsigned rest = static_cast<unsigned>(n);
    const unsigned b0 = static_cast<unsigned>(base0), b1 = static_cast<unsigned>(base1),
                   b2 = static_cast<unsigned>(base2);
    c.at[0] = static_cast<int>(rest % b0), rest /= b0;
    c.at[1] = static_cast<int>(rest % b1), rest /= b1;
    c.at[2] = static_cast<int>(rest % b2), c.at[3] = static_cast<int>(rest / b2);
  } else {
    c.at[0] = static_cast<int>(n % base0), n /= base0;
    c.at[1] = static_cast<int>(n % base1), n /= base1;
    c.at[2] = static_cast<int>(n % base2), c.at[3] = static_cast<int>(n / base2);
  }
  return c;
}

// Whether 0 <= place < size.
inline bool lies_within(int place, int size) { return static_cast<unsigned>(place) < static_cast<unsigned>(size); }

}  // namespace dl::cuda
