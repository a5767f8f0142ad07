// Kernels of convolutions on emulated threads against the sums that their definition states.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/device/cuda/convolution_plan.h"
#include "tests/device/cuda/convolution_sums.h"
#include "tests/device/cuda/kernel_table.h"

using namespace dl;
using namespace dl::cuda;

namespace {

#define VECTORS(math, rows, columns)                                           \
  DL_EMULATED(Convolve, convolve<ConvolutionMath::math, rows, columns, true>), \
      DL_EMULATED(ConvolveWeight, convolve_weight<ConvolutionMath::math, rows, columns, true, true>)
#define SINGLE(math, rows, columns)                                             \
  DL_EMULATED(Convolve, convolve<ConvolutionMath::math, rows, columns, false>), \
      DL_EMULATED(ConvolveWeight, convolve_weight<ConvolutionMath::math, rows, columns, false, false>)
#define BLOCKS(math)                                                                              \
  VECTORS(math, 128, 128), VECTORS(math, 128, 64), VECTORS(math, 128, 32), VECTORS(math, 64, 64), \
      SINGLE(math, 128, 32), SINGLE(math, 64, 64),                                                \
      DL_EMULATED(Convolve, convolve<ConvolutionMath::math, 128, 64, false>),                     \
      DL_EMULATED(ConvolveWeight, convolve_weight<ConvolutionMath::math, 64, 64, true, false>),   \
      DL_EMULATED(ConvolveWeight, convolve_weight<ConvolutionMath::math, 64, 64, false, true>)
#define DEPTHWISE(T)                                                                                 \
  DL_EMULATED(Depthwise, depthwise<T, 4, true>), DL_EMULATED(Depthwise, depthwise<T, 4, false>),     \
      DL_EMULATED(Depthwise, depthwise<T, 1, true>), DL_EMULATED(Depthwise, depthwise<T, 1, false>), \
      DL_EMULATED(DepthwiseWeight, depthwise_weight<T>), DL_EMULATED(TransposeWeight, transpose_weight<T>)

const EmulatedKernels kernels = {BLOCKS(f32),
                                 BLOCKS(tf32),
                                 BLOCKS(bf16),
                                 DEPTHWISE(float),
                                 DEPTHWISE(Bf16),
                                 DL_EMULATED(AddWeightPieces, add_weight_pieces<1>),
                                 DL_EMULATED(AddWeightPieces, add_weight_pieces<8>)};

class Draw {
 public:
  explicit Draw(uint64_t seed) : seed_(seed) {}
  int64_t operator()(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(dl::random_bits(seed_, 2, next_++) % static_cast<uint64_t>(high - low + 1));
  }

 private:
  uint64_t seed_, next_ = 0;
};

ConvolutionShapes random_shapes(Draw& draw, int rank, int64_t most_size, int64_t groups, int64_t depth, int64_t width) {
  Window window{.rank = rank};
  std::vector<int64_t> sizes;
  for (size_t axis = 0; axis < static_cast<size_t>(rank); ++axis) {
    window.size[axis] = draw(1, 4);
    window.stride[axis] = draw(1, 3);
    window.dilation[axis] = draw(0, 2) ? 1 : draw(1, 3);
    window.pad_before[axis] = draw(0, window.size[axis]);
    window.pad_after[axis] = draw(0, window.size[axis]);
    sizes.push_back(draw(1, most_size));
  }
  return shapes_of(window, draw(1, 3), sizes, groups, depth, width);
}

// The weight as the plan's kernel reads it.
Numbers scratch_of(const WeightTransposition& transposition, int number_bytes) {
  return Numbers(static_cast<size_t>((transposition.elements() * number_bytes + 3) / 4), NAN);
}
template <class Plan>
Numbers made_by(Plan plan, const ConvolutionShapes& s, int64_t elements, const Factor& source, const Factor& weight,
                unsigned seed) {
  Numbers made(static_cast<size_t>(elements), NAN), turned = scratch_of(plan.transposition, s.number_bytes());
  if (plan.transposition) {
    TransposeWeight a = plan.transposition.arguments();
    a.from = weight.data();
    a.to = turned.data();
    run_kernel(kernels, plan.transposition.source(s.bf16).call, plan.transposition.grid(s.number_bytes()), &a, seed);
  }
  plan.arguments.source = source.data();
  plan.arguments.weight = plan.transposition ? turned.data() : weight.data();
  plan.arguments.made = made.data();
  run_kernel(kernels, plan.source().call, plan.grid, &plan.arguments, seed);
  return made;
}
template <class Plan>
Numbers weight_by(Plan plan, const ConvolutionShapes& s, const Factor& x, const Factor& dy, unsigned seed) {
  const auto elements = static_cast<size_t>(s.weight.elements());
  Numbers sums(elements * static_cast<size_t>(plan.pieces), NAN), dw(elements, NAN);
  plan.arguments.x = x.data();
  plan.arguments.dy = dy.data();
  plan.arguments.sums = sums.data();
  run_kernel(kernels, plan.source().call, plan.grid, &plan.arguments, seed);
  AddPiecesPlan add = plan_add_pieces(s, plan.pieces);
  add.arguments.sums = sums.data();
  add.arguments.weight = dw.data();
  run_kernel(kernels, add.source().call, add.grid, &add.arguments, seed);
  return dw;
}

enum class Made { y, dx, dw };

// Found by the kernel that is planned, or one in blocks of this size.
Numbers found_product(Made made, const ConvolutionShapes& s, const Numbers& x, const Numbers& w, const Numbers& dy,
                      const ConvolutionBlock* block, unsigned seed) {
  const Factor fx(x, s.bf16), fw(w, s.bf16), fdy(dy, s.bf16);
  if (made == Made::dw) {
    if (s.depthwise() && !block) return weight_by(plan_depthwise_weight(s), s, fx, fdy, seed);
    return weight_by(block ? plan_convolve_weight(s, *block) : plan_convolve_weight(s), s, fx, fdy, seed);
  }
  const bool gradient = made == Made::dx;
  const Factor& source = gradient ? fdy : fx;
  const int64_t elements = (gradient ? s.x : s.y).elements();
  if (s.depthwise() && !block) return made_by(plan_depthwise(s, gradient), s, elements, source, fw, seed);
  return made_by(block ? plan_convolve(s, gradient, *block) : plan_convolve(s, gradient), s, elements, source, fw,
                 seed);
}

void check(const ConvolutionShapes& s, const std::vector<Made>& of = {Made::y, Made::dx, Made::dw},
           const ConvolutionBlock* block = nullptr, bool twice = true) {
  CAPTURE(s.window.text());
  CAPTURE(s.x.text());
  CAPTURE(s.weight.text());
  CAPTURE(s.groups);
  CAPTURE(s.bf16);
  CAPTURE(s.tf32);
  CAPTURE(block ? block->rows * 1000 + block->columns : 0);
  const Numbers x = numbers(s.x, 1), w = numbers(s.weight, 2), dy = numbers(s.y, 3);
  const Products expected = expected_products(s, x, w, dy);
  for (const Made made : of) {
    CAPTURE(made);
    const Numbers found = found_product(made, s, x, w, dy, block, 1);
    CHECK(worst_difference(found, made == Made::y ? expected.y : made == Made::dx ? expected.dx : expected.dw) < 1e-5);
    if (twice) CHECK(found == found_product(made, s, x, w, dy, block, 2));
  }
}

void for_each_math(ConvolutionShapes s, const std::function<void(const ConvolutionShapes&)>& f) {
  f(s);
  s.tf32 = true;
  f(s);
  s.tf32 = false;
  s.bf16 = true;
  f(s);
}

}  // namespace

TEST_CASE("a divisor known before divides as division does") {
  for (const int d : {1, 2, 3, 5, 7, 10, 64, 147, 255, 256, 257, 65535, 65537, 1 << 30, (1 << 30) + 1, 2147483647}) {
    const Divisor by(d);
    for (uint64_t i = 0; i < 400; ++i) {
      const auto random = static_cast<long long>(dl::random_bits(9, 0, i));
      for (const long long n : {random & 0x7fffffff, random * 5, random / d * d, random / d * d + d - 1,
                                static_cast<long long>(i), 2147483647ll, 2147483648ll})
        CHECK(by.quotient(n) == n / d);
    }
  }
}

TEST_CASE("emulated convolutions of few channels are the sums of their definition, in any order the same bits") {
  for (uint64_t seed = 0; seed < 9; ++seed) {
    Draw draw(seed);
    const int rank = static_cast<int>(draw(1, 3));
    const int64_t groups = draw(0, 3) ? 1 : draw(2, 3), depth = draw(groups > 1 ? 2 : 1, 5);
    ConvolutionShapes s = random_shapes(draw, rank, rank == 3 ? 4 : 9, groups, depth, draw(1, 5));
    if (s.x.rank() == 0) continue;
    s.bf16 = seed % 3 == 1;
    s.tf32 = seed % 3 == 2;
    check(s);
  }
}

TEST_CASE("emulated convolutions whose channels come in vectors are the sums of their definition") {
  for (uint64_t seed = 100; seed < 106; ++seed) {
    Draw draw(seed);
    const int rank = static_cast<int>(draw(1, 3));
    const int64_t groups = draw(0, 2) ? 1 : 2;
    ConvolutionShapes s = random_shapes(draw, rank, rank == 3 ? 3 : 6, groups, 8 * draw(1, 3), 8 * draw(1, 3));
    if (s.x.rank() == 0) continue;
    s.bf16 = seed % 3 == 1;
    s.tf32 = seed % 3 == 2;
    check(s);
  }
}

TEST_CASE("every block of a convolution makes the same, its channels in vectors") {
  const Window window{.size = {2, 1}, .stride = {2, 1}, .pad_before = {1, 1}, .pad_after = {2, 0}, .dilation = {1, 2}};
  for (const ConvolutionBlock& block :
       {ConvolutionBlock{128, 128}, ConvolutionBlock{128, 64}, ConvolutionBlock{128, 32}, ConvolutionBlock{64, 64}}) {
    for_each_math(shapes_of(window, 2, {14, 9}, 1, 8, 136), [&](const auto& s) {
      check(s, {Made::y, Made::dw}, &block, false);
    });
    check(shapes_of(window, 1, {14, 9}, 1, 136, 8), {Made::dx}, &block, false);
  }
}

TEST_CASE("every block of a convolution makes the same, its channels one by one") {
  const Window window{.size = {3, 1}, .stride = {2, 1}, .pad_before = {1, 1}, .pad_after = {2, 0}};
  for (const ConvolutionBlock& block :
       {ConvolutionBlock{128, 64}, ConvolutionBlock{128, 32}, ConvolutionBlock{64, 64}}) {
    for_each_math(shapes_of(window, 2, {14, 8}, 1, 5, 67), [&](const auto& s) {
      check(s, {Made::y}, &block, false);
      if (block.rows == 64 || block.columns == 32) check(s, {Made::dw}, &block, false);
    });
    check(shapes_of(window, 1, {14, 8}, 1, 67, 5), {Made::dx}, &block, false);
  }
}

TEST_CASE("a weight's gradient takes vectors of what has them, of the input or of the slopes") {
  const Window window{.size = {3, 1}, .pad_before = {1, 1}, .pad_after = {1, 1}};
  for_each_math(shapes_of(window, 1, {9, 7}, 1, 3, 16), [&](const auto& s) { check(s, {Made::dw}); });
  for_each_math(shapes_of(window, 1, {9, 7}, 1, 8, 5), [&](const auto& s) { check(s, {Made::dw}); });
}

TEST_CASE("a weight's gradient over many places is summed in pieces") {
  ConvolutionShapes s = shapes_of({.size = {3, 1}, .pad_before = {1, 0}, .pad_after = {1, 0}}, 3, {40, 41}, 1, 8, 8);
  CHECK(plan_convolve_weight(s).pieces >= 8);
  check(s, {Made::dw}, nullptr, false);
  s.bf16 = true;
  CHECK(plan_convolve_weight(s).pieces >= 8);
  check(s, {Made::dw});
}

TEST_CASE("windows of one place, strides above the window and patches are convolved") {
  for (const bool bf16 : {false, true}) {
    for (const Window& window :
         {Window{.size = {1, 1}}, Window{.size = {1, 1}, .stride = {2, 3}}, Window{.size = {4, 4}, .stride = {4, 4}},
          Window{.size = {2, 2}, .stride = {5, 3}, .pad_before = {7, 0}, .pad_after = {0, 9}},
          Window{.size = {2, 3}, .stride = {4, 6}, .dilation = {6, 4}}}) {
      const int64_t channels = bf16 ? 8 : 3;
      ConvolutionShapes s = shapes_of(window, 1, {12, 13}, 1, channels, channels);
      s.bf16 = bf16;
      check(s, {Made::y, Made::dx, Made::dw}, nullptr, false);
    }
  }
}

TEST_CASE("channels that are convolved each by itself, one or several outputs each") {
  for (uint64_t seed = 200; seed < 207; ++seed) {
    Draw draw(seed);
    const int rank = static_cast<int>(draw(1, 3));
    ConvolutionShapes s = random_shapes(draw, rank, rank == 3 ? 4 : 8, draw(0, 1) ? 8 * draw(1, 5) : draw(2, 40), 1,
                                        draw(0, 1) ? 1 : draw(2, 3));
    if (s.x.rank() == 0) continue;
    s.bf16 = seed % 2 == 1;
    REQUIRE(s.depthwise());
    check(s);
  }
  const ConvolutionBlock block{64, 64};
  check(shapes_of({.size = {3, 3}, .pad_before = {1, 1}}, 1, {4, 5}, 3, 1, 2), {Made::y, Made::dx, Made::dw}, &block);
}

TEST_CASE("a weight's gradient of channels each by itself is summed in pieces") {
  const ConvolutionShapes s = shapes_of({.size = {3, 2}, .pad_before = {1, 1}}, 1, {40, 52}, 5, 1, 1);
  CHECK(plan_depthwise_weight(s).pieces == 8);
  check(s, {Made::dw});
}

TEST_CASE("an axis that no GPU counts is an error") {
  const Window window{.rank = 1, .size = {2}, .pad_before = {int64_t{1} << 31}};
  ConvolutionShapes s{.window = window, .x = {1, 1, 1}, .weight = {1, 1, 2}, .y = {1, (int64_t{1} << 31), 1}};
  std::string message;
  try {
    plan_convolve(s, false);
  } catch (const Error& e) {
    message = e.problems()[0].what + "; " + e.problems()[0].help;
  }
  CHECK(
      message ==
      "a convolution with the window 2 stride 1 pad 2147483648+0 dilation 1 over [1, 1, 1] counts more than 1073741824 "
      "places along an axis; use a smaller window or less padding");
}
