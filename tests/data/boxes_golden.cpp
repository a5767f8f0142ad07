// Boxes through transforms beside what torchvision makes of them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/boxes.h"
#include "lib/data/image_steps.h"
#include "lib/graph/boxes.h"
#include "tests/data/images_for_test.h"
#include "tests/golden/golden.h"

using namespace dl;
using namespace dl::golden;
using namespace dl::testing;

namespace {

// The step of the recorded case; where it says by what places, that of those.
TransformStep recorded_step(const Json& recorded, const std::vector<SampleField>& fields) {
  if (const std::string yaml = recorded["yaml"]; !yaml.empty())
    return read_transforms("[" + yaml + "]")[0]->bind(fields);
  const double h = recorded["image"][0], w = recorded["image"][1];
  Places places;
  if (recorded.contains("affine")) {
    const auto a = recorded["affine"].get<std::vector<double>>();
    places = places_of(AffineMap{a[0], a[1], a[2], a[3], a[4], a[5]}, w / 2, h / 2);
  } else {
    const Corners from{{{-0.5, -0.5}, {w - 1.5, -0.5}, {w - 1.5, h - 1.5}, {-0.5, h - 1.5}}};
    Corners to;
    for (size_t i = 0; i < 4; ++i)
      for (size_t k = 0; k < 2; ++k) to[i][k] = recorded["corners"][i][k].get<double>() - 0.5;
    places = places_of(from, to);
  }
  return warp_step(fields, {}, {}, 1, [places](SampleRandom&, const ImageType&) { return places; });
}

}  // namespace

TEST_CASE("boxes follow their image as torchvision's do, and those that nothing is left of are removed") {
  constexpr int64_t most = 8;
  int64_t removed = 0;
  for_each_case("boxes", [&](const Json& recorded) {
    const std::vector<SampleField> fields{{"x", {DType::u8, {recorded["image"][0], recorded["image"][1], 3}}},
                                          {.name = "y", .type = {DType::f32, {most, BoxRow::columns}}, .boxes = true}};
    const TransformStep step = recorded_step(recorded, fields);
    CHECK(step.fields[0].output.shape == Shape{recorded["size"][0], recorded["size"][1], 3});
    std::vector<BoxRow> rows(most), moved(most, {{9, 9, 9, 9}, 9, 9});
    for (size_t i = 0; i < recorded["boxes"].size(); ++i) {
      const auto b = recorded["boxes"][i].get<std::vector<float>>();
      rows[i] = {{b[0], b[1], b[2], b[3]}, static_cast<float>(i), BoxRow::crowd};
    }
    SampleRandom random(1, 0, 0);
    REQUIRE(step.fields.back().field == 1);
    step.fields.back().apply(reinterpret_cast<const std::byte*>(rows.data()),
                             reinterpret_cast<std::byte*>(moved.data()), step.draw ? step.draw(&random) : Drawn{});
    const Json& theirs = recorded["rows"];
    removed += static_cast<int64_t>(recorded["boxes"].size() - theirs.size());
    for (size_t i = 0; i < most; ++i) {
      CAPTURE(i);
      if (i >= theirs.size()) {
        CHECK(moved[i] == BoxRow());
        continue;
      }
      const Box& b = moved[i].box;
      CHECK(moved[i].label == theirs[i][4].get<float>());
      CHECK(moved[i].more == BoxRow::crowd);
      check_near("box", {b.left, b.top, b.right, b.bottom},
                 Json{theirs[i][0], theirs[i][1], theirs[i][2], theirs[i][3]}, 1e-4, 1);
    }
  });
  CHECK(removed > 20);
}
