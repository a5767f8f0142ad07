// Gradients against central differences. That shows that forward and backward agree, not that forward is right: an op
// or layer needs literal results beside it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "tests/evaluate.h"

namespace dl::testing {

// Compares `analytic`, the gradient of dot(y, dy) with respect to feed[name], with the slope of a fourth-order central
// difference, at `places` elements at most. Evaluations of `y` are of the fed numbers.
inline void check_slope(const std::string& name, Feed feed, const Numbers& analytic, const Numbers& dy,
                        const std::function<Numbers(const Feed&)>& y, double step = 1.0 / 32, double tolerance = 2e-4,
                        size_t places = 200) {
  Numbers& x = feed.at(name);
  REQUIRE(analytic.size() == x.size());
  double largest = 1;
  for (float d : analytic) largest = std::max(largest, std::abs(double{d}));
  const size_t every = std::max<size_t>(1, x.size() / places);
  for (size_t i = 0; i < x.size(); i += every) {
    const float middle = x[i];
    auto at = [&](double offset) {
      x[i] = static_cast<float>(middle + offset);
      const Numbers values = y(feed);
      double sum = 0;
      for (size_t k = 0; k < values.size(); ++k) sum += double{values[k]} * double{dy[k]};
      return sum;
    };
    const double slope = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
    x[i] = middle;
    const double difference = std::abs(slope - double{analytic[i]});
    CHECK_MESSAGE(difference <= tolerance * largest, "d/d", name, "[", i, "] is ", analytic[i], ", the slope ", slope);
  }
}

// A function of values to check at these numbers.
struct GradientCase {
  struct Argument {
    Shape shape;
    Numbers numbers;
  };
  std::function<Value(const std::vector<Value>&)> build;
  std::vector<Argument> arguments;
  Feed fixed = {};  // other inputs that `build` makes
  double step = 1.0 / 32;
  double tolerance = 2e-4;
};

inline void check_gradient(const GradientCase& c) {
  Graph g;
  Feed feed = c.fixed;
  std::vector<Value> x;
  for (size_t i = 0; i < c.arguments.size(); ++i) {
    const std::string name = "x" + std::to_string(i);
    x.push_back(input(g, name, {DType::f32, c.arguments[i].shape}));
    feed[name] = c.arguments[i].numbers;
  }
  const Value y = c.build(x);
  const Value dy = input(g, "dy", {DType::f32, y.shape()});
  feed["dy"] = random_numbers(y.shape().elements(), 99);
  const std::vector<Value> dx = gradients(sum(y * dy), x);
  Evaluation forward(g, {y});
  for (size_t i = 0; i < x.size(); ++i) {
    const std::string name = "x" + std::to_string(i);
    const Numbers analytic = dx[i] ? evaluate(g, {dx[i]}, feed)[0] : Numbers(c.arguments[i].numbers.size(), 0.0f);
    check_slope(
        name, feed, analytic, feed["dy"], [&](const Feed& f) { return forward(f)[0]; }, c.step, c.tolerance);
  }
}

}  // namespace dl::testing
