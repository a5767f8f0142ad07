// normalize: y = (x - mean) / std, where u8 is first scaled to x = u8 / 255: torchvision's ToTensor and Normalize.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/transform.h"
#include "lib/spec/one_or_more.h"

namespace dl {
namespace {

struct Normalize final : Transform {
  OneOrMore<double> mean, std;
  void describe(Schema& s) override {
    s.summary("(x - mean) / std, with images of bytes scaled to [0, 1] before");
    s.details("The same floats as torchvision's ToTensor followed by Normalize.");
    s.required("mean", mean, "of each channel, or one for all");
    s.required("std", std, "of each channel, or one for all").above(0);
    s.also_known_as({"Normalize", "standardize", "normalise"});
    s.example("normalize: {mean: 0.1307, std: 0.3081}");
    s.example("normalize: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}");
    s.check([this](const Report& report) {
      if (mean.values.size() != std.values.size() || mean.values.empty())
        report(concat("expected as many means as standard deviations, got ", mean.values.size(), " and ",
                      std.values.size()));
    });
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const size_t field = input_field(fields);
    return {.fields = {of(field, fields[field].type)}};
  }

  FieldStep of(size_t field, const Type& input) const {
    const auto channels = static_cast<int64_t>(mean.values.size());
    if (channels != 1 && channels != input.shape.last())
      throw Error(Exit::usage,
                  Problem{.where = place,
                          .what = concat("expected 1", input.shape.last() == 1 ? " mean" : "",
                                         input.shape.last() == 1 ? "" : concat(" or ", input.shape.last(), " means"),
                                         " for samples of shape ", input.shape.text(), ", got ", channels),
                          .help = concat("write one of each, for all channels: 'normalize: {mean: ",
                                         number_text(mean.values[0]), ", std: ", number_text(std.values[0]), "}'")});
    if (input.dtype == DType::u8) {
      expect_of_unit_scale();
      std::vector<float> table;
      for (int64_t c = 0; c < channels; ++c)
        for (int i = 0; i < 256; ++i) table.push_back(normalized(static_cast<float>(i) / 255, c));
      return by_table(field, input, std::move(table));
    }
    return {field, input,
            [*this, channels, elements = input.shape.elements()](const std::byte* in, std::byte* out, const Drawn&) {
              const auto* x = reinterpret_cast<const float*>(in);
              auto* y = reinterpret_cast<float*>(out);
              for (int64_t i = 0; i < elements; i += channels)
                for (int64_t c = 0; c < channels; ++c) y[i + c] = normalized(x[i + c], c);
            }};
  }

  // Of bytes, which are numbers from 0 to 1 here, nobody means a larger mean or deviation.
  void expect_of_unit_scale() const {
    const auto is_of_bytes = [](double value) { return value > 2; };
    if (std::ranges::none_of(mean.values, is_of_bytes) && std::ranges::none_of(std.values, is_of_bytes)) return;
    const auto text = [](const std::vector<double>& values, double scale) {
      std::vector<std::string> texts;
      for (const double value : values) texts.push_back(number_text(std::round(value / scale * 1e4) / 1e4));
      return texts.size() == 1 ? texts[0] : "[" + join(texts) + "]";
    };
    const auto both = [&](double scale) {
      return concat("{mean: ", text(mean.values, scale), ", std: ", text(std.values, scale), "}");
    };
    throw Error(Exit::usage, Problem{.where = place,
                                     .what = concat("expected a mean and a deviation of numbers from 0 to 1, which "
                                                    "images of bytes are here, got ",
                                                    both(1)),
                                     .help = concat("write 'normalize: ", both(255), "'")});
  }

  float normalized(float x, int64_t channel) const {
    const auto c = static_cast<size_t>(channel);
    return (x - static_cast<float>(mean.values[c])) / static_cast<float>(std.values[c]);
  }
};
DL_TRANSFORM(Normalize, "normalize");

}  // namespace
}  // namespace dl
