// Several views of each sample, each by random numbers of its own.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/data/images_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string counted(int64_t bytes) {
  std::string out;
  for (int64_t i = 0; i < bytes; ++i) out += static_cast<char>(i * 7 % 251);
  return out;
}

const Type image{DType::u8, {12, 10, 3}};

DatasetPointer views_of(const std::string& yaml, int64_t views, const std::string& mask = {}) {
  return transformed(std::make_shared<OneImage>(image, counted(image.bytes()), mask), read_transforms(yaml), views);
}

}  // namespace

TEST_CASE("views are fields behind the others; the first is what it is without them, each other has its own numbers") {
  const std::string mask = counted(12 * 10 * 4);
  for (const char* yaml :
       {"[horizontal_flip, normalize: {mean: 0.5, std: 0.2}, gaussian_noise: 0.1]", "[{random_crop: 8}]",
        "[{random_resized_crop: 6}, grayscale]", "[normalize: {mean: 0.5, std: 0.2}, {random_crop: 8}, random_erasing]",
        "[normalize: {mean: 0.5, std: 0.2}, gaussian_noise: 1]"}) {
    CAPTURE(yaml);
    const DatasetPointer one = views_of(yaml, 1, mask), three = views_of(yaml, 3, mask);
    REQUIRE(one->fields().size() == 2);
    REQUIRE(three->fields().size() == 4);
    CHECK(three->fields()[2] == SampleField{"x2", one->fields()[0].type});
    CHECK(three->fields()[3].name == "x3");
    bool differ = false;
    for (int64_t position = 0; position < 8; ++position) {
      SampleRandom alone(1, 2, position), first(1, 2, position), again(1, 2, position);
      const auto x = sample(*one, 0, &alone), views = sample(*three, 0, &first);
      CHECK(views[0] == x[0]);
      CHECK(views[1] == x[1]);  // the mask lies on the first
      CHECK(sample(*three, 0, &again) == views);
      differ |= views[2] != views[0] && views[3] != views[0] && views[2] != views[3];
    }
    CHECK(differ);
    const auto plain = sample(*three, 0);  // outside training
    CHECK(plain[0] == sample(*one, 0)[0]);
    CHECK(plain[2] == plain[0]);
    CHECK(plain[3] == plain[0]);
  }
}

TEST_CASE("a further view is what the transforms make of the sample by the numbers that come next") {
  const DatasetPointer one = views_of("[{random_crop: 8}, horizontal_flip]", 1),
                       two = views_of("[{random_crop: 8}, horizontal_flip]", 2);
  SampleRandom random(5, 0, 3), same(5, 0, 3);
  const auto views = sample(*two, 0, &random);
  CHECK(sample(*one, 0, &same)[0] == views[0]);
  CHECK(sample(*one, 0, &same)[0] == views[2]);
}

TEST_CASE("views that would all be the same, or have names that are taken, are refused") {
  const auto refused = [](const std::string& yaml, int64_t views) {
    return error_text([&] { views_of(yaml, views); });
  };
  const std::string alike =
      "error: data.views: no transform draws random numbers, so that all views would be the same\n"
      "  help: leave 'views' out, or write 'transforms: [random_resized_crop: 24, horizontal_flip]'";
  CHECK(refused("[]", 2) == alike);
  CHECK(refused("[{center_crop: 8}]", 2) == alike);
  CHECK(refused("[{center_crop: 8}]", 1) == "");
  Folder folder;
  folder.write("t.csv", "x2,b,y\na,1,2\nb,2,3\na,4,3\n");
  CHECK(open("{train: {format: csv, path: t.csv, target: y, columns: {x2: {as: index}}}, views: 2, transforms: "
             "[gaussian_noise: 0.1]}",
             folder.path)
            ->problems ==
        "error: DIR/run.yaml:1:1: data.views: the data have a field 'x2' already, the name of a view\n"
        "  help: leave 'views' out, or give the column another name");
  const auto opened =
      open("{train: {format: csv, path: t.csv, target: y}, views: 2, transforms: [gaussian_noise: 0.1]}", folder.path);
  CHECK(opened->problems == "");
  REQUIRE(opened->sets.inputs.size() == 2);
  CHECK(opened->sets.inputs[1].name == "x2");
  folder.write("song.txt", "abcdefghabcdefgh");
  CHECK(open("{train: {format: text, path: song.txt, length: 4}, views: 2}", folder.path)->problems ==
        "error: DIR/run.yaml:1:1: data.views: expected samples of type u8 or f32, the data's are i32 [4]\n"
        "  help: leave 'views' out");
}
