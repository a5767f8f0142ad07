// Telling layouts by their sizes, and changing them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/image_layout.h"

#include <cstring>

#include "lib/base/error.h"

namespace dl {

std::vector<std::string> image_layouts() { return {"channels_last", "channels_first", "grey"}; }

LaidOut lay_out(const Shape& stored, bool two_are_grey, const std::optional<std::string>& layout) {
  LaidOut result{.shape = stored};
  if (layout == "channels_first" && stored.rank() == 2 && !two_are_grey) {
    result.shape = {stored[1], stored[0]};
    result.channels_first = true;
    return result;
  }
  if (const int sizes = layout == "grey" ? 2 : 3; layout && stored.rank() != sizes) {
    result.refused =
        concat("expected samples of ", sizes, " sizes with 'layout: ", *layout, "', found ", stored.text());
    result.help = "leave 'layout' out";
  } else if (stored.rank() == 2 && (layout || two_are_grey)) {
    result.shape = {stored[0], stored[1], 1};
  } else if (layout == "channels_first") {
    result.shape = {stored[1], stored[2], stored[0]};
    result.channels_first = true;
  } else if (stored.rank() == 3 && !layout) {
    const int64_t first = stored[0], last = stored[2];
    if ((first == 1 || first == 3 || first == 4) && last > 4) {
      result.warning =
          concat("samples ", stored.text(), " look like [channels, height, width], and are read as height ", first,
                 ", width ", stored[1], " and ", last, " channels");
      result.help = "write 'layout: channels_first', or 'layout: channels_last' if it is meant so";
    }
  }
  return result;
}

void interleave_channels(const std::byte* planes, const Type& type, std::byte* into) {
  const int64_t channels = type.shape.last(), pixels = type.shape.elements() / channels;
  const auto bytes = static_cast<size_t>(bytes_of(type.dtype));
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t p = 0; p < pixels; ++p, planes += bytes)
      std::memcpy(into + static_cast<size_t>(p * channels + c) * bytes, planes, bytes);
}

}  // namespace dl
