// Keys that readers of images share.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image_keys.h"

#include <algorithm>

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
  s.optional("bits", bits,
             "of each value: 8: bytes, of 16 the high ones; 16: all that the file has, as numbers from 0 to 1")
      .at_least(8)
      .at_most(16)
      .known_as({"depth", "bit_depth"});
  s.optional("max_pixels", max_pixels, "an image with more is not decoded").at_least(1).at_most(int64_t{1} << 32);
  s.check([this](const Report& report) {
    if (channels == 2) report.at("channels", "expected 1 or 3, got 2");
    if (bits != 8 && bits != 16) report.at("bits", concat("expected 8 or 16, got ", bits), "write 'bits: 16'");
  });
}

ImageForm ImageKeys::form(Pair of) const {
  return {
      .size = of, .channels = channels, .may_resize = size.has_value(), .dtype = bits == 16 ? DType::f32 : DType::u8};
}

SampleField ImageKeys::field(Pair of) const {
  return {.name = "x", .type = {form(of).dtype, {of.h, of.w, channels}}, .pixels = bits == 16};
}

std::vector<Problem> ImageKeys::doubts(const std::filesystem::path& of, int64_t images,
                                       const std::function<std::string(int64_t)>& file) const {
  return bits == 16 ? std::vector<Problem>() : depth_doubts(of, limits(), images, file);
}

std::vector<Problem> ImageKeys::doubts_of_files(const std::filesystem::path& of, int64_t images,
                                                const std::function<std::filesystem::path(int64_t)>& path) const {
  return bits == 16 ? std::vector<Problem>() : depth_doubts_of_files(of, limits(), images, path);
}

bool Codec<ClassList>::read(const Node& node, ClassList& value, const Limits& limits, const Reading& r) {
  ClassList list;
  if (node.is_list()) {
    if (!Codec<std::vector<std::string>>::read(node, list.names, {}, r)) return false;
    std::vector<std::string> sorted = list.names;
    std::ranges::sort(sorted);
    if (sorted.empty() || std::ranges::adjacent_find(sorted) != sorted.end()) {
      r.expected(node, type(limits), "write each class's name once, in the order of their numbers");
      return false;
    }
    list.count = std::ssize(list.names);
  } else if (!Codec<int64_t>::read(node, list.count, limits, r)) {
    return false;
  }
  value = std::move(list);
  return true;
}

Node Codec<ClassList>::write(const ClassList& value) {
  return value.names.empty() ? Node::integer(value.count) : Codec<std::vector<std::string>>::write(value.names);
}

std::string Codec<ClassList>::type(const Limits& limits) {
  return Codec<int64_t>::type(limits) + ", or a list of different names";
}

Node Codec<ClassList>::json_schema(const Limits& limits) {
  Node any = Node::map();
  any.set("anyOf", Node::list({Codec<int64_t>::json_schema(limits), Codec<std::vector<std::string>>::json_schema({})}));
  return any;
}

void ClassCount::describe(Schema& s, int64_t most) {
  s.optional("classes", classes,
             "how many classes there are, or their names in order; without it, those that the set's description names")
      .at_least(1)
      .at_most(most)
      .known_as({"num_classes", "class_names"});
}

std::vector<std::string> ClassCount::names(const Folders& folders, const Where& place, const std::string& of,
                                           int64_t example) const {
  std::vector<std::string> names = folders.classes;
  if (names.empty() && classes) names = classes->names.empty() ? numbered_classes(classes->count) : classes->names;
  if (names.empty())
    throw Error(Exit::usage, Problem{.where = place,
                                     .what = concat("expected 'classes', the number of classes", of),
                                     .help = concat("write 'classes: ", example, "', or their names in order")});
  if (classes && (classes->names.empty() ? std::ssize(names) != classes->count : names != classes->names))
    throw Error(Exit::usage,
                Problem{.where = place,
                        .what = concat(
                            "'classes' is ",
                            classes->names.empty() ? std::to_string(classes->count) : "[" + join(classes->names) + "]",
                            ", but ", count_of(std::ssize(names), "class"), " are named: ", shortened(join(names), 80)),
                        .help = "leave 'classes' out"});
  return names;
}

}  // namespace dl
