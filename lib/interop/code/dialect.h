// A library of arrays in Python, as operations are written in it: torch, numpy, jax.numpy or keras.ops. What the four
// have in common is the table of lib/interop/code/ops.cpp; here is what differs.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <string_view>

namespace dl::code {

struct Dialect {
  std::string imports;  // lines
  std::string np;       // what functions stand behind: "torch", "np", "jnp", "ops"
  // Texts with {x}, {sizes}, {order}, {axes}, {parts}, {axis}, {slices}, {n} in them.
  std::string reshape, transpose, broadcast, sum, max, mean, concat, cast, iota;
  std::string as_float;  // of a truth value
  std::string samples;   // how many {x} has
  // Of two operands of which the second is a number.
  std::string maximum_number, minimum_number, pow_number;
  std::string array;   // f32 of a list of numbers, {values}
  std::string zeros;   // f32 of {sizes}
  std::string random;  // uniform in [0, 1), of {sizes}
  // Definitions of the functions that code calls, by name; those that call another name it themselves.
  std::map<std::string_view, std::string_view> functions;
};

const Dialect& torch_dialect();
const Dialect& numpy_dialect();
const Dialect& jax_dialect();
const Dialect& keras_dialect();

// The functions that a text calls, and those that these call, each once and behind those that it calls.
std::string functions_called(const Dialect& dialect, const std::string& text);

}  // namespace dl::code
