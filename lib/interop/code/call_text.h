// Calls in Python as twins write them, read: layers.Conv2D(filters=4, kernel_size=(3, 3))({x}).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace dl::code {

struct CallTree {
  enum class Kind { name, number, text, list, call };
  Kind kind = Kind::name;
  std::string text;             // of all but lists and calls; of a placeholder "{x}"
  std::vector<CallTree> items;  // of a list or a tuple; of a call what is called, then its arguments without a name
  std::vector<std::pair<std::string, CallTree>> named;  // of a call
};

// A text that is none of these is a failed check.
CallTree read_call(const std::string& text);

}  // namespace dl::code
