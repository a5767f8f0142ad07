// Keys that readers of images share.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image_keys.h"

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/sample_fit.h"

namespace dl {

void ImageKeys::describe(Schema& s) {
  s.optional("size", size, "[height, width] that images are stretched to; without it all must have the first one's")
      .at_least(1)
      .at_most(1 << 16)
      .known_as({"image_size", "img_size", "target_size", "resize", "input_size"});
  s.optional("channels", channels, "3: colour; 1: grey").at_least(1).at_most(3);
  s.optional("max_pixels", max_pixels, "an image with more is not decoded").at_least(1).at_most(int64_t{1} << 32);
  s.check([this](const Report& report) {
    if (channels == 2) report.at("channels", "expected 1 or 3, got 2");
  });
}

void ClassCount::describe(Schema& s, int64_t most) {
  s.optional("classes", classes, "how many classes there are; without it, those that the set's description names")
      .at_least(1)
      .at_most(most)
      .known_as({"num_classes"});
}

std::vector<std::string> ClassCount::names(const Folders& folders, const Where& place, const std::string& of,
                                           int64_t example) const {
  std::vector<std::string> names = folders.classes;
  if (names.empty() && classes) names = numbered_classes(*classes);
  if (names.empty())
    throw Error(Exit::usage, Problem{.where = place,
                                     .what = concat("expected 'classes', the number of classes", of),
                                     .help = concat("write 'classes: ", example, "'")});
  if (classes && std::ssize(names) != *classes)
    throw Error(Exit::usage, Problem{.where = place,
                                     .what = concat("'classes' is ", *classes, ", but ",
                                                    count_of(std::ssize(names), "class"), " are named"),
                                     .help = "leave 'classes' out"});
  return names;
}

}  // namespace dl
