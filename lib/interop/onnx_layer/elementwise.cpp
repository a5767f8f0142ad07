// ONNX's operators of one element at a time.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/graph/sizes.h"
#include "lib/interop/onnx_layer/taken.h"
#include "lib/nn/functions.h"

namespace dl::onnx {
namespace {

// Numbers that are known stay numbers: ids, sizes, masks.
using OfOne = double (*)(double);
using OfTwo = double (*)(double, double);

double number_of(const ReadTensor& tensor, int64_t i) {
  return tensor.is_float ? static_cast<double>(tensor.floats[static_cast<size_t>(i)])
                         : static_cast<double>(tensor.integers[static_cast<size_t>(i)]);
}
// Of whole numbers the nearest that there is, and 0 for what is no number.
void put_number(ReadTensor& tensor, double x) {
  if (tensor.is_float)
    tensor.floats.push_back(static_cast<float>(x));
  else
    tensor.integers.push_back(std::isnan(x)  ? 0
                              : x >= 0x1p63  ? std::numeric_limits<int64_t>::max()
                              : x <= -0x1p63 ? std::numeric_limits<int64_t>::min()
                                             : static_cast<int64_t>(x));
}

// NumPy's broadcasting of two known tensors.
ReadTensor combined(const Taking& t, const ReadNode& node, const ReadTensor& a, const ReadTensor& b, bool is_float,
                    OfTwo f) {
  const Shape shape = broadcast(Shape(a.sizes), Shape(b.sizes));
  t.expect_known(node, shape.elements(), std::max(a.count(), b.count()));
  ReadTensor out{.sizes = shape.sizes(), .is_float = is_float};
  const auto place = [&](const ReadTensor& of, int64_t at) {
    int64_t index = 0, stride = 1;
    for (int axis = shape.rank() - 1, own = static_cast<int>(of.sizes.size()) - 1; own >= 0; --axis, --own) {
      const int64_t size = of.sizes[static_cast<size_t>(own)];
      if (size > 1) index += at % shape[axis] * stride;
      stride = times(stride, size);
      at /= shape[axis];
    }
    return index;
  };
  for (int64_t i = 0; i < shape.elements(); ++i)
    put_number(out, f(number_of(a, place(a, i)), number_of(b, place(b, i))));
  return out;
}

// y = f(x): `on` of a value in any order, `of` of known numbers.
template <Value (*on)(Value), double (*of)(double)>
void take_one(Taking& t, const ReadNode& node) {
  if (const ReadTensor* x = t.known(node, 0)) {
    ReadTensor y{.sizes = x->sizes, .is_float = x->is_float};
    for (int64_t i = 0; i < x->count(); ++i) put_number(y, of(number_of(*x, i)));
    return t.give_known(node, 0, std::move(y));
  }
  const Taken x = t.at(node, 0);
  const AxisOrder order = x.value ? x.order : natural_order(x.rank());
  t.give(node, 0, on(t.in_order(node, 0, order)), order);
}

template <class F>
void take_on_value(Taking& t, const ReadNode& node, F f) {
  const Taken& x = t.at(node, 0);
  const AxisOrder order = x.value ? x.order : natural_order(x.rank());
  t.give(node, 0, f(t.in_order(node, 0, order)), order);
}

enum class Gives { as_given, truth };

template <Value (*on)(Value, Value), double (*of)(double, double), Gives gives = Gives::as_given>
void take_two(Taking& t, const ReadNode& node) {
  const ReadTensor *a = t.known(node, 0), *b = t.known(node, 1);
  if (a && b) {
    const bool is_float = gives == Gives::as_given && (a->is_float || b->is_float);
    return t.give_known(node, 0, combined(t, node, *a, *b, is_float, of));
  }
  std::vector<Value> values;
  const AxisOrder order = align(t, node, values);
  t.give(node, 0, on(as_f32(values[0]), as_f32(values[1])), order);
}

// Of any number of inputs, from left to right.
template <Value (*on)(Value, Value)>
void take_many(Taking& t, const ReadNode& node) {
  std::vector<Value> values;
  const AxisOrder order = align(t, node, values);
  Value y = values[0];
  for (size_t i = 1; i < values.size(); ++i) y = on(y, values[i]);
  t.give(node, 0, y, order);
}

Value add_of(Value a, Value b) { return a + b; }
Value sub_of(Value a, Value b) { return a - b; }
Value mul_of(Value a, Value b) { return a * b; }
Value div_of(Value a, Value b) { return a / b; }
Value pow_of(Value a, Value b) { return pow(a, b); }
Value max_of(Value a, Value b) { return maximum(a, b); }
Value min_of(Value a, Value b) { return minimum(a, b); }
Value less_of(Value a, Value b) { return map(Function::less, a, b); }
Value less_equal_of(Value a, Value b) { return map(Function::less_equal, a, b); }
Value greater_of(Value a, Value b) { return map(Function::less, b, a); }
Value greater_equal_of(Value a, Value b) { return map(Function::less_equal, b, a); }
Value equal_of(Value a, Value b) { return map(Function::equal, a, b); }
Value and_of(Value a, Value b) { return a * b; }
Value or_of(Value a, Value b) { return maximum(a, b); }
Value xor_of(Value a, Value b) { return abs(a - b); }

double add_numbers(double a, double b) { return a + b; }
double sub_numbers(double a, double b) { return a - b; }
double mul_numbers(double a, double b) { return a * b; }
double less_numbers(double a, double b) { return a < b; }
double less_equal_numbers(double a, double b) { return a <= b; }
double greater_numbers(double a, double b) { return a > b; }
double greater_equal_numbers(double a, double b) { return a >= b; }
double equal_numbers(double a, double b) { return a == b; }
double and_numbers(double a, double b) { return a != 0 && b != 0; }
double or_numbers(double a, double b) { return a != 0 || b != 0; }
double xor_numbers(double a, double b) { return (a != 0) != (b != 0); }
double c_mod(double a, double b) { return std::fmod(a, b); }
double floor_mod(double a, double b) { return a - b * std::floor(a / b); }

// Whole numbers are divided as in C.
void take_div(Taking& t, const ReadNode& node) {
  const ReadTensor *a = t.known(node, 0), *b = t.known(node, 1);
  if (!a || !b) {
    const auto is_whole = [&](size_t input) {
      const Taken& x = t.at(node, input);
      return x.value ? x.value.type().dtype == DType::i32 : !x.known->is_float;
    };
    if (is_whole(0) && is_whole(1)) t.fail(node, "of whole numbers that depend on the data is not known here");
    return take_two<div_of, add_numbers>(t, node);
  }
  const bool is_float = a->is_float || b->is_float;
  for (int64_t i = 0; i < b->count() && !is_float; ++i)
    if (b->integers[static_cast<size_t>(i)] == 0) t.fail(node, "divides a whole number by 0");
  t.give_known(
      node, 0,
      combined(
          t, node, *a, *b, is_float, is_float ? +[](double x, double y) { return x / y; } : +[](double x, double y) {
            return std::trunc(x / y);
          }));
}
void take_pow(Taking& t, const ReadNode& node) {
  if (const ReadTensor* b = t.known(node, 1); b && b->count() == 1 && !t.known(node, 0)) {
    const double power = number_of(*b, 0);
    return take_on_value(t, node, [&](Value x) { return power == 2 ? x * x : power == 0.5 ? sqrt(x) : pow(x, power); });
  }
  take_two<pow_of, std::pow>(t, node);
}
void take_mod(Taking& t, const ReadNode& node) {
  const ReadTensor *a = t.known(node, 0), *b = t.known(node, 1);
  if (!a || !b) t.fail(node, "of values that depend on the data is not known here");
  for (int64_t i = 0; i < b->count(); ++i)
    if (number_of(*b, i) == 0) t.fail(node, "divides by 0");
  t.give_known(node, 0,
               combined(t, node, *a, *b, a->is_float, t.attribute<int64_t>(node, "fmod", 0) ? c_mod : floor_mod));
}

Value relu_of(Value x) { return maximum(x, 0); }
Value not_of(Value x) { return 1 - x; }
Value sign_of(Value x) { return (x > 0) - (x < 0); }
Value reciprocal_of(Value x) { return 1 / x; }
Value ceil_of(Value x) { return -map(Function::floor, -x); }
Value floor_of(Value x) { return map(Function::floor, x); }
Value sin_of(Value x) { return map(Function::sin, x); }
Value cos_of(Value x) { return map(Function::cos, x); }
Value softsign_of(Value x) { return x / (1 + abs(x)); }
Value mish_of(Value x) { return x * tanh(softplus(x)); }
Value softplus_of(Value x) { return softplus(x); }
Value hard_swish_of(Value x) { return x * minimum(maximum(x / 6 + 0.5, 0), 1); }
Value never_of(Value x) { return 0 * x; }

double not_number(double x) { return x == 0; }
double sign_number(double x) { return (x > 0) - (x < 0); }
double reciprocal_number(double x) { return 1 / x; }
double relu_number(double x) { return x > 0 ? x : 0; }
double softsign_number(double x) { return x / (1 + std::abs(x)); }
double softplus_number(double x) { return std::log1p(std::exp(x)); }
double mish_number(double x) { return x * std::tanh(softplus_number(x)); }
double hard_swish_number(double x) { return x * std::min(std::max(x / 6 + 0.5, 0.0), 1.0); }
double sigmoid_number(double x) { return 1 / (1 + std::exp(-x)); }
double minus_number(double x) { return -x; }
double nan_number(double x) { return std::isnan(x); }
Value minus_of(Value x) { return -x; }
Value abs_of(Value x) { return abs(x); }
Value exp_of(Value x) { return exp(x); }
Value log_of(Value x) { return log(x); }
Value sqrt_of(Value x) { return sqrt(x); }
Value tanh_of(Value x) { return tanh(x); }
Value erf_of(Value x) { return erf(x); }
Value erfc_of(Value x) { return 1 - erf(x); }  // none of ONNX's: tf2onnx writes it for Keras's gelu
Value sigmoid_of(Value x) { return sigmoid(x); }

void take_leaky_relu(Taking& t, const ReadNode& node) {
  const double alpha = t.attribute<float>(node, "alpha", 0.01f);
  take_on_value(t, node, [&](Value x) { return where(x > 0, x, alpha * x); });
}
void take_elu(Taking& t, const ReadNode& node) {
  const double alpha = t.attribute<float>(node, "alpha", 1);
  take_on_value(t, node, [&](Value x) { return where(x > 0, x, alpha * (exp(minimum(x, 0)) - 1)); });
}
void take_celu(Taking& t, const ReadNode& node) {
  const double alpha = t.attribute<float>(node, "alpha", 1);
  take_on_value(t, node, [&](Value x) { return where(x > 0, x, alpha * (exp(minimum(x, 0) / alpha) - 1)); });
}
void take_selu(Taking& t, const ReadNode& node) {
  const double alpha = t.attribute<float>(node, "alpha", 1.67326319f),
               gamma = t.attribute<float>(node, "gamma", 1.05070102f);
  take_on_value(t, node, [&](Value x) { return gamma * where(x > 0, x, alpha * (exp(minimum(x, 0)) - 1)); });
}
void take_hard_sigmoid(Taking& t, const ReadNode& node) {
  const double alpha = t.attribute<float>(node, "alpha", 0.2f), beta = t.attribute<float>(node, "beta", 0.5f);
  take_on_value(t, node, [&](Value x) { return minimum(maximum(alpha * x + beta, 0), 1); });
}
void take_thresholded_relu(Taking& t, const ReadNode& node) {
  const double alpha = t.attribute<float>(node, "alpha", 1);
  take_on_value(t, node, [&](Value x) { return where(x > alpha, x, 0); });
}
void take_gelu(Taking& t, const ReadNode& node) {
  const bool by_tanh = t.attribute<std::string>(node, "approximate", "none") == "tanh";
  take_on_value(t, node, [&](Value x) {
    if (!by_tanh) return map(Function::gelu, x);
    return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * (x * x * x))));
  });
}
void take_prelu(Taking& t, const ReadNode& node) {
  t.at(node, 1);  // is there
  std::vector<Value> values;
  const AxisOrder order = align(t, node, values);
  t.give(node, 0, where(values[0] > 0, values[0], values[0] * values[1]), order);
}

void take_clip(Taking& t, const ReadNode& node) {
  const auto bound = [&](size_t input, const char* attribute, double otherwise) -> double {
    if (t.opset() < 11) return t.attribute<float>(node, attribute, static_cast<float>(otherwise));
    if (!t.has(node, input)) return otherwise;
    const std::vector<float> values = t.floats(node, input);
    if (values.size() != 1) t.fail(node, "expected one number as a bound");
    return values[0];
  };
  const double low = bound(1, "min", -INFINITY), high = bound(2, "max", INFINITY);
  take_on_value(t, node, [&](Value x) {
    if (low > -3.4e38) x = maximum(x, low);
    return high < 3.4e38 ? minimum(x, high) : x;
  });
}

void take_where(Taking& t, const ReadNode& node) {
  const ReadTensor *c = t.known(node, 0), *a = t.known(node, 1), *b = t.known(node, 2);
  if (c && a && b) {
    const auto chosen = combined(t, node, *c, *a, a->is_float, [](double x, double y) { return x != 0 ? y : 0; });
    const auto other = combined(t, node, *c, *b, b->is_float, [](double x, double y) { return x != 0 ? 0 : y; });
    return t.give_known(node, 0, combined(t, node, chosen, other, a->is_float, add_numbers));
  }
  std::vector<Value> values;
  const AxisOrder order = align(t, node, values);
  t.give(node, 0, where(values[0], values[1], values[2]), order);
}

void take_same(Taking& t, const ReadNode& node) { t.give_same(node, 0, t.at(node, 0)); }

// Booleans are 0 and 1, and every float is f32 here.
void take_cast(Taking& t, const ReadNode& node) {
  enum : int64_t { to_f32 = 1, to_bool = 9, to_f16 = 10, to_f64 = 11, to_bf16 = 16 };
  const int64_t to = t.attribute<int64_t>(node, "to", to_f32);
  const bool to_float = to == to_f32 || to == to_f16 || to == to_f64 || to == to_bf16;
  if (const ReadTensor* x = t.known(node, 0)) {
    ReadTensor y{.sizes = x->sizes, .is_float = to_float};
    for (int64_t i = 0; i < x->count(); ++i) {
      const double number = number_of(*x, i);
      put_number(y, to == to_bool ? number != 0 : to_float ? number : std::trunc(number));
    }
    return t.give_known(node, 0, std::move(y));
  }
  const Value value = t.at(node, 0).value;
  if (to_float || (value && value.type().dtype == DType::i32)) return take_same(t, node);
  if (to == to_bool) return take_on_value(t, node, [](Value x) { return 1 - equal(x, 0); });
  take_on_value(t, node, [](Value x) { return where(x < 0, ceil_of(x), floor_of(x)); });
}

void take_mean(Taking& t, const ReadNode& node) {
  std::vector<Value> values;
  const AxisOrder order = align(t, node, values);
  Value y = values[0];
  for (size_t i = 1; i < values.size(); ++i) y = y + values[i];
  t.give(node, 0, y / static_cast<double>(values.size()), order);
}

}  // namespace

const TakeTable& elementwise_nodes() {
  static const TakeTable table = {
      {"Abs", take_one<abs_of, std::fabs>},
      {"Add", take_two<add_of, add_numbers>},
      {"And", take_two<and_of, and_numbers, Gives::truth>},
      {"Cast", take_cast},
      {"CastLike", take_same},
      {"Ceil", take_one<ceil_of, std::ceil>},
      {"Celu", take_celu},
      {"Clip", take_clip},
      {"Cos", take_one<cos_of, std::cos>},
      {"Div", take_div},
      {"Elu", take_elu},
      {"Equal", take_two<equal_of, equal_numbers, Gives::truth>},
      {"Erf", take_one<erf_of, std::erf>},
      {"Erfc", take_one<erfc_of, std::erfc>},
      {"Exp", take_one<exp_of, std::exp>},
      {"Floor", take_one<floor_of, std::floor>},
      {"Gelu", take_gelu},
      {"Greater", take_two<greater_of, greater_numbers, Gives::truth>},
      {"GreaterOrEqual", take_two<greater_equal_of, greater_equal_numbers, Gives::truth>},
      {"HardSigmoid", take_hard_sigmoid},
      {"HardSwish", take_one<hard_swish_of, hard_swish_number>},
      {"Identity", take_same},
      {"IsNaN", take_one<never_of, nan_number>},
      {"LeakyRelu", take_leaky_relu},
      {"Less", take_two<less_of, less_numbers, Gives::truth>},
      {"LessOrEqual", take_two<less_equal_of, less_equal_numbers, Gives::truth>},
      {"Log", take_one<log_of, std::log>},
      {"Max", take_many<max_of>},
      {"Mean", take_mean},
      {"Min", take_many<min_of>},
      {"Mish", take_one<mish_of, mish_number>},
      {"Mod", take_mod},
      {"Mul", take_two<mul_of, mul_numbers>},
      {"Neg", take_one<minus_of, minus_number>},
      {"Not", take_one<not_of, not_number>},
      {"Or", take_two<or_of, or_numbers, Gives::truth>},
      {"Pow", take_pow},
      {"PRelu", take_prelu},
      {"Reciprocal", take_one<reciprocal_of, reciprocal_number>},
      {"Relu", take_one<relu_of, relu_number>},
      {"Selu", take_selu},
      {"Sigmoid", take_one<sigmoid_of, sigmoid_number>},
      {"Sign", take_one<sign_of, sign_number>},
      {"Sin", take_one<sin_of, std::sin>},
      {"Softplus", take_one<softplus_of, softplus_number>},
      {"Softsign", take_one<softsign_of, softsign_number>},
      {"Sqrt", take_one<sqrt_of, std::sqrt>},
      {"Sub", take_two<sub_of, sub_numbers>},
      {"Sum", take_many<add_of>},
      {"Tanh", take_one<tanh_of, std::tanh>},
      {"ThresholdedRelu", take_thresholded_relu},
      {"Where", take_where},
      {"Xor", take_two<xor_of, xor_numbers, Gives::truth>},
  };
  return table;
}

}  // namespace dl::onnx
