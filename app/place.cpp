// Places below the current folder, without its name.
#include "app/place.h"

#include <filesystem>

namespace dl {

std::string place_text(const Dataset& data, int64_t sample) {
  Where place = data.place(sample);
  std::error_code gone;
  const std::string here = std::filesystem::current_path(gone).string() + "/";
  if (place.file.starts_with(here)) place.file.erase(0, here.size());
  return place.text();
}

}  // namespace dl
