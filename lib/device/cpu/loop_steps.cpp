// The rewrites, each a pass over the steps.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/loop_steps.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "lib/base/error.h"

namespace dl {

namespace {

using Extent = Loop::Extent;
using Kind = LoopStep::Kind;
using ResultKind = Loop::Result::Kind;

Extent join(Extent a, Extent b) {
  if (a == b || b == Extent::scalar) return a;
  return a == Extent::scalar ? b : Extent::full;
}

LoopCode code_of(Function f) {
  static_assert(static_cast<int>(Function::fma) - static_cast<int>(Function::neg) ==
                static_cast<int>(LoopCode::fma) - static_cast<int>(LoopCode::neg));
  return static_cast<LoopCode>(static_cast<int>(f) + static_cast<int>(LoopCode::neg));
}

// Builds steps one by one; each new one is folded, or found among the earlier ones.
class Builder {
 public:
  Builder(LoopSteps& out, const LoopMaps& maps) : out_(out), maps_(maps) {}

  int add(LoopStep step) {
    for (size_t i = 0; i < out_.steps.size(); ++i) {
      if (out_.steps[i] == step) return static_cast<int>(i);
    }
    out_.steps.push_back(step);
    return static_cast<int>(out_.steps.size()) - 1;
  }

  int constant(float value) { return add({.kind = Kind::constant, .value = value}); }

  int map(LoopCode code, int a, int b = -1, int c = -1, int d = -1) {
    LoopStep step{.kind = Kind::map, .code = code, .from = {a, b, c, d}};
    bool constants = true;
    for (int from : step.from) {
      if (from < 0) continue;
      step.extent = join(step.extent, at(from).extent);
      constants = constants && at(from).kind == Kind::constant;
    }
    if (constants) return fold(step);
    if (const int same = identity(code, a, b); same >= 0) return same;
    switch (code) {
      case LoopCode::add: return add_or_fma(step);
      case LoopCode::sub: return sub_or_fma(step);
      case LoopCode::mul:
        if (is(a, -1)) return map(LoopCode::neg, b);
        if (is(b, -1)) return map(LoopCode::neg, a);
        break;
      case LoopCode::div:
        if (at(b).extent != at(a).extent && step.extent == at(a).extent)
          return map(LoopCode::mul, a, map(LoopCode::div, constant(1), b));
        break;
      case LoopCode::pow:
        if (const int power = product(a, b); power >= 0) return power;
        break;
      case LoopCode::where:
        if (const int choice = select(step); choice >= 0) return choice;
        break;
      default: break;
    }
    return add(step);
  }

  int spread(int a, Extent extent) {
    return at(a).extent == extent ? a : add({.kind = Kind::spread, .extent = extent, .from = {a, -1, -1, -1}});
  }

  const LoopStep& at(int i) const { return out_.steps[static_cast<size_t>(i)]; }

  // Its value is the one that is stored, or was.
  void keep_rounded(int i) { rounded_.insert(i); }

 private:
  bool is(int i, float value) const { return i >= 0 && at(i).kind == Kind::constant && at(i).value == value; }
  bool is_map(int i, LoopCode code) const { return at(i).kind == Kind::map && at(i).code == code; }

  int fold(const LoopStep& step) {
    float x[4] = {}, y = 0;
    for (size_t k = 0; k < 4; ++k) x[k] = step.from[k] >= 0 ? at(step.from[k]).value : 0;
    maps_.map[static_cast<int>(step.code)][0](&y, &x[0], &x[1], &x[2], &x[3], 1);
    return std::isnan(y) ? add(step) : constant(y);
  }

  int identity(LoopCode code, int a, int b) const {
    if (code == LoopCode::copy) return a;
    if ((code == LoopCode::mul || code == LoopCode::div || code == LoopCode::pow) && is(b, 1)) return a;
    if (code == LoopCode::mul && is(a, 1)) return b;
    if ((code == LoopCode::add || code == LoopCode::sub) && is(b, 0)) return a;
    if (code == LoopCode::add && is(a, 0)) return b;
    return -1;
  }

  // The product may be needed elsewhere too: computing it twice inside an fma costs nothing. But what is stored is read
  // as it is stored, so that the result is the same wherever it is read.
  bool joins(int i, Extent extent) const {
    return is_map(i, LoopCode::mul) && at(i).extent == extent && !rounded_.contains(i);
  }
  bool negates(int i, Extent extent) const {
    return is_map(i, LoopCode::neg) && at(i).extent == extent && !rounded_.contains(i);
  }

  int add_or_fma(const LoopStep& step) {
    const auto [a, b, c, d] = step.from;
    if (negates(b, step.extent)) return map(LoopCode::sub, a, at(b).from[0]);
    if (negates(a, step.extent)) return map(LoopCode::sub, b, at(a).from[0]);
    if (joins(a, step.extent)) return map(LoopCode::fma, at(a).from[0], at(a).from[1], b);
    if (joins(b, step.extent)) return map(LoopCode::fma, at(b).from[0], at(b).from[1], a);
    return add(step);
  }

  int sub_or_fma(const LoopStep& step) {
    const auto [a, b, c, d] = step.from;
    if (negates(b, step.extent)) return map(LoopCode::add, a, at(b).from[0]);
    if (joins(b, step.extent)) return map(LoopCode::fnma, at(b).from[0], at(b).from[1], a);
    if (joins(a, step.extent)) return map(LoopCode::fms, at(a).from[0], at(a).from[1], b);
    return add(step);
  }

  int product(int a, int b) {
    if (is(b, 2)) return map(LoopCode::mul, a, a);
    if (is(b, 3)) return map(LoopCode::mul, a, map(LoopCode::mul, a, a));
    if (is(b, 4)) return map(LoopCode::pow, map(LoopCode::mul, a, a), constant(2));
    if (is(b, 0.5)) return map(LoopCode::sqrt, a);
    if (is(b, -0.5)) return map(LoopCode::rsqrt, a);
    if (is(b, -1)) return map(LoopCode::div, constant(1), a);
    return -1;
  }

  int select(const LoopStep& step) {
    const LoopStep& condition = at(step.from[0]);
    if (condition.kind != Kind::map || condition.extent != step.extent) return -1;
    LoopCode code;
    switch (condition.code) {
      case LoopCode::less: code = LoopCode::select_less; break;
      case LoopCode::less_equal: code = LoopCode::select_less_equal; break;
      case LoopCode::equal: code = LoopCode::select_equal; break;
      default: return -1;
    }
    return map(code, condition.from[0], condition.from[1], step.from[1], step.from[2]);
  }

  LoopSteps& out_;
  const LoopMaps& maps_;
  std::set<int> rounded_;
};

bool reduces_rows(const Loop::Instruction& i) {
  return i.kind == Loop::Instruction::Kind::row_sum || i.kind == Loop::Instruction::Kind::row_max;
}

// Whether rows and columns are all the same to the loop.
bool is_flat(const Loop& loop) {
  const auto ok = [&](Extent e) { return e == Extent::scalar || e == Extent::full || loop.rows == 1; };
  for (const Loop::Instruction& i : loop.code) {
    if (!ok(i.extent) || reduces_rows(i)) return false;
    if (i.kind != Loop::Instruction::Kind::load) continue;
    if (!ok(i.access.extent)) return false;
    const bool identity = i.access.divide == 1 && i.access.modulo >= loop.rows;
    if (i.access.extent == Extent::full && loop.rows > 1 && !identity) return false;
  }
  return std::all_of(loop.results.begin(), loop.results.end(),
                     [](const Loop::Result& r) { return r.kind == ResultKind::store || r.kind == ResultKind::total; });
}

// How rows and columns of the loop appear in the space it is run in.
class Space {
 public:
  Space(const Loop& loop, bool may_be_flat)
      : flat(loop.cols == 1 || (may_be_flat && is_flat(loop))),
        rows(flat ? loop.rows * loop.cols : loop.rows),
        cols(flat ? 1 : loop.cols),
        one_row_(loop.rows == 1),
        one_col_(loop.cols == 1) {}

  const bool flat;
  const int64_t rows, cols;

  // With one row, what changes with the column changes with every element; with one column likewise.
  Extent extent(Extent e) const {
    if (e == Extent::row && one_col_) return Extent::full;
    if (e == Extent::row && one_row_ && flat) return Extent::scalar;
    if (e == Extent::column && one_row_) return Extent::full;
    if (e == Extent::column && one_col_) return Extent::scalar;
    return e;
  }

  Loop::Access access(Loop::Access a) const {
    const bool by_row = a.extent == Extent::row || a.extent == Extent::full;
    a.extent = a.extent == Extent::row && one_row_ && !one_col_ ? Extent::scalar : extent(a.extent);
    if (a.extent == Extent::scalar || a.extent == Extent::column) {
      a.divide = a.modulo = 1;
    } else if (!by_row || one_row_ || (a.divide == 1 && a.modulo >= rows) || (flat && !one_col_)) {
      a.divide = 1;
      a.modulo = rows;
    }
    return a;
  }

 private:
  const bool one_row_, one_col_;
};

void drop_unneeded(LoopSteps& s) {
  std::vector<int> place(s.steps.size(), -1);
  for (const Loop::Result& r : s.results) place[static_cast<size_t>(r.source)] = 0;
  for (size_t i = s.steps.size(); i-- > 0;) {
    if (place[i] < 0) continue;
    for (int from : s.steps[i].from) {
      if (from >= 0) place[static_cast<size_t>(from)] = 0;
    }
  }
  std::vector<LoopStep> kept;
  for (size_t i = 0; i < s.steps.size(); ++i) {
    if (place[i] < 0) continue;
    place[i] = static_cast<int>(kept.size());
    kept.push_back(s.steps[i]);
    for (int& from : kept.back().from) {
      if (from >= 0) from = place[static_cast<size_t>(from)];
    }
  }
  for (Loop::Result& r : s.results) r.source = place[static_cast<size_t>(r.source)];
  s.steps = std::move(kept);
}

}  // namespace

LoopSteps simplify(const Loop& loop, const LoopMaps& maps, bool by_rows) {
  const Space space(loop, !by_rows);
  LoopSteps out{.rows = space.rows, .cols = space.cols, .steps = {}, .results = {}};
  Builder build(out, maps);
  std::set<int> stored;  // registers
  for (const Loop::Result& r : loop.results) {
    if (r.kind == ResultKind::store) stored.insert(r.source);
  }
  std::vector<int> step_of;
  const auto of = [&](int reg) { return reg < 0 ? -1 : step_of.at(static_cast<size_t>(reg)); };
  using From = Loop::Instruction::Kind;
  for (const Loop::Instruction& i : loop.code) {
    int step = -1;
    switch (i.kind) {
      case From::load: {
        const Loop::Access access = space.access(i.access);
        step = build.add({.kind = Kind::load, .extent = access.extent, .input = i.input, .access = access});
        break;
      }
      case From::constant: step = build.constant(static_cast<float>(i.value)); break;
      case From::iota:
        step = loop.cols == 1 ? build.constant(0)
                              : build.add({.kind = Kind::iota, .extent = space.extent(Extent::column)});
        break;
      case From::random:
        step = build.add({.kind = Kind::random, .extent = Extent::full, .input = i.input, .key = i.key});
        break;
      case From::map: step = build.map(code_of(i.function), of(i.a), of(i.b), of(i.c)); break;
      case From::row_sum:
      case From::row_max: {
        const int full = build.spread(of(i.a), Extent::full);
        const Kind kind = i.kind == From::row_sum ? Kind::row_sum : Kind::row_max;
        step = loop.cols == 1 ? full : build.add({.kind = kind, .extent = Extent::row, .from = {full, -1, -1, -1}});
        break;
      }
    }
    if (i.rounded || stored.contains(static_cast<int>(step_of.size()))) build.keep_rounded(step);
    step_of.push_back(step);
  }
  for (Loop::Result r : loop.results) {
    const Extent wanted = space.extent(loop.code.at(static_cast<size_t>(r.source)).extent);
    r.source = build.spread(of(r.source), wanted);
    if (wanted == Extent::scalar) r.kind = ResultKind::store;  // a total of one element
    out.results.push_back(r);
  }
  drop_unneeded(out);
  return out;
}

}  // namespace dl
