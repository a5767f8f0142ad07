// Recurrent layers, unit by unit.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/recurrent.h"

#include <algorithm>
#include <cmath>

#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

struct Sizes {
  int64_t batch, steps, width, hidden;  // width: of all gates
  int64_t gates(int64_t b, int64_t t, int64_t gate = 0, int64_t unit = 0) const {
    return (b * steps + t) * width + gate * hidden + unit;
  }
  int64_t state(int64_t b, int64_t t, int64_t unit = 0) const { return (b * steps + t) * hidden + unit; }
};

Run recurrent_kernel(const Op& op, Types in, Types) {
  const auto& recurrent = static_cast<const Recurrent&>(op);
  const Cell cell = recurrent.cell;
  const bool reverse = recurrent.reverse;
  const Sizes s{in[0].shape[0], in[0].shape[1], in[0].shape[2], in[1].shape[1]};
  return [=](Buffers x, Buffers y) {
    const float *gx = f32(x, 0), *weight = f32(x, 1), *h0 = f32(x, 2);
    float* gates = f32(y, Recurrent::gates);
    for (int64_t b = 0; b < s.batch; ++b) {
      for (int64_t k = 0; k < s.steps; ++k) {
        const int64_t t = reverse ? s.steps - 1 - k : k, earlier = reverse ? t + 1 : t - 1;
        const float* h = k == 0 ? h0 + b * s.hidden : f32(y, Recurrent::y) + s.state(b, earlier);
        for (int64_t unit = 0; unit < s.hidden; ++unit) {
          double of_x[4] = {}, of_h[4] = {};
          for (int64_t gate = 0; gate < gates_of(cell); ++gate) {
            of_x[gate] = gx[s.gates(b, t, gate, unit)];
            for (int64_t i = 0; i < s.hidden; ++i)
              of_h[gate] += double{weight[(gate * s.hidden + unit) * s.hidden + i]} * double{h[i]};
            if (cell == Cell::gru) of_h[gate] += f32(x, 3)[gate * s.hidden + unit];
          }
          const auto gate_is = [&](int64_t gate, double value) {
            gates[s.gates(b, t, gate, unit)] = static_cast<float>(value);
            return value;
          };
          double next = 0;
          switch (cell) {
            case Cell::rnn_tanh: next = gate_is(0, std::tanh(of_x[0] + of_h[0])); break;
            case Cell::rnn_relu: next = gate_is(0, std::max(of_x[0] + of_h[0], 0.0)); break;
            case Cell::lstm: {
              float* cells = f32(y, Recurrent::kept);
              const double before = k == 0 ? f32(x, 3)[b * s.hidden + unit] : cells[s.state(b, earlier, unit)];
              const double i = gate_is(0, sigmoid(of_x[0] + of_h[0])), f = gate_is(1, sigmoid(of_x[1] + of_h[1]));
              const double g = gate_is(2, std::tanh(of_x[2] + of_h[2])), o = gate_is(3, sigmoid(of_x[3] + of_h[3]));
              const double c = f * before + i * g;
              cells[s.state(b, t, unit)] = static_cast<float>(c);
              if (k + 1 == s.steps) f32(y, Recurrent::last_cells)[b * s.hidden + unit] = static_cast<float>(c);
              next = o * std::tanh(c);
              break;
            }
            case Cell::gru: {
              const double r = gate_is(0, sigmoid(of_x[0] + of_h[0])), z = gate_is(1, sigmoid(of_x[1] + of_h[1]));
              const double n = gate_is(2, std::tanh(of_x[2] + r * of_h[2]));
              f32(y, Recurrent::kept)[s.state(b, t, unit)] = static_cast<float>(of_h[2]);
              next = (1 - z) * n + z * double{h[unit]};
              break;
            }
          }
          f32(y, Recurrent::before)[s.state(b, t, unit)] = h[unit];
          f32(y, Recurrent::y)[s.state(b, t, unit)] = static_cast<float>(next);
          if (k + 1 == s.steps) f32(y, Recurrent::last)[b * s.hidden + unit] = static_cast<float>(next);
        }
      }
    }
  };
}

Run recurrent_grad_kernel(const Op& op, Types in, Types) {
  const auto& grad = static_cast<const RecurrentGrad&>(op);
  const Cell cell = grad.cell;
  const bool reverse = grad.reverse;
  const Sizes s{in[0].shape[0], in[0].shape[1], in[0].shape[2], in[2].shape[1]};
  size_t next = 3 + (keeps_of(cell) ? 1 : 0) + (cell == Cell::lstm ? 1 : 0);
  const size_t none = 0;  // no gradient stands at the first input
  const size_t y_at = grad.from_y ? next++ : none, last_at = grad.from_last ? next++ : none;
  const size_t cells_at = grad.from_cells ? next++ : none;
  return [=](Buffers x, Buffers y) {
    const float *gates = f32(x, 0), *before = f32(x, 1), *weight = f32(x, 2);
    float *dx = f32(y, 0), *dh = f32(y, 1);  // dh, dc: of the states after the step in hand
    float* dc = cell == Cell::lstm ? f32(y, 2) : nullptr;
    float* of_state = cell == Cell::gru ? f32(y, 2) : dx;
    for (int64_t i = 0; i < s.batch * s.hidden; ++i) {
      dh[i] = last_at ? f32(x, last_at)[i] : 0;
      if (dc) dc[i] = cells_at ? f32(x, cells_at)[i] : 0;
    }
    for (int64_t b = 0; b < s.batch; ++b) {
      for (int64_t k = s.steps - 1; k >= 0; --k) {
        const int64_t t = reverse ? s.steps - 1 - k : k, earlier = reverse ? t + 1 : t - 1;
        for (int64_t unit = 0; unit < s.hidden; ++unit) {
          const auto gate = [&](int64_t i) { return double{gates[s.gates(b, t, i, unit)]}; };
          const auto set = [&](float* d, int64_t i, double v) { d[s.gates(b, t, i, unit)] = static_cast<float>(v); };
          const auto slope = [](double sigmoid_value) { return sigmoid_value * (1 - sigmoid_value); };
          float& through = dh[b * s.hidden + unit];
          const double d = through + (y_at ? f32(x, y_at)[s.state(b, t, unit)] : 0.0f);
          through = 0;  // what reaches the state before other than through the product
          switch (cell) {
            case Cell::rnn_tanh: set(dx, 0, d * (1 - gate(0) * gate(0))); break;
            case Cell::rnn_relu: set(dx, 0, gate(0) > 0 ? d : 0); break;
            case Cell::lstm: {
              const float *cells = f32(x, 3), *c0 = f32(x, 4);
              const double i = gate(0), f = gate(1), g = gate(2), o = gate(3);
              const double old = k == 0 ? c0[b * s.hidden + unit] : cells[s.state(b, earlier, unit)];
              const double u = std::tanh(double{cells[s.state(b, t, unit)]});
              const double of_c = dc[b * s.hidden + unit] + d * o * (1 - u * u);
              set(dx, 0, of_c * g * slope(i));
              set(dx, 1, of_c * old * slope(f));
              set(dx, 2, of_c * i * (1 - g * g));
              set(dx, 3, d * u * slope(o));
              dc[b * s.hidden + unit] = static_cast<float>(of_c * f);
              break;
            }
            case Cell::gru: {
              const double r = gate(0), z = gate(1), n = gate(2), h = before[s.state(b, t, unit)];
              const double of_n = d * (1 - z) * (1 - n * n);
              const double inner = f32(x, 3)[s.state(b, t, unit)];
              for (float* to : {dx, of_state}) {
                set(to, 0, of_n * inner * slope(r));
                set(to, 1, d * (h - n) * slope(z));
                set(to, 2, to == dx ? of_n : of_n * r);
              }
              through = static_cast<float>(d * z);
              break;
            }
          }
        }
        for (int64_t unit = 0; unit < s.hidden; ++unit) {
          double sum = dh[b * s.hidden + unit];
          for (int64_t i = 0; i < s.width; ++i)
            sum += double{of_state[s.gates(b, t) + i]} * double{weight[i * s.hidden + unit]};
          dh[b * s.hidden + unit] = static_cast<float>(sum);
        }
      }
    }
  };
}

DL_REFERENCE_KERNEL("recurrent", recurrent_kernel);
DL_REFERENCE_KERNEL("recurrent_grad", recurrent_grad_kernel);

}  // namespace

}  // namespace dl::reference
