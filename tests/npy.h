// Files as numpy writes them, for tests of what reads them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/data/array/npy.h"

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

// The numbers of a .npy file, or of an array in an .npz.
inline std::vector<float> floats_of(const std::filesystem::path& file, const std::string& name = "") {
  const NpyArray array(file, name);
  std::vector<float> values(static_cast<size_t>(array.shape().elements()));
  std::vector<std::byte> scratch(values.size() * sizeof(float));
  array.read_values(0, array.shape().elements(), DType::f32, reinterpret_cast<std::byte*>(values.data()),
                    scratch.data());
  return values;
}

}  // namespace dl::testing
