// bf16 beside f32: rounding, storage inside fused loops, gradients.
// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "lib/base/bf16.h"
#include "lib/device/cpu/isa.h"
#include "lib/device/cpu/simd/loop.h"
#include "tests/evaluate.h"

using namespace dl;
using namespace dl::testing;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("a cast to bf16 rounds to the nearest, ties to even, and keeps what is not a number") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {8}});
  const Numbers numbers{1, 1 + 0x1p-8f, 1 + 3 * 0x1p-8f, 1 + 0x1.02p-8f, -3.4e38f, infinity, 0x1p-126f, -0.0f};
  const Numbers rounded{1, 1, 1 + 0x1p-6f, 1 + 0x1p-7f, -infinity, infinity, 0x1p-126f, -0.0f};
  CHECK(as_bf16(x).type() == Type{DType::bf16, {8}});
  check_value(as_bf16(x), {{"x", numbers}}, rounded, 0);
  check_value(as_f32(as_bf16(x)), {{"x", numbers}}, rounded, 0);
  for (const std::string& device : devices()) {
    Graph other;
    const Value y = as_bf16(input(other, "x", {DType::f32, {1}}));
    CHECK(std::isnan(evaluate(other, {y}, {{"x", {std::numeric_limits<float>::quiet_NaN()}}}, device)[0][0]));
  }
}

TEST_CASE("a value in bf16 is read by elementwise functions, sums and whatever moves elements") {
  Graph g;
  const Value x = input(g, "x", {DType::bf16, {2, 3}});
  const Feed feed{{"x", {1, 2, 3, 4, 5, 6}}};
  check_value(x * 0.5 + 1, feed, {1.5f, 2, 2.5f, 3, 3.5f, 4});
  check_value(sum(x, {0}), feed, {5, 7, 9});
  check_value(sum(x, {1}), feed, {6, 15});
  check_value(transpose(x, {1, 0}), feed, {1, 4, 2, 5, 3, 6});
  CHECK(transpose(x, {1, 0}).type() == Type{DType::bf16, {3, 2}});
  check_value(broadcast_to(reshape(x, {1, 6}), {2, 6}), feed, {1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("what follows a cast sees the rounded number, in the same loop and in the next") {
  for (const Shape& shape : {Shape{64, 33}, Shape{3, 5000}, Shape{7, 1}, Shape{1}}) {
    CAPTURE(shape.text());
    Graph g;
    const Value x = input(g, "x", {DType::f32, shape});
    const Value y = as_bf16(x * 0.5);
    const Value total = sum(y), scaled = as_bf16(y - total * 0.0 + x * 0x1p-10);
    const Feed feed{{"x", random_numbers(shape.elements(), 3)}};
    const std::vector<Numbers> expected = evaluate(g, {y, scaled, y * 2.0, total}, feed, "reference");
    const std::vector<Numbers> found = evaluate(g, {y, scaled, y * 2.0, total}, feed, "cpu");
    for (size_t i = 0; i < 3; ++i) check_close(found[i], expected[i], 0);
    check_close(found[3], expected[3], 1e-5);
  }
}

TEST_CASE("the gradient of a cast has the type of what it belongs to") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {3}});
  const Value dx = gradients(sum(as_bf16(x) * 3.0), {x})[0];
  CHECK(dx.type() == x.type());
  check_value(dx, {{"x", {1, 2, 3}}}, {3, 3, 3});
  const Value h = input(g, "h", {DType::bf16, {3}});
  const Value dh = gradients(sum(as_f32(h) * 3.0), {h})[0];
  CHECK(dh.type() == h.type());
}

TEST_CASE("rows of bf16 are rounded and widened to the same bits on every instruction set") {
  std::vector<float> x;
  for (uint32_t high = 0; high < 0x10000; high += 7) {
    for (uint32_t low : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      x.push_back(std::bit_cast<float>(high << 16 | low));
    }
  }
  x.pop_back();  // so that a part of a vector is left over
  std::vector<uint16_t> expected;
  for (float value : x) expected.push_back(bf16_of_float(value));
  for (Isa isa : supported_isas()) {
    const LoopFills& fills = DL_FOR_ISA(isa, loop_fills);
    std::vector<uint16_t> rounded(x.size());
    fills.to_bf16(rounded.data(), x.data(), static_cast<int64_t>(x.size()));
    CHECK_MESSAGE(rounded == expected, name_of(isa));
    std::vector<float> wide(x.size());
    fills.from_bf16(wide.data(), rounded.data(), static_cast<int64_t>(x.size()));
    size_t differ = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      differ += std::bit_cast<uint32_t>(wide[i]) != static_cast<uint32_t>(expected[i]) << 16;
    }
    CHECK_MESSAGE(differ == 0, name_of(isa));
  }
}
