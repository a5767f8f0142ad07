// multi_head_attention
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("multi_head_attention keeps the shape of its sequence") {
  check_layer({.yaml = "multi_head_attention: 2", .input = {5, 8}, .spacing = 0.02f});
  check_layer({.yaml = "multi_head_attention: {num_heads: 4, num_kv_heads: 2, causal: true, bias: false}",
               .input = {6, 8},
               .spacing = 0.02f});
  check_layer(
      {.yaml = "multi_head_attention: {num_heads: 2, head_dim: 3, dropout: 0.5}", .input = {4, 5}, .spacing = 0.02f});
  check_layer({.yaml = "multi_head_attention: {num_heads: 1}", .input = {3, 4}, .inputs = 2, .spacing = 0.02f});
  for (const char* dims : {"head_dim: 3, value_dim: 5", "head_dim: 5, value_dim: 2"})
    check_layer({.yaml = concat("multi_head_attention: {num_heads: 2, ", dims, ", causal: true}"),
                 .input = {4, 6},
                 .spacing = 0.02f});
}

TEST_CASE("where attention is causal a position does not depend on later ones") {
  const std::string yaml = "multi_head_attention: {num_heads: 2, causal: true}";
  Numbers x = random_numbers(5 * 4, 1);
  const Numbers before = layer_output(yaml, {5, 4}, x);
  for (size_t i = 12; i < 20; ++i) x[i] += 1;
  const Numbers after = layer_output(yaml, {5, 4}, x);
  CHECK(Numbers(before.begin(), before.begin() + 12) == Numbers(after.begin(), after.begin() + 12));
  CHECK(before != after);
}

TEST_CASE("multi_head_attention says what does not fit") {
  CHECK(layer_error("multi_head_attention: 3", {{4, 8}}) ==
        "cannot divide 8 features among 3 heads; set num_heads to a divisor, or head_dim");
  CHECK(layer_error("multi_head_attention: 2", {{8}}) ==
        "expected a sequence [length, features], got shape [8]; put 'unflatten: [-1, 1]' before it where this is a "
        "sequence of one channel");
  CHECK(layer_error("multi_head_attention: 2", {{8}}, 9) ==
        "expected a sequence [length, features], got whole numbers; put 'embedding' before it");
  CHECK(layer_error("multi_head_attention: 2", {{4, 8}, {5, 6}, {4, 8}}) ==
        "expected as many values as keys, got 5 keys and 4 values");
  CHECK(layer_error("multi_head_attention: 2", {{4, 8}, {4, 8}, {4, 8}, {4, 8}}) ==
        "expected one to three sequences, got 4");
}
