// Boxes that follow a painted rectangle through transforms of any kind.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>

#include "lib/data/boxes.h"
#include "lib/graph/boxes.h"
#include "tests/data/images_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

constexpr int64_t side = 48;

// A white rectangle on black, and its box.
class Painted final : public Dataset {
 public:
  explicit Painted(Box box)
      : fields_{{"x", {DType::u8, {side, side, 1}}},
                {.name = "y", .type = {DType::f32, {2, BoxRow::columns}}, .boxes = true}},
        box_(box) {}
  int64_t size() const override { return 1; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return 0; }
  void get(int64_t, Sample& into) const override {
    for (int64_t i = 0; i < side * side; ++i) {
      const float x = float(i % side) + 0.5f, y = float(i / side) + 0.5f;
      const bool inside = x > box_.left && x < box_.right && y > box_.top && y < box_.bottom;
      into.fields[0][i] = std::byte{inside ? uint8_t{255} : uint8_t{0}};
    }
    auto* rows = reinterpret_cast<BoxRow*>(into.fields[1]);
    rows[0] = {box_, 3, 0};
    rows[1] = {};
  }

 private:
  const std::vector<SampleField> fields_;
  const Box box_;
};

// Around what is white; an empty one where nothing is.
Box white_part(const std::vector<float>& dots, int64_t w) {
  Box b{1e9f, 1e9f, 0, 0};
  for (size_t i = 0; i < dots.size(); ++i) {
    if (dots[i] < 0.5f) continue;
    const auto x = float(int64_t(i) % w), y = float(int64_t(i) / w);
    b = {std::min(b.left, x), std::min(b.top, y), std::max(b.right, x + 1), std::max(b.bottom, y + 1)};
  }
  return b;
}

// The largest distance between a side of the box and what is white, over many draws; what is white must not leave it
// by more than `slack`.
struct Apart {
  double out = 0, in = 0;
  int64_t gone = 0;
};
Apart apart(const std::string& yaml) {
  Apart most;
  for (int64_t position = 0; position < 60; ++position) {
    const auto s = [&](int64_t i) { return float((position * 7 + i * 5) % 20); };
    const Box painted{4 + s(0), 4 + s(1), 14 + s(0) + s(2), 14 + s(1) + s(3)};
    const DatasetPointer data = transformed(std::make_shared<Painted>(painted), read_transforms(yaml));
    SampleRandom random(1, 0, position);
    const auto values = sample(*data, 0, &random);
    BoxRow row;
    std::memcpy(&row, values[1].data(), sizeof row);
    const Box white = white_part(floats(values[0]), data->fields()[0].type.shape[1]);
    if (!row.is_box()) {
      ++most.gone;
      CHECK((white.right - white.left <= 1 || white.bottom - white.top <= 1));
      continue;
    }
    CHECK(row.label == 3);
    const Box& b = row.box;
    if (white.right == 0) continue;  // a sliver that no pixel's middle lies in
    for (const float d : {b.left - white.left, b.top - white.top, white.right - b.right, white.bottom - b.bottom}) {
      most.out = std::max(most.out, double{d});
      most.in = std::max(most.in, -double{d});
    }
  }
  return most;
}

}  // namespace

TEST_CASE("a box stays around what is painted on its image, whatever moves the image") {
  struct Case {
    const char* yaml;
    double out, in;  // by how much paint may stand out, and the box
  };
  for (const auto& [yaml, out, in] : std::initializer_list<Case>{
           {"[horizontal_flip]", 0, 0},
           {"[vertical_flip, horizontal_flip]", 0, 0},
           {"[pad: [1, 2, 3, 4]]", 0, 0},
           {"[random_crop: {size: 40}]", 0, 0},
           {"[random_crop: {size: 44, padding: 9}]", 0, 0},
           {"[center_crop: [31, 20], pad: 3, horizontal_flip]", 0, 0},
           {"[random_resized_crop: {size: 96, scale: [0.3, 1]}]", 1.6, 1.6},
           {"[resize: [96, 24]]", 0.51, 0.51},
           {"[random_apply: {transforms: [vertical_flip: 1, random_crop: {padding: 8}], p: 0.7}]", 0, 0},
           {"[random_choice: [horizontal_flip: 1, vertical_flip: 1, random_crop: {padding: 8}]]", 0, 0},
           {"[rotation: {degrees: [90, 90]}]", 1e-4, 1e-4},
           {"[rotation: 180]", 0.8, 1.5},
           {"[affine: {degrees: 20, translate: [0.2, 0.2], scale: [0.7, 1.3], shear: 10}]", 0.8, 1.8},
           {"[perspective: {distortion_scale: 0.4, p: 1, interpolation: nearest}]", 0.8, 1.8},
           {"[rand_augment: {num_ops: 3, magnitude: 9}]", 48, 48},
           {"[elastic: {alpha: 40, sigma: 6}]", 3, 3},
       }) {
    CAPTURE(yaml);
    const Apart most = apart(yaml);
    CHECK(most.out <= out + 1e-4);
    CHECK(most.in <= in + 1e-4);
  }
}

TEST_CASE("the operations of AutoAugment move boxes as they move the image") {
  // Colours leave what is white alone where the image is as it was: so only operations that move are compared.
  const Apart most = apart("[trivial_augment]");
  CHECK(most.gone < 30);
}

TEST_CASE("outside training boxes stay as the image does") {
  const DatasetPointer data = transformed(std::make_shared<Painted>(Box{4, 6, 20, 30}),
                                          read_transforms("[horizontal_flip: 1, rotation: 30, center_crop: 40]"));
  BoxRow row;
  std::memcpy(&row, sample(*data, 0)[1].data(), sizeof row);
  CHECK(row == BoxRow{{0, 2, 16, 26}, 3, 0});
}
