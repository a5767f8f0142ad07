// Transforms of images beside what torchvision computes.
// SPDX-License-Identifier: Apache-2.0
#include <numeric>
#include <random>

#include "lib/data/image/warp.h"
#include "lib/data/transform.h"
#include "tests/data/images_for_test.h"
#include "tests/golden/golden.h"

using namespace dl;
using namespace dl::golden;
using namespace dl::testing;

namespace {

std::string from_hexadecimal(const std::string& digits) {
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return bytes;
}

// The image as tests/golden/golden.py makes it.
std::string recorded_image(int64_t values, bool numbers) {
  std::string bytes;
  std::vector<float> floats;
  for (int64_t i = 0; i < values; ++i) {
    const auto value = static_cast<uint8_t>((i * 2654435761 >> 11) % 256);
    bytes += static_cast<char>(value);
    floats.push_back(static_cast<float>(value) / 255);
  }
  return numbers ? bytes_of_floats(floats) : bytes;
}

// The recorded case done by the functions that the transform calls, where it says by what places.
std::string moved(const Json& recorded, const Type& type, const std::string& image) {
  const ImageType size{type.shape[0], type.shape[1], type.shape[2]};
  const float fill = recorded["fill"];
  const WarpOptions options{.bilinear = recorded["bilinear"], .fill = {&fill, 1}};
  std::string out(image.size(), '\0');
  const auto* in = reinterpret_cast<const std::byte*>(image.data());
  auto* into = reinterpret_cast<std::byte*>(out.data());
  if (recorded.contains("displacement")) {
    const auto d = recorded["displacement"].get<std::vector<std::vector<float>>>();
    displace(in, type.dtype, size, d[0].data(), d[1].data(), options, into);
    return out;
  }
  const double w = static_cast<double>(size.w), h = static_cast<double>(size.h);
  if (recorded.contains("affine")) {
    const auto a = recorded["affine"].get<std::vector<double>>();
    warp(in, type.dtype, size, places_of(AffineMap{a[0], a[1], a[2], a[3], a[4], a[5]}, w / 2, h / 2), options, into);
    return out;
  }
  const Corners from{{{-0.5, -0.5}, {w - 1.5, -0.5}, {w - 1.5, h - 1.5}, {-0.5, h - 1.5}}};
  Corners to;
  for (size_t i = 0; i < 4; ++i)
    for (size_t k = 0; k < 2; ++k) to[i][k] = recorded["corners"][i][k].get<double>() - 0.5;
  warp(in, type.dtype, size, places_of(from, to), options, into);
  return out;
}

}  // namespace

TEST_CASE("transforms of images give torchvision's bytes, or neighbours of them where it rounds") {
  int64_t values = 0, next = 0, other = 0;
  for_each_case("transforms", [&](const Json& recorded) {
    const auto shape = recorded["image"].get<std::vector<int64_t>>();
    const bool numbers = recorded.value("of_numbers", false);
    const Type type{numbers ? DType::f32 : DType::u8, {shape[0], shape[1], shape[2]}};
    const std::string image = recorded_image(type.shape.elements(), numbers), yaml = recorded["yaml"];
    std::string ours;
    Shape output = type.shape;
    if (yaml.empty()) {
      ours = moved(recorded, type, image);
    } else {
      const auto transforms = read_transforms("[" + yaml + "]");
      const std::vector<SampleField> fields{{"x", type}};
      const TransformStep step = transforms[0]->bind(fields);
      SampleRandom random(1, 0, 0);
      output = step.fields[0].output.shape;
      ours.resize(static_cast<size_t>(step.fields[0].output.bytes()));
      step.fields[0].apply(reinterpret_cast<const std::byte*>(image.data()), reinterpret_cast<std::byte*>(ours.data()),
                           step.draw ? step.draw(&random) : Drawn{});
    }
    CHECK(output == shape_of({{"shape", recorded["output"]}}));
    if (recorded.contains("numbers")) {
      const auto y = floats(ours);
      check_near("y", Numbers(y.begin(), y.end()), recorded["numbers"], 2e-5);
      return;
    }
    const std::string theirs = from_hexadecimal(recorded["bytes"]);
    REQUIRE(ours.size() == theirs.size());
    int64_t differ = 0;
    for (size_t i = 0; i < ours.size(); ++i) {
      const int apart = std::abs(static_cast<uint8_t>(ours[i]) - static_cast<uint8_t>(theirs[i]));
      next += apart == 1, other += apart > 1, differ += apart > 1;
    }
    values += std::ssize(ours);
    CHECK_MESSAGE(differ == 0, recorded.dump().substr(0, 300));
  });
  CHECK(values > 20000);
  CHECK(static_cast<double>(next) < 0.01 * static_cast<double>(values));
  CHECK(other == 0);
}
