// The operations, as functions from values to values: the vocabulary that layers, losses, metrics and optimizers are
// written in. Every op is one file in ops/. Scalars may stand for values. Axes count from 0, or from -1 backwards.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <string>

#include "lib/graph/graph.h"
#include "lib/graph/loop.h"

namespace dl {

// Leaves
Value input(Graph& g, const std::string& name, Type type);  // fed before each run
Value variable(Graph& g, const Variable& v);                // its value before this run
Value constant(Graph& g, double value);                     // f32 []

// Elementwise, with NumPy's broadcasting; the result is f32
Value map(Function f, Value a);
Value map(Function f, Value a, Value b);
Value map(Function f, Value a, Value b, Value c);

struct Operand {  // a value or a number
  Operand(Value v) : value(v) {}
  Operand(double n) : number(n) {}
  Operand(float n) : number(n) {}
  Operand(int n) : number(n) {}
  Operand(int64_t n) : number(static_cast<double>(n)) {}
  Value value;
  double number = 0;
};
Value map(Function f, Operand a, Operand b);
Value where(Value condition, Operand yes, Operand no);

inline Value operator+(Value a, Value b) { return map(Function::add, a, b); }
inline Value operator-(Value a, Value b) { return map(Function::sub, a, b); }
inline Value operator*(Value a, Value b) { return map(Function::mul, a, b); }
inline Value operator/(Value a, Value b) { return map(Function::div, a, b); }
inline Value operator+(Value a, double b) { return map(Function::add, Operand(a), Operand(b)); }
inline Value operator-(Value a, double b) { return map(Function::sub, Operand(a), Operand(b)); }
inline Value operator*(Value a, double b) { return map(Function::mul, Operand(a), Operand(b)); }
inline Value operator/(Value a, double b) { return map(Function::div, Operand(a), Operand(b)); }
inline Value operator+(double a, Value b) { return map(Function::add, Operand(a), Operand(b)); }
inline Value operator-(double a, Value b) { return map(Function::sub, Operand(a), Operand(b)); }
inline Value operator*(double a, Value b) { return map(Function::mul, Operand(a), Operand(b)); }
inline Value operator/(double a, Value b) { return map(Function::div, Operand(a), Operand(b)); }
inline Value operator-(Value a) { return map(Function::neg, a); }
inline Value operator>(Value a, Operand b) { return map(Function::less, b, Operand(a)); }
inline Value operator<(Value a, Operand b) { return map(Function::less, Operand(a), b); }
inline Value operator>=(Value a, Operand b) { return map(Function::less_equal, b, Operand(a)); }
inline Value operator<=(Value a, Operand b) { return map(Function::less_equal, Operand(a), b); }
inline Value equal(Value a, Operand b) { return map(Function::equal, Operand(a), b); }
inline Value maximum(Value a, Operand b) { return map(Function::maximum, Operand(a), b); }
inline Value minimum(Value a, Operand b) { return map(Function::minimum, Operand(a), b); }
inline Value pow(Value a, Operand b) { return map(Function::pow, Operand(a), b); }
inline Value abs(Value x) { return map(Function::abs, x); }
inline Value exp(Value x) { return map(Function::exp, x); }
inline Value log(Value x) { return map(Function::log, x); }
inline Value sqrt(Value x) { return map(Function::sqrt, x); }
inline Value rsqrt(Value x) { return map(Function::rsqrt, x); }
inline Value tanh(Value x) { return map(Function::tanh, x); }
inline Value erf(Value x) { return map(Function::erf, x); }
inline Value sigmoid(Value x) { return map(Function::sigmoid, x); }
Value stop_gradient(Value x);
// To f32 or bf16, rounded to the nearest; x itself where it is of that type already.
Value cast(Value x, DType dtype);
Value as_f32(Value x);  // broadcast_to, products, windows and reductions do this first
Value as_bf16(Value x);

// Generators
Value iota(Graph& g, int64_t n);                                                          // f32 [n]: 0, 1, …, n - 1
Value random_uniform(Value step, Shape shape, uint64_t seed, const std::string& stream);  // step: i32 []; [0, 1)

// Shapes
Value reshape(Value x, Shape shape);               // one size may be -1
Value transpose(Value x, std::vector<int> order);  // result axis i is x's axis order[i]
Value broadcast_to(Value x, const Shape& shape);
Value view(Value flat, int64_t offset, Shape shape);                               // a part of a one-dimensional value
Value pack(std::vector<Value> parts, std::vector<int64_t> offsets, int64_t size);  // the reverse; gaps are 0
Value concatenate(std::vector<Value> parts, int axis);                             // beside each other along `axis`
Value slice(Value x, int axis, int64_t begin, int64_t size);  // x at [begin, begin + size) of `axis`

// Reductions; the reduced axes stay, with size 1
Value sum(Value x, std::vector<int> axes);
Value max(Value x, std::vector<int> axes);
Value mean(Value x, std::vector<int> axes);
Value sum(Value x);   // over everything: []
Value mean(Value x);  // over everything: []
struct Moments {
  Value mean, variance;  // biased variance, reduced axes stay
};
Moments moments(Value x, std::vector<int> axes);
Value softmax(Value x);      // over the last axis
Value log_softmax(Value x);  // over the last axis

// The losses [batch, …, 1] of logits [batch, …, classes] against classes i32 [batch, …] under a softmax. With label
// smoothing e the target is 1 - e + e / classes at the class and e / classes elsewhere.
Value cross_entropy(Value logits, Value classes, double label_smoothing = 0);

// Products
// [m, k] [k, n] -> [m, n]; an `a` that is not transposed may have more axes: [batch, length, k] -> [batch, length, n].
// Both f32 or both bf16; the result is f32.
Value matmul(Value a, Value b, bool transpose_a = false, bool transpose_b = false);

// Rows of a table [rows, dim] by index, i32 of any shape: [batch, length] -> [batch, length, dim]. The row `padding`
// takes no gradient.
Value embedding(Value table, Value indices, int64_t padding = -1);

// Attention of each head: softmax(q k^T / sqrt(head_dim)) v, without ever storing the matrix of probabilities.
struct AttentionOptions {
  int64_t heads = 1;     // of q
  int64_t kv_heads = 1;  // of k and v: each serves heads / kv_heads neighbouring heads of q
  bool causal = false;   // query i sees keys 0 … i
  Value lengths = {};    // i32 [batch]: keys there are of each sample; unset: all
  double dropout = 0;    // of the probabilities, where `random` is below it
  Value random = {};     // random_uniform of [batch, heads, queries, keys]; drawn inside, never stored
};
// Heads lie side by side in a position. tensors: qkv [batch, length, (heads + 2 kv_heads) head_dim]; or
// q [batch, queries, heads head_dim] and kv [batch, keys, 2 kv_heads head_dim]; or q, k and v. All f32 or all bf16, as
// the result [batch, queries, heads head_dim] is.
Value attention(std::vector<Value> tensors, const AttentionOptions& options);

// A window that moves over one to three axes: [batch, length, channels], [batch, height, width, channels] or [batch,
// depth, height, width, channels]; numbers in this order of the axes, of which `rank` count.
struct Window {
  static constexpr size_t most_axes = 3;
  using Axes = std::array<int64_t, most_axes>;
  int rank = 2;
  Axes size{1, 1, 1};
  Axes stride{1, 1, 1};
  Axes pad_before{0, 0, 0};
  Axes pad_after{0, 0, 0};
  Axes dilation{1, 1, 1};

  // Output size along an axis; may be <= 0 where the window does not fit.
  int64_t output(int axis, int64_t input) const;
  bool all(const Axes& numbers, int64_t n) const;  // whether each axis has n
  std::string text() const;
};
// x [n, spatial …, c], weight [out, c / groups, size …] as PyTorch stores it -> [n, outputs …, out]
Value convolution(Value x, Value weight, const Window& window, int64_t groups = 1);
// What convolution() is to its input's gradient: x [n, spatial …, c], weight [c, out / groups, size …] -> [n, output …,
// out], where `output` (without batch and channels) is of such sizes that the window moves over it to those of x.
Value transposed_convolution(Value x, Value weight, const Window& window, const Shape& output, int64_t groups = 1);
// The largest of each window, padding never; the mean of each window, padding as 0.
Value max_pool(Value x, const Window& window);
Value avg_pool(Value x, const Window& window);

// A recurrent layer in one direction over x [batch, steps, gates * hidden]: what the inputs give to the gates of each
// step, with all biases (of a gru without those of the state). With h the state before a step and W = weight
// [gates * hidden, hidden], PyTorch's formulas and order of gates:
//   rnn   h' = tanh(x + W h), or relu
//   lstm  i, f, g, o = x + W h; c' = sigmoid(f) c + sigmoid(i) tanh(g); h' = sigmoid(o) tanh(c')
//   gru   r, z, n of x and of W h + bias; r, z = sigmoid(x + W h + bias);
//         n = tanh(x_n + r (W h + bias)_n); h' = (1 - z) n + z h
enum class Cell : uint8_t { rnn_tanh, rnn_relu, lstm, gru };
struct RecurrentStart {
  Value h;     // [batch, hidden]
  Value c;     // lstm: [batch, hidden]
  Value bias;  // gru: [3 * hidden]
};
struct States {
  Value y;  // [batch, steps, hidden]: h after each step
  Value h;  // [batch, hidden]: h after the last
  Value c;  // lstm: [batch, hidden]
};
States recurrent(Cell cell, Value x, Value weight, const RecurrentStart& start, bool reverse = false);

// d loss / d x for each of `wrt`, unset where the loss does not depend on it; loss is f32 []. An operation on the way
// that has no gradient rule fails a check.
std::vector<Value> gradients(Value loss, std::vector<Value> wrt);

}  // namespace dl
