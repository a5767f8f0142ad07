// Image files with boxes around what is on them: what readers of such sets share.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/image_keys.h"
#include "lib/graph/boxes.h"

namespace dl {

// An image as its annotations have it.
struct BoxedImage {
  std::filesystem::path file;
  std::optional<Pair> size;  // that they say it has
  std::vector<BoxRow> rows;  // in pixels of that image
};

// Keys of such readers.
struct BoxKeys {
  int64_t max_boxes = 100;
  std::optional<std::string> boxes_of;
  ImageKeys form;
  void describe(Schema& s);
};

// The numbers of classes by their names: those that are known, which the set's description or its training part names,
// else the ones that the annotations name, in their order.
class BoxClasses {
 public:
  BoxClasses(const Folders& folders, std::vector<std::string> named);
  // A class that is none of them is an Error(Exit::data) at `where`.
  int64_t operator()(const std::string& name, const Where& where, const std::string& path) const;
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::map<std::string, int64_t> numbers_;
};

// A set of the images that are there: "x", u8 [height, width, channels], and "y", the boxes on it (lib/graph/boxes.h),
// f32 [max_boxes, 6]. Boxes are cut off at the edges of their image; what has no area then, and images without a file,
// are left out and told. More boxes than `max_boxes` on an image, none of the images there, and sizes that are not as
// the annotations say are an Error(Exit::data). `annotations` is the file or folder that they come from.
DatasetPointer boxed_images(const std::filesystem::path& annotations, std::vector<BoxedImage> images,
                            std::vector<std::string> classes, const BoxKeys& keys);

}  // namespace dl
