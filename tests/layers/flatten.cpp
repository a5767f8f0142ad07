// flatten
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("flatten lays an image out channel by channel") {
  check_layer({.yaml = "flatten", .input = {2, 3, 4}});
  check_close(layer_output("flatten", {1, 2, 3}, {1, 2, 3, 4, 5, 6}), {1, 4, 2, 5, 3, 6});
}

TEST_CASE("flatten leaves features and images of one channel as they lie") {
  check_layer({.yaml = "flatten", .input = {7}});
  check_layer({.yaml = "flatten", .input = {2, 3, 1}});
  check_layer({.yaml = "flatten", .input = {1, 1, 5}});
  check_close(layer_output("flatten", {2, 2, 1}, {1, 2, 3, 4}), {1, 2, 3, 4});
}

TEST_CASE("flatten lays a volume out channel by channel, a sequence position by position unless it is told") {
  check_layer({.yaml = "flatten", .input = {2, 2, 2, 3}});
  check_layer({.yaml = "flatten: {channels_first: true}", .input = {3, 2}});
  check_close(layer_output("flatten", {2, 1, 1, 2}, {1, 2, 3, 4}), {1, 3, 2, 4});
  check_close(layer_output("flatten", {2, 2}, {1, 2, 3, 4}), {1, 2, 3, 4});
  check_close(layer_output("flatten: {channels_first: true}", {2, 2}, {1, 2, 3, 4}), {1, 3, 2, 4});
}
