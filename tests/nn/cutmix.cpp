// cutmix, on batches that can be checked by eye.
// SPDX-License-Identifier: Apache-2.0

#include "tests/transformed_batch.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("cutmix puts the drawn box of the next image into each, and leaves the rest as it is") {
  Numbers x(2 * 3 * 4);
  for (size_t i = 0; i < x.size(); ++i) x[i] = i < 12 ? 1.0f : 2.0f;
  const auto mixed = transformed("cutmix", {2, 3, 4, 1}, x, {1, 0, 0, 1}, {1, 3, 0, 2, 8.0f / 12});
  CHECK(mixed[0] == Numbers{1, 1, 1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2});
  check_close(mixed[1], {2.0f / 3, 1.0f / 3, 1.0f / 3, 2.0f / 3});
}

TEST_CASE("cutmix's boxes lie in the image, and their share is that of what stays") {
  double stays = 0;
  for (const auto& box : draws("cutmix", {4, 9, 5, 3}, 4000)) {
    CHECK(0 <= box[0]);
    CHECK(box[0] <= box[1]);
    CHECK(box[1] <= 9);
    CHECK(0 <= box[2]);
    CHECK(box[2] <= box[3]);
    CHECK(box[3] <= 5);
    CHECK(box[4] == doctest::Approx(1 - (box[1] - box[0]) * (box[3] - box[2]) / 45));
    stays += box[4];
  }
  CHECK(stays / 4000 > 0.5);
}

TEST_CASE("cutmix cuts targets of each pixel as their image, and what metrics see of them") {
  Graph g;
  const auto pixels = [&](const char* name, DType dtype) { return input(g, name, {dtype, {2, 2, 2}}); };
  BatchFields fields{
      .inputs = {{"x", input(g, "x", {DType::f32, {2, 2, 2, 1}})}},
      .targets = {{"mask", pixels("mask", DType::f32)}, {"classes", input(g, "classes", {DType::f32, {2, 2, 2, 2}})}},
      .labels = {{"mask", pixels("label", DType::i32)}}};
  const Numbers box{0, 1, 1, 2, 0.75f};  // the right upper pixel
  read_registered_as<BatchTransform>("cutmix")->build(fields, [&](size_t count, const Draw&) {
    std::vector<Value> drawn;
    for (size_t i = 0; i < count; ++i) drawn.push_back(constant(g, double{box[i]}));
    return drawn;
  });
  const Numbers mask{1, 0, 1, 0, 0, 1, 0, 1};
  const auto cut = evaluate(
      g, {fields.inputs.at("x"), fields.targets.at("mask"), fields.targets.at("classes"), fields.labels.at("mask")},
      {{"x", {1, 2, 3, 4, 5, 6, 7, 8}},
       {"mask", mask},
       {"label", mask},
       {"classes", {1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1}}});
  CHECK(cut[0] == Numbers{1, 6, 3, 4, 5, 2, 7, 8});
  CHECK(cut[1] == Numbers{1, 1, 1, 0, 0, 0, 0, 1});
  CHECK(cut[2] == Numbers{1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1});
  CHECK(cut[3] == cut[1]);
}

TEST_CASE("cutmix refuses targets of some other places than an image's pixels") {
  Graph g;
  BatchFields fields{.inputs = {{"x", input(g, "x", {DType::f32, {2, 4, 4, 1}})}},
                     .targets = {{"y", input(g, "y", {DType::f32, {2, 2, 2}})}}};
  CHECK(error_text<ShapeError>([&] {
          read_registered_as<BatchTransform>("cutmix")->build(
              fields, [&](size_t count, const Draw&) { return std::vector<Value>(count, constant(g, 0)); });
        }) == "expected a target of the whole image, or of each of its 4 x 4 pixels, 'y' is [2, 2]; take 'mixup'");
}

TEST_CASE("cutmix refuses what is no image") {
  CHECK(refusal_of("cutmix", {DType::f32, {4, 7}}) ==
        "expected images [height, width, channels], 'x' is [7]; take 'mixup'");
}
