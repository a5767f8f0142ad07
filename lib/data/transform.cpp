// The decorator that runs samples through transforms, and what transforms of images share.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/transform.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "lib/base/error.h"
#include "lib/data/around.h"
#include "lib/data/boxes.h"
#include "lib/data/capability.h"
#include "lib/data/windowed.h"

namespace dl {

void Transform::say_instead(AnyRegistry& registry) {
  registry.instead_of(
      {"ToTensor", "PILToTensor", "ToImage", "ToDtype", "ConvertImageDtype", "rescale", "rescaling", "scale", "div255"},
      "leave it out: images are numbers from 0 to 1; 'normalize' centres them");
  registry.instead_of({"mixup", "cutmix"}, "write it in 'batch_transforms', as it mixes samples of a batch");
  registry.instead_of({"five_crop", "ten_crop", "FiveCrop", "TenCrop"},
                      "write 'test_time: five_crop' beside 'transforms'; here 'center_crop' is the one in the middle");
  registry.instead_of({"crop"}, "write 'random_crop: 28', or 'center_crop: 28' for the middle");
  registry.instead_of({"mixup_or_cutmix", "random_mixup_cutmix"},
                      "write 'batch_transforms: [{mixup: 0.2}, {cutmix: {probability: 0.5}}]' below 'data'");
  registry.instead_of({"compose", "sequential"}, "write its transforms as items of 'transforms'");
  registry.instead_of({"one_hot", "to_categorical"}, "leave it out: losses take a class by its number");
  registry.instead_of({"zoom", "random_zoom", "random_scale"}, "write 'affine: {degrees: 0, scale: [0.8, 1.2]}'");
  registry.instead_of({"translate", "random_translation", "shift", "width_shift", "height_shift"},
                      "write 'affine: {degrees: 0, translate: [0.1, 0.1]}'");
  registry.instead_of({"shear", "random_shear"}, "write 'affine: {degrees: 0, shear: 10}'");
  registry.instead_of({"train", "training", "val", "valid", "validation", "test", "eval"},
                      "write one list: what is random acts in training alone, elsewhere its plain counterpart does");
  registry.instead_of({"standard_scaler", "StandardScaler", "scaler", "min_max_scaler", "MinMaxScaler", "robust_scaler",
                       "power_transformer", "quantile_transformer"},
                      "leave it out: columns of a table are normalized as they are read; 'normalize: minmax' below "
                      "'train' does it otherwise");
  registry.instead_of({"simple_imputer", "SimpleImputer", "fillna", "impute"}, "write 'impute: median' below 'train'");
  registry.instead_of(
      {"one_hot_encoder", "OneHotEncoder", "ordinal_encoder", "label_encoder", "LabelEncoder"},
      "leave it out: columns of words are categories; 'columns: {NAME: {as: index}}' below 'train' makes "
      "one an input of its own");
  registry.instead_of({"flatten"}, "write '- flatten' in 'model'");
  registry.instead_of({"log_mel", "mel_spectrogram", "MelSpectrogram", "mfcc", "MFCC", "spectrogram", "random_shift",
                       "spec_augment", "time_masking", "frequency_masking", "TimeMasking", "FrequencyMasking"},
                      "sound is not transformed: save its spectrograms as arrays or pictures");
}

namespace {

// What is done to one field, step by step.
struct Chain {
  struct Link {
    size_t step;  // whose numbers it takes
    FieldStep does;
  };
  size_t field;
  size_t raw_bytes;  // before the first
  std::vector<Link> links;
};

class Transformed final : public Around {
 public:
  Transformed(DatasetPointer data, std::vector<TransformStep> steps, std::vector<SampleField> fields)
      : Around(std::move(data)),
        steps_(std::move(steps)),
        fields_(std::move(fields)),
        windowed_(capability<Windowed>(*data_)) {
    for (size_t f = 0; f < data_->fields().size(); ++f) {
      Chain chain{.field = f, .raw_bytes = static_cast<size_t>(data_->fields()[f].type.bytes())};
      for (size_t s = 0; s < steps_.size(); ++s)
        for (const FieldStep& does : steps_[s].fields)
          if (does.field == f) chain.links.push_back({s, does});
      if (!chain.links.empty()) chains_.push_back(std::move(chain));
    }
    x_ = input_field(fields_);
    changes_x_ = std::ranges::count(chains_, x_, &Chain::field) > 0;
    const TransformStep& first = steps_[0];
    for (const FieldStep& does : first.fields)
      if (first.window && does.field == x_) first_window_ = image_of(does.output);
  }

  std::span<const SampleField> fields() const override { return fields_; }
  const std::byte* get_in_place(int64_t index, size_t field, Sample& into) const override {
    return Dataset::get_in_place(index, field, into);
  }

  void get(int64_t index, Sample& into) const override {
    draw(into);
    // The raw values are read beside what comes of them.
    into.results.assign(into.fields.begin(), into.fields.end());
    into.raw.resize(std::max(into.raw.size(), fields_.size()));
    const auto read_beside = [&](size_t field, size_t bytes) {
      std::vector<std::byte>& block = into.raw[field];
      block.resize(std::max(block.size(), bytes));
      into.fields[field] = block.data();
    };
    for (const Chain& chain : chains_) read_beside(chain.field, chain.raw_bytes);
    const std::byte* x = nullptr;
    if (first_window_) {
      if (chain_of_x().links.size() > 1)
        read_beside(x_, static_cast<size_t>(chain_of_x().links[0].does.output.bytes()));
      x = read_window(index, into);
    } else if (changes_x_) {
      x = data_->get_in_place(index, x_, into);
    } else {
      data_->get(index, into);
    }
    for (const Chain& chain : chains_) {
      const bool is_x = chain.field == x_;
      run(chain, is_x && first_window_ ? 1 : 0, is_x ? x : into.fields[chain.field], into);
    }
    for (size_t view = data_->fields().size(); view < fields_.size(); ++view) {
      draw(into);
      std::swap(into.results[x_], into.results[view]);
      if (first_window_) x = read_window(index, into);
      run(chain_of_x(), first_window_ ? 1 : 0, x, into);
      std::swap(into.results[x_], into.results[view]);
    }
    into.fields.assign(into.results.begin(), into.results.end());
  }

  bool has_corners() const {
    return std::ranges::any_of(steps_, [](const TransformStep& step) { return step.corner != nullptr; });
  }

  void move_points(std::span<Point> points) const {
    for (const TransformStep& step : steps_)
      if (step.points) step.points(step.draw ? step.draw(nullptr) : Drawn{}, points);
  }

  bool draws() const {
    SampleRandom random(0, 0, 0);
    for (const TransformStep& step : steps_)
      if (step.draw) step.draw(&random);
    return random.drew();
  }

 private:
  void draw(Sample& into) const {
    into.drawn.clear();
    for (const TransformStep& step : steps_)
      into.drawn.push_back(into.corner > 0 && step.corner ? step.corner(into.corner)
                           : step.draw                    ? step.draw(into.random)
                                                          : Drawn{});
  }

  const Chain& chain_of_x() const { return *std::ranges::find(chains_, x_, &Chain::field); }

  // What the first step makes of "x": where its result goes, if it is the only one, else beside that.
  const std::byte* read_window(int64_t index, Sample& into) const {
    if (chain_of_x().links.size() == 1) into.fields[x_] = into.results[x_];
    const ImageWindow window = steps_[0].window(into.drawn[0]);
    const Pair size{first_window_->h, first_window_->w};
    if (windowed_)
      windowed_->get_window(windowed_.index(index), window, size, into);
    else
      window_of_whole(*data_, index, window, size, into);
    return into.fields[x_];
  }

  // From the link `begin` on; links take turns with two blocks, and the last writes the result.
  static void run(const Chain& chain, size_t begin, const std::byte* values, Sample& into) {
    for (size_t i = begin; i < chain.links.size(); ++i) {
      const auto& [step, does] = chain.links[i];
      std::byte* out = into.results[chain.field];
      if (i + 1 < chain.links.size()) {
        std::vector<std::byte>& block = into.scratch[i % 2];
        block.resize(std::max(block.size(), static_cast<size_t>(does.output.bytes())));
        out = block.data();
      }
      does.apply(values, out, into.drawn[step]);
      values = out;
    }
  }

  const std::vector<TransformStep> steps_;
  const std::vector<SampleField> fields_;
  std::vector<Chain> chains_;
  size_t x_ = 0;
  bool changes_x_ = false;
  std::optional<ImageType> first_window_;  // what the reader is asked for; none: whole images
  const Found<Windowed> windowed_;
};

// The place's nearest, as torchvision's NEAREST: output pixel i is the input's at floor((i + 0.5) s).
void nearest_window(const std::byte* in, const ImageType& from, const ImageWindow& window, std::byte* out, Pair size) {
  constexpr int64_t bytes = sizeof(int32_t);
  for (int64_t y = 0; y < size.h; ++y) {
    const std::byte* row = in + (window.top + (2 * y + 1) * window.h / (2 * size.h)) * from.w * bytes;
    for (int64_t x = 0; x < size.w; ++x, out += bytes)
      std::memcpy(out, row + (window.left + (2 * x + 1) * window.w / (2 * size.w)) * bytes, bytes);
  }
}

}  // namespace

size_t input_field(std::span<const SampleField> fields) {
  const auto x = std::ranges::find(fields, "x", &SampleField::name);
  DL_CHECK(x != fields.end(), "no field x");
  return static_cast<size_t>(x - fields.begin());
}

ImageType image_of(const Type& type) {
  return {type.shape[0], type.shape[1], type.shape.rank() == 3 ? type.shape[2] : 1};
}

Type with_size(const Type& type, Pair size) {
  return {type.dtype, type.shape.rank() == 3 ? Shape{size.h, size.w, type.shape[2]} : Shape{size.h, size.w}};
}

std::vector<size_t> on_image(std::span<const SampleField> fields, const Where& where) {
  const size_t x = input_field(fields);
  const auto [h, w, c] = image_type(fields[x].type, where);
  std::vector<size_t> all{x};
  for (size_t f = 0; f < fields.size(); ++f) {
    const auto& [dtype, shape] = fields[f].type;
    const bool numbers = dtype == DType::f32 && (shape.rank() == 2 || shape.rank() == 3);
    const bool mask = dtype == DType::i32 && shape.rank() == 2;
    if (f != x && !fields[f].boxes && (numbers || mask) && shape[0] == h && shape[1] == w) all.push_back(f);
  }
  return all;
}

Drawn drawn_window(const ImageWindow& window) {
  return {static_cast<double>(window.top), static_cast<double>(window.left), static_cast<double>(window.h),
          static_cast<double>(window.w)};
}
ImageWindow window_drawn(const Drawn& drawn) {
  const auto whole = [&](size_t i) { return static_cast<int64_t>(drawn[i]); };
  return {whole(0), whole(1), whole(2), whole(3)};
}

TransformStep window_step(std::span<const SampleField> fields, const Where& where, Pair size,
                          std::function<ImageWindow(SampleRandom*)> window) {
  TransformStep step{.draw = [window](SampleRandom* random) { return drawn_window(window(random)); },
                     .window = window_drawn};
  for (const size_t field : on_image(fields, where)) {
    const Type& type = fields[field].type;
    step.fields.push_back(
        {field, with_size(type, size),
         [dtype = type.dtype, image = image_of(type), size](const std::byte* in, std::byte* out, const Drawn& drawn) {
           if (dtype == DType::i32)
             nearest_window(in, image, window_drawn(drawn), out, size);
           else
             resize_window(in, dtype, image, window_drawn(drawn), out, size);
         }});
  }
  move_boxes(step, fields, size, [size](const Drawn& drawn, std::span<Point> points) {
    const ImageWindow from = window_drawn(drawn);
    const double across = static_cast<double>(size.w) / static_cast<double>(from.w);
    const double down = static_cast<double>(size.h) / static_cast<double>(from.h);
    for (Point& p : points)
      p = {(p.x - static_cast<double>(from.left)) * across, (p.y - static_cast<double>(from.top)) * down};
  });
  return step;
}

TransformStep with_corners(TransformStep step, const ImageType& image, Pair size) {
  const int64_t rows = image.h - size.h, columns = image.w - size.w;  // room to move in
  if (rows > 0 || columns > 0)
    step.corner = [=](int corner) {
      return drawn_window({corner > 2 ? rows : 0, corner % 2 == 0 ? columns : 0, size.h, size.w});
    };
  return step;
}

FieldStep by_table(size_t field, const Type& input, std::vector<float> table) {
  const int64_t channels = static_cast<int64_t>(table.size()) / 256, elements = input.shape.elements();
  DL_CHECK(input.dtype == DType::u8 && elements % channels == 0, input.shape.text(), ", ", channels, " channels");
  return {field, Type{DType::f32, input.shape},
          [channels, elements, table = std::move(table)](const std::byte* in, std::byte* out, const Drawn&) {
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

bool draws(const Dataset& data) {
  const auto* transformed = dynamic_cast<const Transformed*>(&data);
  return (transformed && transformed->draws()) || (data.inner() && draws(*data.inner()));
}

void move_points(const Dataset& data, std::span<Point> points) {
  if (data.inner()) move_points(*data.inner(), points);
  if (const auto* transformed = dynamic_cast<const Transformed*>(&data)) transformed->move_points(points);
}

bool has_corners(const Dataset& data) {
  const auto* transformed = dynamic_cast<const Transformed*>(&data);
  return (transformed && transformed->has_corners()) || (data.inner() && has_corners(*data.inner()));
}

const Dataset& untransformed(const Dataset& data) {
  const auto* transformed = dynamic_cast<const Transformed*>(&data);
  return transformed ? untransformed(*transformed->inner()) : data;
}

namespace {

// Gives the set's samples the fields of so many views.
void add_views(std::vector<SampleField>& fields, int64_t views) {
  for (int64_t view = 2; view <= views; ++view) {
    SampleField field = fields[input_field(fields)];
    field.name = concat("x", view);
    if (std::ranges::count(fields, field.name, &SampleField::name) > 0)
      throw Error(Exit::usage,
                  Problem{.path = "data.views",
                          .what = concat("the data have a field '", field.name, "' already, the name of a view"),
                          .help = "leave 'views' out, or give the column another name"});
    fields.push_back(std::move(field));
  }
}

[[noreturn]] void fail_alike(const std::vector<SampleField>& fields) {
  const bool is_image = fields[input_field(fields)].type.shape.rank() == 3;
  throw Error(
      Exit::usage,
      Problem{.path = "data.views",
              .what = "no transform draws random numbers, so that all views would be the same",
              .help = concat("leave 'views' out, or write 'transforms: [",
                             is_image ? "random_resized_crop: 24, horizontal_flip" : "gaussian_noise: 0.1", "]'")});
}

}  // namespace

DatasetPointer transformed(DatasetPointer data, const std::vector<std::unique_ptr<Transform>>& transforms,
                           int64_t views) {
  const auto x = std::ranges::find(data->fields(), "x", &SampleField::name);
  if (x == data->fields().end() || x->type.dtype == DType::i32) {
    if (transforms.empty() && views == 1) return data;
    throw Error(Exit::usage,
                Problem{.where = transforms.empty() ? Where{} : transforms[0]->place,
                        .path = transforms.empty() ? "data.views" : "",
                        .what = x == data->fields().end()
                                    ? "the data have no 'x' that transforms could change"
                                    : "expected samples of type u8 or f32, the data's are i32 " + x->type.shape.text(),
                        .help = concat("leave '", transforms.empty() ? "views" : "transforms", "' out")});
  }
  std::vector<SampleField> fields(data->fields().begin(), data->fields().end());
  std::vector<TransformStep> steps;
  const auto add = [&](TransformStep step) {
    for (const FieldStep& does : step.fields) fields[does.field].type = does.output;
    steps.push_back(std::move(step));
  };
  for (size_t i = 0; i < transforms.size(); ++i) {
    try {
      add(transforms[i]->bind(fields));
    } catch (const Error& error) {
      std::vector<Problem> problems = error.problems();
      for (Problem& problem : problems) problem.path = concat("data.transforms[", i, "] (", transforms[i]->name, ")");
      throw Error(error.exit(), std::move(problems));
    }
  }
  const size_t input = input_field(fields);
  if (const Type type = fields[input].type; type.dtype == DType::u8) {
    std::vector<float> table;
    for (int i = 0; i < 256; ++i) table.push_back(static_cast<float>(i) / 255);
    add({.fields = {by_table(input, type, std::move(table))}});
  }
  if (steps.empty() && views > 1) fail_alike(fields);
  if (steps.empty()) return data;
  add_views(fields, views);
  const auto set = std::make_shared<Transformed>(std::move(data), std::move(steps), std::move(fields));
  if (views > 1 && !set->draws()) fail_alike({set->fields().begin(), set->fields().end()});
  return set;
}

}  // namespace dl
