// Fused loops, taken at their word: every register is a tensor of its own. The device itself is never given one; this
// is the oracle of the fusion pass and of other devices' loops.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/loop.h"

#include <algorithm>

#include "lib/base/random.h"
#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

using Extent = Loop::Extent;
using Kind = Loop::Instruction::Kind;

class Interpreter {
 public:
  Interpreter(const Loop& loop, std::vector<DType> types, Types outputs)
      : loop_(loop),
        types_(std::move(types)),
        outputs_(outputs.begin(), outputs.end()),
        registers_(loop.code.size(), Register(static_cast<size_t>(loop.rows * loop.cols))) {}

  void operator()(Buffers in, Buffers out) {
    for (size_t i = 0; i < loop_.code.size(); ++i) compute(loop_.code[i], in, registers_[i]);
    size_t next = 0;
    for (const Loop::Result& result : loop_.results) {
      const size_t source = static_cast<size_t>(result.source);
      const Register& x = registers_[source];
      const Extent extent = loop_.code[source].extent;
      const DType type = outputs_[next].dtype;
      float* y = f32(out, next++);
      switch (result.kind) {
        case Loop::Result::Kind::store: store(x, extent, y, type); break;
        case Loop::Result::Kind::sum: group(x, result.group, y, nullptr); break;
        case Loop::Result::Kind::moments: group(x, result.group, y, f32(out, next++)); break;
        case Loop::Result::Kind::total: *y = static_cast<float>(total(x, extent)); break;
      }
    }
  }

 private:
  using Register = std::vector<float>;  // [rows, cols], repeated where it depends on fewer indices

  size_t at(int64_t r, int64_t c) const { return static_cast<size_t>(r * loop_.cols + c); }

  static int64_t place(const Loop::Access& access, int64_t cols, int64_t r, int64_t c) {
    const int64_t row = r / access.divide % access.modulo;
    switch (access.extent) {
      case Extent::full: return row * cols + c;
      case Extent::row: return row;
      case Extent::column: return c;
      case Extent::scalar: return 0;
    }
    return 0;
  }

  void compute(const Loop::Instruction& ins, Buffers in, Register& y) const {
    for (int64_t r = 0; r < loop_.rows; ++r) {
      if (ins.kind == Kind::row_sum || ins.kind == Kind::row_max) {
        const auto row = registers_[static_cast<size_t>(ins.a)].begin() + r * loop_.cols;
        double value = *row;
        for (int64_t c = 1; c < loop_.cols; ++c) {
          value = ins.kind == Kind::row_sum ? value + double{row[c]} : apply(Function::maximum, value, row[c], 0);
        }
        std::fill_n(y.begin() + r * loop_.cols, loop_.cols, static_cast<float>(value));
        continue;
      }
      for (int64_t c = 0; c < loop_.cols; ++c) y[at(r, c)] = static_cast<float>(value(ins, in, r, c));
    }
  }

  double value(const Loop::Instruction& ins, Buffers in, int64_t r, int64_t c) const {
    auto operand = [&](int reg) -> double { return reg < 0 ? 0 : registers_[static_cast<size_t>(reg)][at(r, c)]; };
    const size_t input = static_cast<size_t>(ins.input);
    switch (ins.kind) {
      case Kind::load: return element(in[input], types_[input], place(ins.access, loop_.cols, r, c));
      case Kind::constant: return ins.value;
      case Kind::iota: return static_cast<double>(c);
      case Kind::random: {
        const uint64_t step = static_cast<uint64_t>(*static_cast<const int32_t*>(in[input]));
        return random_uniform(ins.key, step, at(r, c));
      }
      case Kind::map: return apply(ins.function, operand(ins.a), operand(ins.b), operand(ins.c));
      case Kind::row_sum:
      case Kind::row_max: break;
    }
    return 0;
  }

  void store(const Register& x, Extent extent, void* y, DType type) const {
    const bool rows = extent == Extent::full || extent == Extent::row;
    const bool cols = extent == Extent::full || extent == Extent::column;
    int64_t i = 0;
    for (int64_t r = 0; r < (rows ? loop_.rows : 1); ++r) {
      for (int64_t c = 0; c < (cols ? loop_.cols : 1); ++c) set_element(y, type, i++, x[at(r, c)]);
    }
  }

  void group(const Register& x, int64_t n, float* y, float* variance) const {
    for (int64_t first = 0; first < loop_.rows; first += n) {
      for (int64_t c = 0; c < loop_.cols; ++c) {
        double sum = 0, squares = 0;
        for (int64_t r = first; r < first + n; ++r) sum += x[at(r, c)];
        const double mean = sum / static_cast<double>(n);
        for (int64_t r = first; r < first + n; ++r) squares += (x[at(r, c)] - mean) * (x[at(r, c)] - mean);
        *y++ = static_cast<float>(variance ? mean : sum);
        if (variance) *variance++ = static_cast<float>(squares / static_cast<double>(n));
      }
    }
  }

  double total(const Register& x, Extent extent) const {
    double sum = 0;
    for (int64_t r = 0; r < loop_.rows; ++r) {
      for (int64_t c = 0; c < (extent == Extent::full ? loop_.cols : 1); ++c) sum += x[at(r, c)];
    }
    return sum;
  }

  const Loop loop_;
  const std::vector<DType> types_;  // of the inputs
  const std::vector<Type> outputs_;
  std::vector<Register> registers_;
};

Run loop_kernel(const Op& op, Types in, Types out) {
  std::vector<DType> types;
  for (const Type& type : in) types.push_back(type.dtype);
  return Interpreter(static_cast<const LoopOp&>(op).loop, std::move(types), out);
}

Run epilogue_kernel(const Op& op, Types in, Types out) {
  const EpilogueOp& epilogue = static_cast<const EpilogueOp&>(op);
  const size_t base_inputs = static_cast<size_t>(epilogue.base_inputs);
  const Run base =
      find(epilogue.base->name())->prepare(*epilogue.base, in.first(base_inputs), {&epilogue.base_type, 1});
  std::vector<DType> types{epilogue.base_type.dtype};
  for (const Type& type : in.subspan(base_inputs)) types.push_back(type.dtype);
  std::vector<float> product(static_cast<size_t>(epilogue.base_type.shape.elements()));
  std::vector<void*> inputs(types.size());
  return [=, loop = Interpreter(epilogue.loop.loop, types, out)](Buffers x, Buffers y) mutable {
    inputs[0] = product.data();
    base(x.first(base_inputs), {inputs.data(), 1});
    std::copy(x.begin() + static_cast<std::ptrdiff_t>(base_inputs), x.end(), inputs.begin() + 1);
    loop(inputs, y);
  };
}

DL_REFERENCE_KERNEL("loop", loop_kernel);
DL_REFERENCE_KERNEL("epilogue", epilogue_kernel);

}  // namespace

}  // namespace dl::reference
