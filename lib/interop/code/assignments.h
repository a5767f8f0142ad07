// Calls of a function's body as assignments, each value under a name that nothing that is still read has.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace dl::code {

struct CallText {
  std::string text;            // of {x}, {x1}, …
  std::vector<size_t> inputs;  // values: the inputs of the function, then what each call gives
  std::string own;             // what its value is called where the name of its first input is taken; may be empty
};

struct Assignments {
  std::vector<std::string> lines;  // "x = f(x)"; none where a call gives what it is given, or where nothing reads it
  std::string result;              // a name
};

Assignments assignments(const std::vector<std::string>& inputs, const std::vector<CallText>& calls, size_t result);

}  // namespace dl::code
