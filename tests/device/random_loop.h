// Random fused loops with inputs for them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "lib/graph/loop.h"

namespace dl::testing {

struct RandomLoop {
  Loop loop;
  std::vector<Type> types, outputs;
  std::vector<std::vector<float>> data;  // of each input, by its bytes

  // With `product` input 0 is f32 [rows, cols], read as it lies.
  RandomLoop(uint32_t seed, int64_t rows, int64_t cols, bool product) : random_(seed) {
    loop.rows = rows;
    loop.cols = cols;
    const int loads = 2 + draw(5);
    for (int i = 0; i < loads; ++i) add_load(product && i == 0);
    add_generators();
    constants_end_ = static_cast<int>(loop.code.size());
    const int maps = 2 + draw(24);
    for (int i = 0; i < maps; ++i) add_step();
    add_results();
  }

  std::vector<void*> input_pointers() {
    std::vector<void*> pointers;
    for (std::vector<float>& d : data) pointers.push_back(d.data());
    return pointers;
  }

 private:
  using Extent = Loop::Extent;
  using Kind = Loop::Instruction::Kind;

  int draw(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }
  int push(const Loop::Instruction& i) {
    loop.code.push_back(i);
    return static_cast<int>(loop.code.size()) - 1;
  }

  void add_input(DType dtype, int64_t elements) {
    types.push_back({dtype, {elements}});
    std::vector<float> values(static_cast<size_t>((elements * bytes_of(dtype) + 3) / 4));
    for (int64_t i = 0; i < elements; ++i) {
      const int number = draw(11) - 5;
      if (dtype == DType::f32) values[static_cast<size_t>(i)] = static_cast<float>(number) / 4;
      if (dtype == DType::i32) reinterpret_cast<int32_t*>(values.data())[i] = number;
      if (dtype == DType::u8) reinterpret_cast<uint8_t*>(values.data())[i] = static_cast<uint8_t>(number + 5);
    }
    data.push_back(std::move(values));
  }

  void add_load(bool plain) {
    Loop::Access access;
    access.extent = plain ? Extent::full : static_cast<Extent>(draw(4));
    if (draw(3) == 0) access.extent = Extent::full;
    access.modulo = loop.rows;
    if (!plain && draw(3) == 0 && (access.extent == Extent::row || access.extent == Extent::full)) {
      access.divide = 1 + draw(4);
      access.modulo = std::max<int64_t>(1, (loop.rows + access.divide - 1) / access.divide / (1 + draw(2)));
    }
    const int64_t rows = access.extent == Extent::full || access.extent == Extent::row
                             ? std::min(access.modulo, (loop.rows - 1) / access.divide + 1)
                             : 1;
    const int64_t cols = access.extent == Extent::full || access.extent == Extent::column ? loop.cols : 1;
    const DType dtype = plain || draw(4) ? DType::f32 : draw(2) ? DType::i32 : DType::u8;
    add_input(dtype, rows * cols);
    Loop::Instruction i{.kind = Kind::load, .extent = access.extent};
    i.input = static_cast<int>(types.size()) - 1;
    i.access = access;
    push(i);
  }

  void add_generators() {
    if (draw(3) == 0) push({.kind = Kind::iota, .extent = Extent::column});
    if (draw(3) == 0) {
      types.push_back({DType::i32, {1}});
      data.push_back({0.0f});
      reinterpret_cast<int32_t&>(data.back()[0]) = 5;
      Loop::Instruction i{.kind = Kind::random, .extent = Extent::full};
      i.input = static_cast<int>(types.size()) - 1;
      i.key = 77;
      push(i);
    }
    for (double value : {0.0, 1.0, -0.75, 2.0}) push({.kind = Kind::constant, .value = value});
  }

  Extent extent(int reg) const { return loop.code[static_cast<size_t>(reg)].extent; }
  static Extent join(Extent a, Extent b) {
    if (a == b || b == Extent::scalar) return a;
    return a == Extent::scalar ? b : Extent::full;
  }

  int map(Function f, int a, int b = -1, int c = -1) {
    Extent e = extent(a);
    for (int reg : {b, c}) e = reg < 0 ? e : join(e, extent(reg));
    return push({.kind = Kind::map, .function = f, .extent = e, .a = a, .b = b, .c = c});
  }
  int constant(double value) { return push({.kind = Kind::constant, .value = value}); }
  int any() { return draw(static_cast<int>(loop.code.size())); }
  int exact() { return draw(constants_end_); }  // the same number everywhere, so that comparisons agree
  int bounded() { return map(Function::tanh, any()); }

  void add_step() {
    switch (draw(16)) {
      case 0: map(Function::add, any(), bounded()); break;
      case 1: map(Function::sub, bounded(), any()); break;
      case 2: map(Function::mul, bounded(), bounded()); break;
      case 3: map(Function::add, map(Function::mul, bounded(), bounded()), any()); break;
      case 4: map(Function::sub, any(), map(Function::mul, bounded(), bounded())); break;
      case 5: map(Function::div, any(), map(Function::add, map(Function::abs, any()), constant(1))); break;
      case 6: map(Function::maximum, any(), any()); break;
      case 7: map(Function::where, map(Function::less, exact(), exact()), any(), bounded()); break;
      case 8: map(Function::where, map(Function::equal, exact(), exact()), bounded(), any()); break;
      case 9: map(Function::less_equal, exact(), exact()); break;
      case 10: map(Function::exp, map(Function::neg, map(Function::abs, any()))); break;
      case 11: map(Function::log, map(Function::add, map(Function::abs, any()), constant(0.5))); break;
      case 12: map(Function::fma, bounded(), any(), any()); break;
      case 13: map(Function::sqrt, map(Function::abs, map(Function::floor, exact()))); break;
      case 14: map(Function::minimum, any(), map(Function::erf, any())); break;
      default: add_row_reduction(); break;
    }
  }

  void add_row_reduction() {
    const int full = map(Function::mul, bounded(), full_load());
    if (draw(2)) {
      push({.kind = Kind::row_max, .extent = Extent::row, .a = full});
      return;
    }
    const int share = map(Function::mul, full, constant(1.0 / static_cast<double>(loop.cols)));
    push({.kind = Kind::row_sum, .extent = Extent::row, .a = share});
  }

  int full_load() {
    for (int i = 0; i < constants_end_; ++i) {
      if (extent(i) == Extent::full) return i;
    }
    Loop::Instruction i{.kind = Kind::load, .extent = Extent::full};
    i.access = {.extent = Extent::full, .divide = 1, .modulo = loop.rows};
    add_input(DType::f32, loop.rows * loop.cols);
    i.input = static_cast<int>(types.size()) - 1;
    return push(i);
  }

  void add_results() {
    const int count = 1 + draw(4);
    for (int i = 0; i < count; ++i) {
      int source = static_cast<int>(loop.code.size()) - 1 - draw(std::min(8, static_cast<int>(loop.code.size())));
      Loop::Result r{.kind = static_cast<Loop::Result::Kind>(draw(4)), .source = source};
      if (r.kind != Loop::Result::Kind::store && extent(source) != Extent::full) {
        r.source = source = map(Function::add, source, full_load());
      }
      const Extent e = extent(source);
      const int64_t rows = e == Extent::full || e == Extent::row ? loop.rows : 1;
      const int64_t cols = e == Extent::full || e == Extent::column ? loop.cols : 1;
      Type type{DType::f32, {rows * cols}};
      if (r.kind == Loop::Result::Kind::sum || r.kind == Loop::Result::Kind::moments) {
        r.group = draw(2) ? loop.rows : divisor();
        type = {DType::f32, {loop.rows / r.group * loop.cols}};
      }
      if (r.kind == Loop::Result::Kind::total) type = {DType::f32, {1}};
      outputs.push_back(type);
      if (r.kind == Loop::Result::Kind::moments) outputs.push_back(type);
      loop.results.push_back(r);
    }
  }

  int64_t divisor() {
    int64_t d = 1 + draw(static_cast<int>(std::min<int64_t>(loop.rows, 60)));
    while (loop.rows % d != 0) --d;
    return d;
  }

  std::mt19937 random_;
  int constants_end_ = 0;
};

}  // namespace dl::testing
