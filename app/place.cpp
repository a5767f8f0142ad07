// Places below the current folder, without its name.
// SPDX-License-Identifier: Apache-2.0
#include "app/place.h"

#include <filesystem>

namespace dl {

std::string place_text(const Dataset& data, int64_t sample) {
  Where place = data.place(sample);
  std::error_code gone;
  const std::string here = std::filesystem::current_path(gone).string() + "/";
  for (const std::string& beginning : {here, std::string("./")})
    if (place.file.starts_with(beginning)) place.file.erase(0, beginning.size());
  return place.text();
}

}  // namespace dl
