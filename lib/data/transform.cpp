// The decorator that runs samples through transforms.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/transform.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/data/around.h"
#include "lib/data/capability.h"
#include "lib/data/windowed.h"

namespace dl {

void Transform::say_instead(AnyRegistry& registry) {
  registry.instead_of(
      {"ToTensor", "PILToTensor", "ToImage", "ToDtype", "ConvertImageDtype", "rescale", "rescaling", "scale", "div255"},
      "leave it out: images are numbers from 0 to 1; 'normalize' centres them");
  registry.instead_of({"random_rotation", "rotate", "RandomAffine", "random_zoom", "color_jitter", "RandomBrightness",
                       "RandomContrast", "random_erasing", "cutout", "autoaugment", "trivial_augment", "randaugment",
                       "vertical_flip", "random_vertical_flip", "mixup", "cutmix", "gaussian_blur"},
                      "write 'random_crop', 'random_resized_crop' or 'horizontal_flip': these change images at random");
  registry.instead_of({"grayscale", "RandomGrayscale"}, "write 'channels: 1' beside the images' 'path'");
  registry.instead_of({"compose", "sequential"}, "write its transforms as items of 'transforms'");
  registry.instead_of({"one_hot", "to_categorical"}, "leave it out: losses take a class by its number");
  registry.instead_of({"flatten", "reshape"}, "write '- flatten' in 'model'");
}

namespace {

class Transformed final : public Around {
 public:
  Transformed(DatasetPointer data, std::vector<TransformStep> steps)
      : Around(std::move(data)),
        steps_(std::move(steps)),
        fields_(data_->fields().begin(), data_->fields().end()),
        x_(static_cast<size_t>(field_index(*data_, "x"))),
        raw_bytes_(static_cast<size_t>(fields_[x_].type.bytes())),
        windowed_(capability<Windowed>(*data_)) {
    fields_[x_].type = steps_.back().output;
  }

  std::span<const SampleField> fields() const override { return fields_; }
  const std::byte* get_in_place(int64_t index, size_t field, Sample& into) const override {
    return Dataset::get_in_place(index, field, into);
  }

  void get(int64_t index, Sample& into) const override {
    std::byte* const result = into.fields[x_];
    // Where step i writes; steps take turns with the two blocks.
    const auto output = [&](size_t i) {
      if (i + 1 == steps_.size()) return result;
      std::vector<std::byte>& block = into.scratch[i % 2];
      block.resize(std::max(block.size(), static_cast<size_t>(steps_[i].output.bytes())));
      return block.data();
    };
    size_t done = 0;
    const std::byte* values = nullptr;
    if (const TransformStep& first = steps_[0]; first.window) {
      const ImageType image = image_type(first.output, {});
      values = into.fields[x_] = output(done++);
      read_window(index, first.window(into.random), {image.h, image.w}, into);
    } else {
      into.whole.resize(std::max(into.whole.size(), raw_bytes_));
      into.fields[x_] = into.whole.data();
      values = data_->get_in_place(index, x_, into);
    }
    into.fields[x_] = result;
    for (; done < steps_.size(); ++done) {
      std::byte* const out = output(done);
      steps_[done].apply(values, out, into.random);
      values = out;
    }
  }

 private:
  void read_window(int64_t index, const ImageWindow& window, Pair size, Sample& into) const {
    if (windowed_)
      windowed_->get_window(windowed_.index(index), window, size, into);
    else
      window_of_whole(*data_, index, window, size, into);
  }

  const std::vector<TransformStep> steps_;
  std::vector<SampleField> fields_;
  const size_t x_, raw_bytes_;
  const Found<Windowed> windowed_;
};

}  // namespace

TransformStep window_step(const Type& input, Pair size, std::function<ImageWindow(SampleRandom*)> window) {
  const ImageType image = image_type(input, {});
  return {Type{input.dtype, {size.h, size.w, image.c}},
          [=, dtype = input.dtype](const std::byte* in, std::byte* out, SampleRandom* random) {
            resize_window(in, dtype, image, window(random), out, size);
          },
          window};
}

TransformStep by_table(const Type& input, std::vector<float> table) {
  const int64_t channels = static_cast<int64_t>(table.size()) / 256, elements = input.shape.elements();
  DL_CHECK(input.dtype == DType::u8 && elements % channels == 0, input.shape.text(), ", ", channels, " channels");
  return {Type{DType::f32, input.shape},
          [channels, elements, table = std::move(table)](const std::byte* in, std::byte* out, SampleRandom*) {
            const float* values = table.data();
            float* y = reinterpret_cast<float*>(out);
            if (channels == 1) {
              for (int64_t i = 0; i < elements; ++i) y[i] = values[static_cast<uint8_t>(in[i])];
              return;
            }
            if (channels == 3) {
              for (int64_t i = 0; i < elements; i += 3)
                for (int64_t c = 0; c < 3; ++c) y[i + c] = values[c * 256 + static_cast<uint8_t>(in[i + c])];
              return;
            }
            for (int64_t i = 0; i < elements; i += channels)
              for (int64_t c = 0; c < channels; ++c) y[i + c] = values[c * 256 + static_cast<uint8_t>(in[i + c])];
          }};
}

const Dataset& untransformed(const Dataset& data) {
  const auto* transformed = dynamic_cast<const Transformed*>(&data);
  return transformed ? untransformed(*transformed->inner()) : data;
}

DatasetPointer transformed(DatasetPointer data, const std::vector<std::unique_ptr<Transform>>& transforms) {
  const auto x = std::ranges::find(data->fields(), "x", &SampleField::name);
  if (x == data->fields().end() || x->type.dtype == DType::i32) {
    if (transforms.empty()) return data;
    throw Error(Exit::usage,
                Problem{.where = transforms[0]->place,
                        .what = x == data->fields().end()
                                    ? "the data have no 'x' that transforms could change"
                                    : "expected samples of type u8 or f32, the data's are i32 " + x->type.shape.text(),
                        .help = "leave 'transforms' out"});
  }
  Type type = x->type;
  std::vector<TransformStep> steps;
  for (size_t i = 0; i < transforms.size(); ++i) {
    try {
      steps.push_back(transforms[i]->bind(type));
    } catch (const Error& error) {
      std::vector<Problem> problems = error.problems();
      for (Problem& problem : problems) problem.path = concat("data.transforms[", i, "] (", transforms[i]->name, ")");
      throw Error(error.exit(), std::move(problems));
    }
    type = steps.back().output;
  }
  if (type.dtype == DType::u8) {
    std::vector<float> table;
    for (int i = 0; i < 256; ++i) table.push_back(static_cast<float>(i) / 255);
    steps.push_back(by_table(type, std::move(table)));
  }
  if (steps.empty()) return data;
  return std::make_shared<Transformed>(std::move(data), std::move(steps));
}

}  // namespace dl
