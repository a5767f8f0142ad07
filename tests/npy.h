// Files as numpy writes them, for tests of what reads them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace dl::testing {

template <class T>
std::string bytes(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// Format version 1.0 (NEP 1).
inline std::string npy_with(const std::string& header, const std::string& values) {
  const auto length = [&](int shift) { return static_cast<char>(header.size() >> shift & 255); };
  return std::string("\x93NUMPY\x01\0", 8) + length(0) + length(8) + header + values;
}

inline std::string npy(const std::string& descr, const std::string& shape, const std::string& values) {
  return npy_with("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }          \n", values);
}

}  // namespace dl::testing
