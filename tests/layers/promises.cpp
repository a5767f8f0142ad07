// Every registered layer keeps what a layer promises, in each form that its reference shows.
#include "tests/check_layer.h"

namespace dl::testing {
namespace {

// The shape and number of inputs that the layer takes: an image, else features; one, else two.
LayerCase case_for(const std::string& yaml) {
  const std::unique_ptr<Layer> layer = read_layer(parse_yaml(yaml, "example"));
  for (const Shape& shape : {Shape{5, 5, 2}, Shape{7}})
    for (const int inputs : {1, 2}) try {
        BuiltLayer(*layer, shape, inputs, 1, true);
        return {.yaml = yaml, .input = shape, .inputs = inputs};
      } catch (const ShapeError&) {
      }
  FAIL(yaml, " takes neither an image nor features");
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
