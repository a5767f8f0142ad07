// Rows replaced: literal results on every device.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/graph/ops/write_rows.h"
#include "tests/evaluate.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("each sample's row is replaced at its own position") {
  Graph g;
  const Value into = input(g, "into", {DType::f32, {2, 3, 2}}), rows = input(g, "rows", {DType::f32, {2, 1, 2}});
  const Value y = write_rows(into, rows, input(g, "position", {DType::i32, {2}}));
  check_value(y, {{"into", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}, {"rows", {-1, -2, -3, -4}}, {"position", {2, 0}}},
              {1, 2, 3, 4, -1, -2, -3, -4, 9, 10, 11, 12});
}

TEST_CASE("a variable keeps the rows of earlier runs, and is read after it was written") {
  for (const std::string& device : devices()) {
    CAPTURE(device);
    Graph g;
    const Value kept = variable(g, {"kept", {DType::f32, {1, 3, 1}}}), row = input(g, "row", {DType::f32, {1, 1, 1}});
    const Value now = write_rows(kept, row, input(g, "position", {DType::i32, {1}}));
    g.output("sum", sum(now));
    g.assign("kept", now);
    Execution execution(g, device);
    float expected = 0;
    for (const float i : {0.0f, 1.0f, 2.0f}) {
      execution.feed({{"row", {i + 5}}, {"position", {i}}});
      execution.run();
      CHECK(execution.output("sum")[0] == (expected += i + 5));
    }
    CHECK(execution.variable("kept") == Numbers{5, 6, 7});
  }
}
