// What a device may do besides: compute as another process's did, though something else was measured since.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace dl {

// A device that decides by measurements of this machine what its last bits depend on says in Device::arithmetic(), from
// the second line on, what it decided.
class RepeatsArithmetic {
 public:
  virtual ~RepeatsArithmetic() = default;
  // Told before anything is compiled: to decide as the device that said this. What does not hold here is left out, and
  // arithmetic() says another thing then.
  virtual void compute_as(const std::string& arithmetic) = 0;
};

// The line of Device::arithmetic() that is for people.
inline std::string arithmetic_title(const std::string& arithmetic) {
  return arithmetic.substr(0, arithmetic.find('\n'));
}

}  // namespace dl
