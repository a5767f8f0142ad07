// Which kernels a loop becomes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/loop_plan.h"

#include <doctest/doctest.h>

#include "lib/device/cuda/loop_text.h"

using namespace dl;
using namespace dl::cuda;
using Kind = Loop::Instruction::Kind;
using Extent = Loop::Extent;
using ResultKind = Loop::Result::Kind;
using Layout = LoopPass::Layout;

namespace {

// Loops over [rows, cols] whose input 0 is read as it lies, and input 1 by column.
struct Example {
  Loop loop;
  std::vector<Type> inputs, outputs;

  Example(int64_t rows, int64_t cols, DType type = DType::f32) {
    loop.rows = rows, loop.cols = cols;
    inputs = {{type, {rows, cols}}, {DType::f32, {cols}}};
    Loop::Instruction x{.kind = Kind::load, .extent = Extent::full, .input = 0};
    x.access = {Extent::full, 1, rows};
    Loop::Instruction column{.kind = Kind::load, .extent = Extent::column, .input = 1};
    column.access = {Extent::column, 1, 1};
    loop.code = {x, column};
  }
  Example& map(dl::Function f, int a, int b = -1) {
    const Extent e = b >= 0 || a == 0 ? Extent::full : loop.code[static_cast<size_t>(a)].extent;
    loop.code.push_back({.kind = Kind::map, .function = f, .extent = e, .a = a, .b = b});
    return *this;
  }
  Example& row_sum(int a) {
    loop.code.push_back({.kind = Kind::row_sum, .extent = Extent::row, .a = a});
    return *this;
  }
  Example& result(ResultKind kind, int source, int64_t group = 0, DType type = DType::f32) {
    loop.results.push_back({.kind = kind, .source = source, .group = group});
    for (int i = 0; i <= (kind == ResultKind::moments); ++i) outputs.push_back({type, {1}});
    return *this;
  }
  LoopPlan plan() const { return plan_loop(loop, inputs, outputs); }
};

LoopPass only_pass(const LoopPlan& plan) {
  REQUIRE(plan.passes.size() == 1);
  return plan.passes[0];
}

}  // namespace

TEST_CASE("what is the same for rows and columns is a range in chunks of 16 bytes") {
  const LoopPass wide = only_pass(Example(1, 1 << 20).map(dl::Function::neg, 0).result(ResultKind::store, 2).plan());
  CHECK((wide.layout == Layout::flat && wide.unit == 4 && wide.chunks == 2 && wide.blocks == 512 && !wide.wide));
  const LoopPass narrow = only_pass(
      Example(1024, 1024, DType::bf16).map(dl::Function::neg, 0).result(ResultKind::store, 2, 0, DType::bf16).plan());
  CHECK((narrow.layout == Layout::flat && narrow.unit == 8));
  const LoopPass huge =
      only_pass(Example(1, int64_t{1} << 32).map(dl::Function::neg, 0).result(ResultKind::store, 2).plan());
  CHECK((huge.wide && huge.blocks == (int64_t{1} << 32) / (256 * 16)));
}

TEST_CASE("a row of columns is read with each row, in chunks that do not cross rows") {
  for (const auto& [cols, unit] : {std::pair{12, 4}, {10, 2}, {7, 1}}) {
    const LoopPass pass =
        only_pass(Example(1000, cols).map(dl::Function::add, 0, 1).result(ResultKind::store, 2).plan());
    CHECK((pass.layout == Layout::flat && pass.unit == unit));
  }
  // A root of each column is worth making once for many rows.
  const LoopPass once = only_pass(
      Example(5000, 64).map(dl::Function::rsqrt, 1).map(dl::Function::mul, 0, 2).result(ResultKind::store, 3).plan());
  CHECK((once.layout == Layout::rows && !once.sums_rows && once.lanes == 16 && once.teams() == 16));
}

TEST_CASE("a row that is summed has a few lanes, a warp or a block, whatever else the loop does") {
  struct Shape {
    int64_t cols;
    int lanes, threads, unit;
    bool whole_row;
  };
  for (const Shape& s : {Shape{10, 8, 256, 2, true},
                         {64, 16, 256, 4, true},
                         {512, 32, 256, 4, true},
                         {768, 0, 96, 4, true},
                         {4096, 0, 512, 4, true},
                         {50304, 0, 512, 4, false}}) {
    const Example sum = Example(4096, s.cols).row_sum(0).map(dl::Function::div, 0, 2).result(ResultKind::store, 3);
    const LoopPass pass = only_pass(sum.plan());
    CAPTURE(s.cols);
    CHECK((pass.sums_rows && pass.lanes == s.lanes && pass.threads == s.threads && pass.unit == s.unit &&
           pass.whole_row == s.whole_row));
    // What both levels read is kept where the row is short.
    REQUIRE(pass.levels.size() == 2);
    CHECK(pass.levels[1].kept.size() == (s.whole_row ? 1 : 0));
    const LoopPass other = only_pass(Example(sum).result(ResultKind::total, 2).plan());
    CHECK((other.lanes == s.lanes && other.unit == s.unit));
    CHECK((s.lanes > 0 || other.threads == s.threads));
  }
}

TEST_CASE("sums over many rows are made in pieces that are merged, those of few rows at once") {
  const LoopPlan moments = Example(50000, 64).result(ResultKind::moments, 0, 50000).plan();
  const LoopPass pass = only_pass(moments);
  CHECK((pass.pieces > 256 && pass.blocks == pass.pieces && pass.piece * pass.pieces >= 50000));
  REQUIRE(moments.merges.size() == 1);
  CHECK((moments.merges[0].variance == 3 && moments.merges[0].pieces == pass.pieces));
  CHECK(moments.area_floats == std::vector<int64_t>(2, pass.pieces * 64));
  const LoopPlan groups = Example(50000, 64).result(ResultKind::sum, 0, 5).plan();
  CHECK((only_pass(groups).team_groups && groups.merges.empty()));
  const LoopPlan each = Example(49 * 128, 512).result(ResultKind::sum, 0, 49).plan();
  CHECK((!only_pass(each).team_groups && each.merges.empty() && only_pass(each).blocks == 128 * 4));
}

TEST_CASE("sums over groups of different sizes are passes of their own, before what is stored") {
  const LoopPlan plan =
      Example(60, 8).result(ResultKind::store, 0).result(ResultKind::sum, 0, 60).result(ResultKind::sum, 0, 20).plan();
  REQUIRE(plan.passes.size() == 2);
  CHECK((plan.passes[0].group == 20 && plan.passes[1].group == 60));
  CHECK(plan.passes[0].code.results.size() == 1);
}

TEST_CASE("sums along rows too long for registers lie in memory before sums over them are made") {
  const LoopPlan plan = Example(40, 30000)
                            .row_sum(0)
                            .map(dl::Function::div, 0, 2)
                            .result(ResultKind::sum, 3, 40)
                            .result(ResultKind::store, 3)
                            .plan();
  REQUIRE(plan.passes.size() == 2);
  CHECK(plan.passes[0].sums_rows);
  CHECK(!plan.passes[1].sums_rows);
  CHECK(plan.area_floats[0] == 40);
}

TEST_CASE("an output lies where an input does only if each element is read before it is written there") {
  const LoopPlan plan =
      Example(100, 8).map(dl::Function::add, 0, 1).result(ResultKind::store, 2).result(ResultKind::total, 2).plan();
  CHECK(plan.in_place(0, 2));
  CHECK(!plan.in_place(1, 2));
  CHECK(!plan.in_place(0, 3));
  Example repeated(100, 8);
  repeated.loop.code[0].access.modulo = 50;
  CHECK(!repeated.map(dl::Function::add, 0, 1).result(ResultKind::store, 2).plan().in_place(0, 2));
  // Of one row a column is an element.
  CHECK(Example(1, 8).map(dl::Function::add, 0, 1).result(ResultKind::store, 2).plan().in_place(1, 2));
}

TEST_CASE("equal loops are equal texts") {
  const auto text = [](double value) {
    Example e(10, 8);
    e.loop.code.push_back({.kind = Kind::constant, .value = value});
    const LoopPlan plan = e.map(dl::Function::mul, 0, 2).result(ResultKind::store, 3).plan();
    return text_of_pass(plan, plan.passes[0]).source;
  };
  CHECK(text(0.1) == text(0.1));
  CHECK(text(0.1) != text(0.2));
}
