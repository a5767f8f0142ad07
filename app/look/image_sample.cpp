// Sizes, colours, means and deviations of images.
// SPDX-License-Identifier: Apache-2.0
#include "app/look/image_sample.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/image/image.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

std::string rounded(double value, double steps) { return number_text(std::round(value * steps) / steps); }

int64_t middle(std::vector<int64_t> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

std::string size_text(Pair size) { return concat(size.h, " × ", size.w); }

std::string ImageSample::text(int64_t all) const {
  return concat(grey ? "grey" : "of colour", deep ? " of 16 bits, " : ", ",
                all_alike ? size_text(most) : concat("from ", size_text(least), " to ", size_text(most)),
                looked_at < all ? concat(", as ", looked_at, " of them are") : std::string());
}

std::string ImageSample::keys_yaml() const {
  return concat(", size: [", size.h, ", ", size.w, "]", grey ? ", channels: 1" : "", deep ? ", bits: 16" : "");
}

std::string ImageSample::normalize_yaml() const {
  const auto of = [&](const double(&values)[3]) {
    const auto text = [&](double value) { return rounded(value, deep ? 1e5 : 1e3); };
    if (grey) return text(values[0]);
    return "[" + text(values[0]) + ", " + text(values[1]) + ", " + text(values[2]) + "]";
  };
  return "    - normalize: {mean: " + of(mean) + ", std: " + of(deviation) + "}   # as the images have it\n";
}

std::vector<fs::path> some_of(const std::vector<fs::path>& images, size_t wanted) {
  std::vector<fs::path> some;
  const size_t step = std::max<size_t>(1, images.size() / wanted);
  for (size_t i = 0; i < images.size(); i += step) some.push_back(images[i]);
  return some;
}

ImageSample sample_images(const std::vector<fs::path>& images, int64_t longest, int64_t multiple) {
  ImageSample s;
  std::vector<int64_t> heights, widths;
  std::vector<fs::path> readable;
  std::optional<Problem> wrong;
  int64_t deep = 0;
  for (const fs::path& path : images) try {
      const Pair size = image_size(path);
      if (heights.empty()) s.least = s.most = size;
      s.least = {std::min(s.least.h, size.h), std::min(s.least.w, size.w)};
      s.most = {std::max(s.most.h, size.h), std::max(s.most.w, size.w)};
      heights.push_back(size.h);
      widths.push_back(size.w);
      readable.push_back(path);
      deep += image_bits(path) == 16;
    } catch (const Error& error) {
      ++s.unreadable;
      wrong = error.problems().front();
    }
  if (readable.empty()) throw Error(Exit::data, *wrong);
  s.deep = 2 * deep > std::ssize(readable);
  s.all_alike = s.least.h == s.most.h && s.least.w == s.most.w;
  s.size = {middle(heights), middle(widths)};
  if (std::max(s.size.h, s.size.w) > longest + longest / 2) {  // brought to a size that trains in minutes
    const double shrink = static_cast<double>(longest) / static_cast<double>(std::max(s.size.h, s.size.w));
    for (int64_t* side : {&s.size.h, &s.size.w})
      *side = std::max<int64_t>(
          16, std::llround(static_cast<double>(*side) * shrink / static_cast<double>(multiple)) * multiple);
  }
  double sums[3] = {}, squares[3] = {};
  std::vector<float> values(static_cast<size_t>(s.size.h * s.size.w * 3));
  for (const fs::path& path : readable) try {
      read_image(path, {.size = s.size, .channels = 3, .may_resize = true, .dtype = DType::f32},
                 reinterpret_cast<std::byte*>(values.data()));
      ++s.looked_at;
      for (size_t i = 0; i < values.size(); i += 3) {
        s.grey &= values[i] == values[i + 1] && values[i] == values[i + 2];
        for (size_t c = 0; c < 3; ++c) {
          const auto value = static_cast<double>(values[i + c]);
          sums[c] += value;
          squares[c] += value * value;
        }
      }
    } catch (const Error& error) {
      ++s.unreadable;
      wrong = error.problems().front();
    }
  if (s.looked_at == 0) throw Error(Exit::data, *wrong);
  const auto count = static_cast<double>(s.looked_at * s.size.h * s.size.w);
  for (size_t c = 0; c < 3; ++c) {
    s.mean[c] = sums[c] / count;
    s.deviation[c] =
        std::max(s.deep ? 1e-4 : 0.01, std::sqrt(std::max(0.0, squares[c] / count - s.mean[c] * s.mean[c])));
  }
  return s;
}

}  // namespace dl
