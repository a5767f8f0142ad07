// Writing arrays as numpy.savez does: an archive of .npy members, stored.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "lib/graph/type.h"

namespace dl {

struct NpzArray {
  std::string name;
  std::string type;  // "<f4", "<i8", …
  Shape shape;
  std::string bytes;  // row-major
};

// Of less than 4 GiB together; a failed check where they are more.
void write_npz(const std::filesystem::path& path, const std::vector<NpzArray>& arrays);

}  // namespace dl
