// The rewrites of a loop, and the space it is run in.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/loop_steps.h"

#include <algorithm>

#include "lib/base/error.h"

namespace dl::cuda {
namespace {

using Extent = Loop::Extent;
using Kind = LoopStep::Kind;
using From = Loop::Instruction::Kind;
using ResultKind = Loop::Result::Kind;

bool over_rows(Extent e) { return e == Extent::row || e == Extent::full; }
bool over_columns(Extent e) { return e == Extent::column || e == Extent::full; }

class Rewriter {
 public:
  Rewriter(const Loop& loop, int inputs) : loop_(loop), inputs_(inputs), kept_(loop.code.size(), 0) {
    for (const Loop::Result& r : loop.results) kept_[static_cast<size_t>(r.source)] |= r.kind == ResultKind::store;
    for (size_t i = 0; i < loop.code.size(); ++i) kept_[i] |= loop.code[i].rounded;
  }

  LoopSteps run() {
    out_.rows = loop_.rows;
    out_.cols = loop_.cols;
    for (const Loop::Instruction& i : loop_.code) step_of_.push_back(rewrite(i));
    int tensor = inputs_;
    for (const Loop::Result& r : loop_.results) {
      out_.results.push_back({r.kind, step_of(r.source), r.group, tensor});
      tensor += r.kind == ResultKind::moments ? 2 : 1;
    }
    return std::move(out_);
  }

 private:
  const Loop::Instruction& instruction(int reg) const { return loop_.code[static_cast<size_t>(reg)]; }
  int step_of(int reg) const { return reg < 0 ? -1 : step_of_[static_cast<size_t>(reg)]; }

  int add(const LoopStep& s) {
    out_.steps.push_back(s);
    return static_cast<int>(out_.steps.size()) - 1;
  }
  int map(Function f, Extent e, int a, int b = -1, int c = -1, std::array<bool, 3> negative = {}) {
    return add({.kind = Kind::map, .function = f, .extent = e, .from = {a, b, c}, .negative = negative});
  }

  int rewrite(const Loop::Instruction& i) {
    switch (i.kind) {
      case From::load:
        return add({.kind = Kind::load, .extent = i.access.extent, .tensor = i.input, .access = i.access});
      case From::constant: return add({.value = static_cast<float>(i.value)});
      case From::iota: return add({.kind = Kind::iota, .extent = Extent::column});
      case From::random: return add({.kind = Kind::random, .extent = Extent::full, .tensor = i.input, .key = i.key});
      case From::row_sum: return add({.kind = Kind::row_sum, .extent = Extent::row, .from = {step_of(i.a), -1, -1}});
      case From::row_max: return add({.kind = Kind::row_max, .extent = Extent::row, .from = {step_of(i.a), -1, -1}});
      case From::map: return rewrite_map(i);
    }
    return -1;
  }

  int rewrite_map(const Loop::Instruction& i) {
    const int a = step_of(i.a), b = step_of(i.b), c = step_of(i.c);
    switch (i.function) {
      case Function::add:
        if (joins(i.a, i)) return multiply_add(i, i.a, b, false, false);
        if (joins(i.b, i)) return multiply_add(i, i.b, a, false, false);
        break;
      case Function::sub:
        if (joins(i.b, i)) return multiply_add(i, i.b, a, true, false);
        if (joins(i.a, i)) return multiply_add(i, i.a, b, false, true);
        break;
      case Function::div:
        if (instruction(i.b).extent != i.extent && instruction(i.a).extent == i.extent) {
          const int one = add({.value = 1});
          return map(Function::mul, i.extent, a, map(Function::div, instruction(i.b).extent, one, b));
        }
        break;
      case Function::pow:
        if (const int power = product(i, a); power >= 0) return power;
        break;
      default: break;
    }
    return map(i.function, i.extent, a, b, c);
  }

  // Whether the register is a product that may be made anew within a multiply-add.
  bool joins(int reg, const Loop::Instruction& into) const {
    const Loop::Instruction& i = instruction(reg);
    return i.kind == From::map && i.function == Function::mul && i.extent == into.extent &&
           !kept_[static_cast<size_t>(reg)];
  }
  int multiply_add(const Loop::Instruction& i, int product, int addend, bool minus_product, bool minus_addend) {
    const Loop::Instruction& p = instruction(product);
    return map(Function::fma, i.extent, step_of(p.a), step_of(p.b), addend, {minus_product, false, minus_addend});
  }

  int product(const Loop::Instruction& i, int a) {
    const Loop::Instruction& power = instruction(i.b);
    if (power.kind != From::constant) return -1;
    const Extent e = i.extent;
    if (power.value == 1) return add({.kind = Kind::copy, .extent = e, .from = {a, -1, -1}});
    if (power.value == 2) return map(Function::mul, e, a, a);
    if (power.value == 3) return map(Function::mul, e, a, map(Function::mul, e, a, a));
    if (power.value == 4) {
      const int square = map(Function::mul, e, a, a);
      return map(Function::mul, e, square, square);
    }
    if (power.value == 0.5) return map(Function::sqrt, e, a);
    if (power.value == -0.5) return map(Function::rsqrt, e, a);
    if (power.value == -1) return map(Function::div, e, add({.value = 1}), a);
    return -1;
  }

  const Loop& loop_;
  const int inputs_;
  std::vector<char> kept_;  // registers: stored or rounded
  LoopSteps out_;
  std::vector<int> step_of_;
};

}  // namespace

bool reduces_row(const LoopStep& s) { return s.kind == Kind::row_sum || s.kind == Kind::row_max; }

bool sums_groups(const LoopResult& r) { return r.kind == ResultKind::sum || r.kind == ResultKind::moments; }

bool is_total(const LoopResult& r) { return r.kind == ResultKind::total; }

bool is_identity(const Loop::Access& a, int64_t rows) { return rows == 1 || (a.divide == 1 && a.modulo >= rows); }

LoopSteps steps_of(const Loop& loop, int inputs) { return Rewriter(loop, inputs).run(); }

LoopSteps needed_steps(LoopSteps s) {
  std::vector<int> now(s.steps.size(), -1);
  for (const LoopResult& r : s.results) now[static_cast<size_t>(r.source)] = 0;
  for (size_t i = s.steps.size(); i-- > 0;) {
    if (now[i] < 0) continue;
    for (int from : s.steps[i].from)
      if (from >= 0) now[static_cast<size_t>(from)] = 0;
  }
  std::vector<LoopStep> kept;
  bool rows = false, columns = false;
  for (size_t i = 0; i < s.steps.size(); ++i) {
    if (now[i] < 0) continue;
    now[i] = static_cast<int>(kept.size());
    kept.push_back(s.steps[i]);
    for (int& from : kept.back().from)
      if (from >= 0) from = now[static_cast<size_t>(from)];
    rows |= over_rows(kept.back().extent);
    columns |= over_columns(kept.back().extent) || reduces_row(kept.back());
  }
  for (LoopResult& r : s.results) {
    r.source = now[static_cast<size_t>(r.source)];
    DL_CHECK(
        r.kind == ResultKind::store || over_rows(kept[static_cast<size_t>(r.source)].extent) || s.rows * s.cols == 1,
        "a sum of what rows do not have");
  }
  if (!rows) s.rows = 1;
  if (!columns) s.cols = 1;
  s.steps = std::move(kept);
  return s;
}

bool is_flat(const LoopSteps& s) {
  const auto stores = [](const LoopResult& r) { return r.kind == ResultKind::store || r.kind == ResultKind::total; };
  if (!std::ranges::all_of(s.results, stores)) return false;
  if (s.cols == 1) return true;
  if (std::ranges::any_of(s.steps, reduces_row)) return false;
  if (s.rows == 1) return true;
  return std::ranges::all_of(s.steps, [&](const LoopStep& i) {
    if (i.extent == Extent::scalar) return true;
    return i.extent == Extent::full && (i.kind != Kind::load || is_identity(i.access, s.rows));
  });
}

LoopSteps flattened(LoopSteps s) {
  const bool one_row = s.rows == 1, one_column = s.cols == 1;
  for (LoopStep& i : s.steps) {
    if (reduces_row(i)) i.kind = Kind::copy;  // of one column
    if (i.kind == Kind::iota && one_column) i.kind = Kind::constant, i.extent = Extent::scalar, i.value = 0;
    i.scattered = i.kind == Kind::load && !one_row && over_rows(i.extent) && !is_identity(i.access, s.rows);
    if (i.extent == Extent::row) i.extent = one_column ? Extent::full : Extent::scalar;
    if (i.extent == Extent::column) i.extent = one_row ? Extent::full : Extent::scalar;
  }
  for (LoopResult& r : s.results)
    if (s.steps[static_cast<size_t>(r.source)].extent == Extent::scalar) r.kind = ResultKind::store;
  s.cols *= s.rows;
  s.rows = 1;
  return s;
}

}  // namespace dl::cuda
