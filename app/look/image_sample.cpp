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

std::string three_digits(double value) { return number_text(std::round(value * 1000) / 1000); }

int64_t middle(std::vector<int64_t> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

std::string size_text(Pair size) { return concat(size.h, " × ", size.w); }

std::string ImageSample::text(int64_t all) const {
  return concat(grey ? "grey" : "of colour", ", ",
                all_alike ? size_text(most) : concat("from ", size_text(least), " to ", size_text(most)),
                looked_at < all ? concat(", as ", looked_at, " of them are") : std::string());
}

std::string ImageSample::normalize_yaml() const {
  const auto of = [&](const double(&values)[3]) {
    if (grey) return three_digits(values[0]);
    return "[" + three_digits(values[0]) + ", " + three_digits(values[1]) + ", " + three_digits(values[2]) + "]";
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
  for (const fs::path& path : images) try {
      const Pair size = image_size(path);
      if (heights.empty()) s.least = s.most = size;
      s.least = {std::min(s.least.h, size.h), std::min(s.least.w, size.w)};
      s.most = {std::max(s.most.h, size.h), std::max(s.most.w, size.w)};
      heights.push_back(size.h);
      widths.push_back(size.w);
      readable.push_back(path);
    } catch (const Error& error) {
      ++s.unreadable;
      wrong = error.problems().front();
    }
  if (readable.empty()) throw Error(Exit::data, *wrong);
  s.all_alike = s.least.h == s.most.h && s.least.w == s.most.w;
  s.size = {middle(heights), middle(widths)};
  if (std::max(s.size.h, s.size.w) > longest + longest / 2) {  // brought to a size that trains in minutes
    const double shrink = static_cast<double>(longest) / static_cast<double>(std::max(s.size.h, s.size.w));
    for (int64_t* side : {&s.size.h, &s.size.w})
      *side = std::max<int64_t>(
          16, std::llround(static_cast<double>(*side) * shrink / static_cast<double>(multiple)) * multiple);
  }
  double sums[3] = {}, squares[3] = {};
  std::vector<std::byte> values(static_cast<size_t>(s.size.h * s.size.w * 3));
  for (const fs::path& path : readable) try {
      read_image(path, {.size = s.size, .channels = 3, .may_resize = true}, values.data());
      ++s.looked_at;
      for (size_t i = 0; i < values.size(); i += 3) {
        s.grey &= values[i] == values[i + 1] && values[i] == values[i + 2];
        for (size_t c = 0; c < 3; ++c) {
          const double value = static_cast<double>(values[i + c]) / 255;
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
    s.deviation[c] = std::max(0.01, std::sqrt(std::max(0.0, squares[c] / count - s.mean[c] * s.mean[c])));
  }
  return s;
}

}  // namespace dl
