// Elementwise functions with NumPy's broadcasting, computed in double and rounded once.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/map.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/base/bf16.h"
#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

}  // namespace

double apply(Function function, double a, double b, double c) {
  switch (function) {
    case Function::neg: return -a;
    case Function::abs: return std::abs(a);
    case Function::exp: return std::exp(a);
    case Function::log: return std::log(a);
    case Function::sqrt: return std::sqrt(a);
    case Function::rsqrt: return 1 / std::sqrt(a);
    case Function::tanh: return std::tanh(a);
    case Function::erf: return std::erf(a);
    case Function::sigmoid: return 1 / (1 + std::exp(-a));
    case Function::floor: return std::floor(a);
    case Function::sin: return std::sin(a);
    case Function::cos: return std::cos(a);
    case Function::round_bf16: return float_of_bf16(bf16_of_float(static_cast<float>(a)));
    case Function::gelu: return a * normal_cdf(a);
    case Function::gelu_slope:
      if (std::isinf(a)) return a > 0;
      return normal_cdf(a) + a * std::exp(-0.5 * a * a) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
    case Function::add: return a + b;
    case Function::sub: return a - b;
    case Function::mul: return a * b;
    case Function::div: return a / b;
    case Function::maximum: return a > b || std::isnan(a) ? a : b;
    case Function::minimum: return a < b || std::isnan(a) ? a : b;
    case Function::pow: return std::pow(a, b);
    case Function::dither_bf16: return dithered_bf16(static_cast<float>(a), static_cast<float>(b));
    case Function::less: return a < b;
    case Function::less_equal: return a <= b;
    case Function::equal: return a == b;
    case Function::where: return a != 0 ? b : c;
    case Function::fma: return a * b + c;
  }
  return 0;
}

namespace {

Run map_kernel(const Op& op, Types in, Types out) {
  const Function function = static_cast<const Map&>(op).function;
  struct Operand {
    DType type;
    Layout layout;
  };
  std::vector<Operand> operands;
  for (const Type& type : in) operands.push_back({type.dtype, broadcast_layout(type.shape, out[0].shape)});
  return [function, operands, n = out[0].shape.elements()](Buffers x, Buffers y) {
    for (int64_t i = 0; i < n; ++i) {
      double arguments[3] = {};
      for (size_t k = 0; k < operands.size(); ++k) {
        arguments[k] = element(x[k], operands[k].type, operands[k].layout(i));
      }
      f32(y, 0)[i] = static_cast<float>(apply(function, arguments[0], arguments[1], arguments[2]));
    }
  };
}

DL_REFERENCE_KERNEL("map", map_kernel);

}  // namespace

}  // namespace dl::reference
