// The decorator that shows views.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/test_views.h"

#include <algorithm>

#include "lib/data/around.h"
#include "lib/data/transform.h"

namespace dl {
namespace {

class Viewed final : public Around {
 public:
  Viewed(DatasetPointer data, std::vector<TestView> views)
      : Around(std::move(data)),
        views_(std::move(views)),
        fields_(data_->fields().begin(), data_->fields().end()),
        x_(input_field(fields_)),
        image_(image_of(fields_[x_].type)) {
    DL_CHECK(fields_[x_].type.dtype == DType::f32 && fields_[x_].type.shape.rank() == 3, "views of what is no image");
    fields_[x_].type.shape = {std::ssize(views_), image_.h, image_.w, image_.c};
  }

  std::span<const SampleField> fields() const override { return fields_; }
  const std::byte* get_in_place(int64_t index, size_t field, Sample& into) const override {
    return Dataset::get_in_place(index, field, into);
  }
  void get(int64_t index, Sample& into) const override {
    std::byte* const all = into.fields[x_];
    const int64_t values = image_.h * image_.w * image_.c;
    for (size_t v = 0; v < views_.size(); ++v) {
      into.fields[x_] = all + v * static_cast<size_t>(values) * sizeof(float);
      into.corner = views_[v].corner;
      data_->get(index, into);
      float* const image = reinterpret_cast<float*>(into.fields[x_]);
      if (views_[v].up_down) mirror(image, 1, image_.h, image_.w * image_.c);
      if (views_[v].left_right) mirror(image, image_.h, image_.w, image_.c);
    }
    into.corner = 0;
    into.fields[x_] = all;
  }

 private:
  // Each of `rows` of `count` units of `width` values from its end to its beginning.
  static void mirror(float* values, int64_t rows, int64_t count, int64_t width) {
    for (float* row = values; rows > 0; --rows, row += count * width)
      for (int64_t i = 0; i < count / 2; ++i)
        std::swap_ranges(row + i * width, row + (i + 1) * width, row + (count - 1 - i) * width);
  }

  const std::vector<TestView> views_;
  std::vector<SampleField> fields_;
  const size_t x_;
  const ImageType image_;
};

}  // namespace

std::vector<TestView> test_views(const std::vector<std::string>& names) {
  const auto named = [&](const char* name) { return std::ranges::count(names, name) > 0; };
  std::vector<TestView> views{{}};
  const auto doubled = [&](bool TestView::*mirrored) {
    const size_t count = views.size();
    for (size_t i = 0; i < count; ++i) {
      views.push_back(views[i]);
      views.back().*mirrored = true;
    }
  };
  if (named("five_crop") || named("ten_crop"))
    for (int corner = 1; corner <= 4; ++corner) views.push_back({.corner = corner});
  if (named("horizontal_flip") || named("ten_crop")) doubled(&TestView::left_right);
  if (named("vertical_flip")) doubled(&TestView::up_down);
  return views;
}

DatasetPointer viewed(DatasetPointer data, const std::vector<TestView>& views) {
  if (views.size() == 1) return data;
  return std::make_shared<Viewed>(std::move(data), views);
}

}  // namespace dl
