// Which sizes count samples.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/program/open_graph.h"

#include <doctest/doctest.h>

#include "lib/graph/ops.h"

namespace dl::testing {

TEST_CASE("sizes that count samples are told from others, multiples of them too") {
  const OpenGraph open([](Graph& g, int64_t batch) {
    const Value x = input(g, "x", {DType::f32, {batch, 5, 3}});
    g.output("y", reshape(x, {batch * 5, 3}));
  });
  REQUIRE(open.is_open());
  const Value y = open.graph().outputs()[0].value;
  CHECK(open.shape(y.shape()) == OpenShape{{5, true}, {3, false}});
}

TEST_CASE("a graph whose numbers depend on the batch is one of a single sample") {
  const OpenGraph open([](Graph& g, int64_t batch) {
    const Value x = input(g, "x", {DType::f32, {batch, 3}});
    g.output("y", x * (1.0 / static_cast<double>(batch)));
  });
  CHECK(!open.is_open());
  CHECK(open.graph().outputs()[0].value.shape() == Shape{1, 3});
}

}  // namespace dl::testing
