// The gates of recurrent layers and their gradients.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/recurrent.h"

#include "lib/device/cpu/simd/loop_math.h"

namespace dl::DL_ISA {
namespace {

// Calls f with what loads and stores a vector's worth of units, the last perhaps fewer.
template <class F>
DL_INLINE void for_each_vector(int64_t units, F f) {
  int64_t i = 0;
  for (; i + lanes <= units; i += lanes) {
    f(
        [i](const float* p) __attribute__((always_inline)) { return load(p + i); },
        [i](float* p, vf x) __attribute__((always_inline)) { store(p + i, x); });
  }
  if (i == units) return;
  const int rest = static_cast<int>(units - i);
  f(
      [ i, rest ](const float* p) __attribute__((always_inline)) { return load_first(p + i, rest); },
      [ i, rest ](float* p, vf x) __attribute__((always_inline)) { store_first(p + i, x, rest); });
}

template <bool relu>
void rnn(const RecurrentRow& r) {
  for_each_vector(
      r.units, [&](auto get, auto put) __attribute__((always_inline)) {
        const vf sum = get(r.gates), h = relu ? maximum(vf{}, sum) : tanh(sum);
        put(r.gates, h);
        put(r.h, h);
        put(r.h_again, h);
      });
}

template <bool relu>
void rnn_back(const RecurrentGradRow& r) {
  for_each_vector(
      r.units, [&](auto get, auto put) __attribute__((always_inline)) {
        const vf h = get(r.gates), d = r.dy != nullptr ? get(r.dh) + get(r.dy) : get(r.dh);
        put(r.dx, relu ? select(h > 0.0f, d, vf{}) : d * (1.0f - h * h));
      });
}

void lstm(const RecurrentRow& r) {
  for_each_vector(
      r.units, [&](auto get, auto put) __attribute__((always_inline)) {
        const vf i = sigmoid(get(r.gates)), f = sigmoid(get(r.gates + r.stride));
        const vf g = tanh(get(r.gates + 2 * r.stride)), o = sigmoid(get(r.gates + 3 * r.stride));
        const vf c = f * get(r.cell_before) + i * g, h = o * tanh(c);
        put(r.gates, i);
        put(r.gates + r.stride, f);
        put(r.gates + 2 * r.stride, g);
        put(r.gates + 3 * r.stride, o);
        put(r.cell, c);
        put(r.h, h);
        put(r.h_again, h);
      });
}

void lstm_back(const RecurrentGradRow& r) {
  for_each_vector(
      r.units, [&](auto get, auto put) __attribute__((always_inline)) {
        const vf i = get(r.gates), f = get(r.gates + r.stride);
        const vf g = get(r.gates + 2 * r.stride), o = get(r.gates + 3 * r.stride);
        const vf d = r.dy != nullptr ? get(r.dh) + get(r.dy) : get(r.dh);
        const vf u = tanh(get(r.cell)), dc = get(r.dc) + d * o * (1.0f - u * u);
        put(r.dx, dc * g * (i * (1.0f - i)));
        put(r.dx + r.stride, dc * get(r.cell_before) * (f * (1.0f - f)));
        put(r.dx + 2 * r.stride, dc * i * (1.0f - g * g));
        put(r.dx + 3 * r.stride, d * u * (o * (1.0f - o)));
        put(r.dc, dc * f);
      });
}

void gru(const RecurrentRow& row) {
  for_each_vector(
      row.units, [&](auto get, auto put) __attribute__((always_inline)) {
        const vf r = sigmoid(get(row.gates) + get(row.bias));
        const vf z = sigmoid(get(row.gates + row.stride) + get(row.bias + row.stride));
        const vf inner = get(row.inner) + get(row.bias + 2 * row.stride);
        const vf n = tanh(get(row.gates + 2 * row.stride) + r * inner);
        const vf h = (1.0f - z) * n + z * get(row.before);
        put(row.gates, r);
        put(row.gates + row.stride, z);
        put(row.gates + 2 * row.stride, n);
        put(row.inner, inner);
        put(row.h, h);
        put(row.h_again, h);
      });
}

void gru_back(const RecurrentGradRow& row) {
  for_each_vector(
      row.units, [&](auto get, auto put) __attribute__((always_inline)) {
        const vf r = get(row.gates), z = get(row.gates + row.stride), n = get(row.gates + 2 * row.stride);
        const vf d = row.dy != nullptr ? get(row.dh) + get(row.dy) : get(row.dh);
        const vf dn = d * (1.0f - z) * (1.0f - n * n);
        const vf dr = dn * get(row.inner) * (r * (1.0f - r));
        const vf dz = d * (get(row.before) - n) * (z * (1.0f - z));
        put(row.dx, dr);
        put(row.dx + row.stride, dz);
        put(row.dx + 2 * row.stride, dn);
        put(row.d_state, dr);
        put(row.d_state + row.stride, dz);
        put(row.d_state + 2 * row.stride, dn * r);
        put(row.dh, d * z);
      });
}

}  // namespace

const RecurrentKernels recurrent_kernels = {{rnn<false>, rnn<true>, lstm, gru},
                                            {rnn_back<false>, rnn_back<true>, lstm_back, gru_back}};

}  // namespace dl::DL_ISA
