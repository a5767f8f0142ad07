// Every registered layer keeps what a layer promises, in each form that its reference shows.
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

namespace dl::testing {
namespace {

// As large along each axis as two of them, but for the last.
Shape twice(Shape shape) {
  for (int axis = 0; axis + 1 < shape.rank(); ++axis) shape[axis] *= 2;
  return shape;
}

// The shape, type and number of inputs that the layer takes: an image, else features, a sequence of them or of whole
// numbers, or a volume; one, else two, of which the second may be larger.
LayerCase case_for(const std::string& yaml) {
  const std::unique_ptr<Layer> layer = read_registered_as<Layer>(yaml);
  const auto is = [&](const std::string& part) { return yaml.find(part) != std::string::npos; };
  const bool chooses = is("max_pool") || is("max_unpool");  // a small step must not change which is largest
  const bool steep = is("conv_lstm") || is("window_attention"), steep_at_0 = yaml == "div" || is("lp_pool");
  for (const int64_t indices : {0, 4})
    for (const Shape& shape : {Shape{5, 5, 2}, Shape{7}, Shape{5, 8}, Shape{3, 4, 5, 2}})
      for (const auto& [inputs, second] : {std::pair<int, Shape>{1, {}}, {2, {}}, {2, twice(shape)}}) try {
          const LayerCase found{.yaml = yaml,
                                .input = shape,
                                .inputs = inputs,
                                .second = second,
                                .indices = indices,
                                .tolerance = steep_at_0 ? 2e-3 : 2e-4,
                                .spacing = steep_at_0                                 ? 2.0f
                                           : steep || (shape.rank() == 2 && !chooses) ? 0.02f
                                                                                      : 0.2f};
          BuiltLayer(*layer, found, 1, true);
          return found;
        } catch (const ShapeError&) {
        }
  FAIL(yaml, " takes neither an image nor features nor a sequence nor a volume");
  return {};
}

}  // namespace

TEST_CASE("a layer's gradients are right, on every device, in each form that its reference shows") {
  for (const std::string& name : Registry<Layer>::instance().names()) {
    const std::unique_ptr<Layer> layer = Registry<Layer>::make(name);
    const Schema schema = schema_of(*layer);
    CHECK_MESSAGE(!schema.examples().empty(), name, " shows no example");
    for (const std::string& example : schema.examples()) check_layer(case_for(example));
  }
}

}  // namespace dl::testing
