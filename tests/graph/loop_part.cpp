// Parts of loops: what is made again from what is kept.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/loop_part.h"

#include <doctest/doctest.h>

#include "lib/base/error.h"

namespace dl {
namespace {

using Extent = Loop::Extent;
using Kind = Loop::Instruction::Kind;

Loop::Instruction load(int input, Extent extent) {
  return {.kind = Kind::load, .extent = extent, .input = input, .access = {extent, 1, extent == Extent::full ? 8 : 1}};
}

// Behind a product x [8, 4]: h = x s stored, y = tanh(h + b) stored, the sum of y over all rows.
LoopOp layer(DType kept = DType::f32) {
  Loop loop{.rows = 8, .cols = 4};
  loop.code = {load(0, Extent::full),
               load(1, Extent::column),
               {.kind = Kind::map, .function = Function::mul, .extent = Extent::full, .a = 0, .b = 1},
               load(2, Extent::column),
               {.kind = Kind::map, .function = Function::add, .extent = Extent::full, .a = 2, .b = 3},
               {.kind = Kind::map, .function = Function::tanh, .extent = Extent::full, .a = 4}};
  loop.results = {{.source = 2}, {.source = 5}, {.kind = Loop::Result::Kind::sum, .source = 5, .group = 8}};
  return {std::move(loop), {{kept, {8, 4}}, {DType::f32, {8, 4}}, {DType::f32, {4}}}};
}

bool is_product(int input) { return input == 0; }

}  // namespace

TEST_CASE("what a loop stores last is made again from what it stores first, without the product") {
  CHECK(made_from_others(layer(), is_product) == std::vector<int>{1});
  const LoopPart part = part_of(layer(), std::vector<int>{1}, std::vector<int>{0, 2});
  CHECK(part.loop.text() == "8x4: r0=load(0 full 1 8) r1=load(1 column 1 1) r2=add(r0 r1) r3=tanh(r2)' store(r3)");
  REQUIRE(part.inputs.size() == 2);
  CHECK((part.inputs[0].is_output && part.inputs[0].index == 0));
  CHECK((!part.inputs[1].is_output && part.inputs[1].index == 2));
  CHECK(part.outputs == std::vector<Type>{{DType::f32, {8, 4}}});
}

TEST_CASE("with nothing kept a part is made from the loop's inputs, and rounds what the loop stored on the way") {
  const LoopPart part = part_of(layer(), std::vector<int>{1}, {}, true);
  CHECK(part.loop.text() ==
        "8x4: r0=load(0 full 1 8) r1=load(1 column 1 1) r2=mul(r0 r1)' r3=load(2 column 1 1) r4=add(r2 r3) "
        "r5=tanh(r4)' store(r5)");
  CHECK(part.inputs.size() == 3);
  CHECK(!part.inputs[0].is_output);
}

TEST_CASE("what was rounded to bf16 makes nothing again: it has lost bits") {
  CHECK(made_from_others(layer(DType::bf16), is_product).empty());
  CHECK(part_of(layer(DType::bf16), std::vector<int>{1}, std::vector<int>{0}).inputs.size() == 3);
}

TEST_CASE("what others read as it is rounded can be read from what is stored in bf16") {
  const LoopOp f32 = layer();
  Loop loop = f32.loop;
  loop.code.insert(loop.code.begin() + 3,
                   {.kind = Kind::map, .function = Function::round_bf16, .extent = Extent::full, .a = 2});
  loop.code[5].a = 3;  // h + b
  loop.code[5].b = 4;
  loop.code[6].a = 5;
  loop.results[1].source = loop.results[2].source = 6;
  const LoopOp whole(std::move(loop), {{DType::bf16, {8, 4}}, {DType::f32, {8, 4}}, {DType::f32, {4}}});
  CHECK(made_from_others(whole, is_product) == std::vector<int>{1});
  CHECK(part_of(whole, std::vector<int>{1}, std::vector<int>{0}).loop.text() ==
        "8x4: r0=load(0 full 1 8) r1=load(1 column 1 1) r2=add(r0 r1) r3=tanh(r2)' store(r3)");
}

}  // namespace dl
