// A batch before and after a transform of batches.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/batch_transform.h"
#include "tests/error_text.h"
#include "tests/evaluate.h"
#include "tests/read_registered.h"

namespace dl::testing {

// The batch and its targets after the transform, with the numbers that `drawn` gives for what is to be drawn.
inline std::vector<Numbers> transformed(const std::string& yaml, const Shape& shape, const Numbers& x, const Numbers& y,
                                        const std::function<Numbers(const Draw&)>& drawn) {
  Graph g;
  const int64_t batch = shape[0];
  BatchFields fields{.inputs = {{"x", input(g, "x", {DType::f32, shape})}},
                     .targets = {{"y", input(g, "y", {DType::f32, {batch, std::ssize(y) / batch}})}}};
  Feed feed{{"x", x}, {"y", y}};
  read_registered_as<BatchTransform>(yaml)->build(fields, [&](size_t count, const Draw& draw) {
    const Numbers numbers = drawn(draw);
    REQUIRE(count == numbers.size());
    std::vector<Value> values;
    for (size_t i = 0; i < count; ++i) {
      const std::string name = "drawn/" + std::to_string(i);
      feed[name] = {numbers[i]};
      values.push_back(input(g, name, Type{}));
    }
    return values;
  });
  return evaluate(g, {fields.inputs.at("x"), fields.targets.at("y")}, feed);
}

// The same with these numbers drawn.
inline std::vector<Numbers> transformed(const std::string& yaml, const Shape& shape, const Numbers& x, const Numbers& y,
                                        const Numbers& drawn) {
  return transformed(yaml, shape, x, y, [&](const Draw&) { return drawn; });
}

// What the transform's draws of many batches are.
inline std::vector<std::vector<double>> draws(const std::string& yaml, const Shape& shape, int64_t batches) {
  std::vector<std::vector<double>> all;
  Graph g;
  BatchFields fields{.inputs = {{"x", input(g, "x", {DType::f32, shape})}}, .targets = {}};
  read_registered_as<BatchTransform>(yaml)->build(fields, [&](size_t count, const Draw& draw) {
    for (int64_t batch = 0; batch < batches; ++batch) {
      BatchRandom random(7, 0, batch);
      all.push_back(draw(random));
      CHECK(all.back().size() == count);
    }
    return std::vector<Value>(count, constant(g, 0));
  });
  return all;
}

// What it says of an input of this type.
inline std::string refusal_of(const std::string& yaml, const Type& type) {
  Graph g;
  BatchFields fields{.inputs = {{"x", input(g, "x", type)}}, .targets = {}};
  return error_text<ShapeError>([&] {
    read_registered_as<BatchTransform>(yaml)->build(
        fields, [&](size_t count, const Draw&) { return std::vector<Value>(count, constant(g, 0)); });
  });
}

}  // namespace dl::testing
