// Rows of tables and their gradients: literal results, and the first wrong index, on every device.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/graph/ops/embedding.h"
#include "tests/error_text.h"
#include "tests/evaluate.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("an embedding gives the rows that its indices name, and sums what goes back to each") {
  Graph g;
  const Value table = input(g, "table", {DType::f32, {3, 2}}), indices = input(g, "indices", {DType::i32, {2, 2}});
  const Value dy = input(g, "dy", {DType::f32, {2, 2, 2}});
  const Feed feed{{"table", {1, 2, 3, 4, 5, 6}}, {"indices", {2, 0, 2, 2}}, {"dy", {1, 10, 2, 20, 4, 40, 8, 80}}};
  const Value y = embedding(table, indices, -1);
  check_value(y, feed, {5, 6, 1, 2, 5, 6, 5, 6});
  check_value(gradients(sum(y * dy), {table})[0], feed, {2, 20, 0, 0, 13, 130});
  check_value(gradients(sum(embedding(table, indices, 2) * dy), {table})[0], feed, {2, 20, 0, 0, 0, 0});
}

TEST_CASE("rows of whole numbers keep all their bits") {
  Graph g;
  const Value table = input(g, "table", {DType::i32, {3, 2}}), indices = input(g, "indices", {DType::i32, {4}});
  g.output("y", embedding(table, indices));
  const std::vector<int32_t> numbers{16777217, -1, 0x7f800001, 4, -2147483647, 2147483647}, rows{2, 0, 1, 2};
  for (const std::string& name : devices()) {
    CAPTURE(name);
    const auto device = make_device(name, {.threads = 1});
    Store store(*device);
    Program program(g, store);
    program.feed("table", numbers);
    program.feed("indices", rows);
    program.run();
    std::vector<int32_t> y(8);
    program.read("y", y);
    CHECK(y == std::vector<int32_t>{-2147483647, 2147483647, 16777217, -1, 0x7f800001, 4, -2147483647, 2147483647});
  }
}

TEST_CASE("a table's gradient of many indices, most of them one, agrees with the reference device") {
  const int64_t rows = 400, dim = 12, n = 2500;
  Graph g;
  const Value table = input(g, "table", {DType::f32, {rows, dim}}), indices = input(g, "indices", {DType::i32, {n}});
  const Value y = embedding(table, indices, 3);
  const Value slope = gradients(sum(y * input(g, "dy", {DType::f32, {n, dim}})), {table})[0];
  Feed feed{{"table", random_numbers(rows * dim, 1)}, {"dy", random_numbers(n * dim, 2)}};
  for (int64_t i = 0; i < n; ++i)
    feed["indices"].push_back(static_cast<float>(i % 3 == 0 ? i * 7919 % rows : i % 100 == 1 ? 3 : 77));
  const std::vector<Numbers> expected = evaluate(g, {y, slope}, feed);
  for (const std::string& device : devices()) {
    CAPTURE(device);
    check_agree(evaluate(g, {y, slope}, feed, device), expected, 1e-6);
  }
}

TEST_CASE("the first index that is no row of the table is named") {
  Graph g;
  const Value table = input(g, "table", {DType::f32, {3, 2}}), indices = input(g, "indices", {DType::i32, {600}});
  g.output("y", embedding(table, indices, -1));
  for (const std::string& device : devices()) {
    CAPTURE(device);
    Execution execution(g, device);
    Numbers wrong(600, 1);
    wrong[599] = -7;
    execution.feed({{"table", Numbers(6, 1)}, {"indices", wrong}});
    CHECK(error_text([&] { execution.run(); }).find("index -7 is outside an embedding of 3 rows") != std::string::npos);
    wrong[300] = 3;
    wrong[301] = 99;
    execution.feed({{"indices", wrong}});
    CHECK(error_text([&] { execution.run(); }).find("index 3 is outside") != std::string::npos);
    execution.feed({{"indices", Numbers(600, 2)}});
    execution.run();
    CHECK(execution.output("y")[1199] == 1);
  }
}
