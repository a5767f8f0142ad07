// Calls of a function's body as assignments, each value under a name that nothing that is still read has.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/spec/blocks.h"

namespace dl::code {

struct CallText {
  std::string text;            // of {x}, {x1}, …
  std::vector<size_t> inputs;  // values: the inputs of the function, then what each call gives
  std::string own;             // what its value is called where the name of its first input is taken; may be empty
};

struct Assignments {
  // "x = f(x)"; none where a call gives what it is given, or the result is not made of it.
  std::vector<std::string> lines;
  std::string result;  // a name
};

// Which of the values, the inputs and then what each call gives, `result` is made of.
template <class Call>
std::vector<char> values_read(size_t inputs, const std::vector<Call>& calls, size_t result) {
  std::vector<char> is_read(inputs + calls.size(), 0);
  is_read[result] = 1;
  for (size_t i = calls.size(); i-- > 0;)
    for (const size_t v : calls[i].inputs)
      if (is_read[inputs + i] != 0) is_read[v] = 1;
  return is_read;
}

Assignments assignments(const std::vector<std::string>& inputs, const std::vector<CallText>& calls, size_t result);

// An item's call in a function of so many inputs.
CallText call_of(const ModelItem& item, std::string text, size_t inputs);

// The body of a method: the items' calls, and what `output` of them gives, or the last.
std::string method_body(const std::vector<ModelItem>& items, const std::vector<std::string>& inputs,
                        const std::vector<CallText>& calls, const std::optional<std::string>& output);

}  // namespace dl::code
