// A fused loop: a straight-line program run once for each element of a [rows, cols] space, in one pass over memory.
// The fusion pass makes loops from chains of elementwise operations and the reductions at their ends; alone they are an
// op, behind a matmul or convolution they are its epilogue, run on rows of the product while these are in cache.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lib/graph/op.h"

namespace dl {

// Elementwise functions; all registers are f32. Comparisons give 1 or 0.
enum class Function : uint8_t {
  // one operand
  neg,
  abs,
  exp,
  log,
  sqrt,
  rsqrt,
  tanh,
  erf,
  sigmoid,
  floor,
  sin,
  cos,
  round_bf16,  // to the nearest bf16
  gelu,        // a Phi(a), Phi the normal distribution
  gelu_slope,  // its derivative
  // two operands
  add,
  sub,
  mul,
  div,
  maximum,
  minimum,
  pow,
  dither_bf16,  // a to one of the two bf16 around it, at random for b uniform in [0, 1): a on the average
  less,
  less_equal,
  equal,
  // three operands: where(a, b, c) is b where a is not 0 and c elsewhere; fma(a, b, c) = a b + c
  where,
  fma,
};
int arity(Function f);
const char* name_of(Function f);

struct Loop {
  // Which indices of [rows, cols] a register depends on.
  enum class Extent : uint8_t { scalar, column /* [cols] */, row /* [rows] */, full };

  // How element (r, c) of the space finds its element of a tensor: row (r / divide) % modulo, then, by extent,
  // full: row * cols + c; row: row; column: c; scalar: 0.
  struct Access {
    Extent extent = Extent::full;
    int64_t divide = 1;
    int64_t modulo = 1;  // rows where the index is r itself
    bool operator==(const Access&) const = default;
  };

  struct Instruction {
    enum class Kind : uint8_t {
      load,      // input `input` through `access`; other types are converted to f32
      constant,  // `value`
      iota,      // c, extent column
      random,    // random_uniform(key, step, r * cols + c), extent full; step is input `input`, i32 [1]
      map,       // function(a, b, c)
      row_sum,   // sum over c of register a (full), extent row
      row_max,   // maximum over c of register a (full), extent row
    };
    Kind kind = Kind::constant;
    Function function = Function::add;
    Extent extent = Extent::scalar;
    int a = -1, b = -1, c = -1;  // registers; instruction i defines register i
    int input = -1;
    Access access;
    double value = 0;
    uint64_t key = 0;
    bool rounded = false;  // to f32 before it is read, as what is stored: no part of a fused multiply-add
  };

  // What leaves the loop; the outputs of the op in order (moments makes two).
  struct Result {
    enum class Kind : uint8_t {
      store,    // the register, rounded to the output's type: full [rows * cols], row [rows], column [cols], scalar [1]
      sum,      // over groups of `group` neighbouring rows, of a full register: [rows / group, cols]
      moments,  // mean and biased variance over groups of rows, of a full register: two of [rows / group, cols]
      total,    // sum over everything: of a full register over rows and cols, of a row register over rows: [1]
    };
    Kind kind = Kind::store;
    int source = -1;    // register
    int64_t group = 0;  // sum, moments: divides rows
  };

  int64_t rows = 1;
  int64_t cols = 1;
  std::vector<Instruction> code;
  std::vector<Result> results;

  std::string text() const;
  double flops() const;
};

// A loop as an operation of its own. Inputs are the tensors that its loads name; outputs have the given shapes.
class LoopOp final : public Op {
 public:
  LoopOp(Loop loop, std::vector<Type> outputs) : loop(std::move(loop)), outputs(std::move(outputs)) {}
  std::string_view name() const override { return "loop"; }
  std::string attributes() const override;  // the outputs' shapes too: equal loops may be read differently
  std::vector<Type> infer(std::span<const Type>) const override { return outputs; }
  Cost cost(std::span<const Type> in, std::span<const Type> out) const override;

  const Loop loop;
  const std::vector<Type> outputs;
};

// `base` (matmul, conv2d, …: one output [.., cols]) followed by `loop` on its result. Inputs: the base's, then the
// loop's other tensors; the loop's input 0 is the base's result, which exists in memory only if the loop stores it, its
// input k > 0 is input (number of the base's inputs) + k - 1 of this op.
class EpilogueOp final : public Op {
 public:
  EpilogueOp(std::shared_ptr<const Op> base, int base_inputs, Type base_type, LoopOp loop)
      : base(std::move(base)), base_inputs(base_inputs), base_type(std::move(base_type)), loop(std::move(loop)) {}
  std::string_view name() const override { return "epilogue"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type>) const override { return loop.outputs; }
  Cost cost(std::span<const Type> in, std::span<const Type> out) const override;

  const std::shared_ptr<const Op> base;
  const int base_inputs;
  const Type base_type;
  const LoopOp loop;
};

}  // namespace dl
