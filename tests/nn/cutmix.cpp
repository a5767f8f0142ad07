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

TEST_CASE("cutmix refuses what is no image") {
  CHECK(refusal_of("cutmix", {DType::f32, {4, 7}}) ==
        "expected images [height, width, channels], 'x' is [7]; take 'mixup'");
}
