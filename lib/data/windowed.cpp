// Windows as the set makes them, else out of whole images.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/windowed.h"

#include <algorithm>

#include "lib/data/capability.h"

namespace dl {

void get_window(const Dataset& data, int64_t index, const ImageWindow& window, Pair size, Sample& into) {
  if (const auto windowed = capability<Windowed>(data))
    windowed->get_window(windowed.index(index), window, size, into);
  else
    window_of_whole(data, index, window, size, into);
}

void window_of_whole(const Dataset& data, int64_t index, const ImageWindow& window, Pair size, Sample& into) {
  const auto x = static_cast<size_t>(field_index(data, "x"));
  const Type& type = data.fields()[x].type;
  std::byte* const result = into.fields[x];
  into.whole.resize(std::max(into.whole.size(), static_cast<size_t>(type.bytes())));
  into.fields[x] = into.whole.data();
  const std::byte* const image = data.get_in_place(index, x, into);
  into.fields[x] = result;
  resize_window(image, type.dtype, image_type(type, {}), window, result, size);
}

}  // namespace dl
