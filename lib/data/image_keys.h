// Keys that readers of images share.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/data/image/image.h"
#include "lib/data/reader.h"

namespace dl {

// How images are decoded.
struct ImageKeys {
  std::optional<Pair> size;
  int channels = 3;
  int64_t bits = 8;
  int64_t max_pixels = ImageLimits{}.pixels;
  void describe(Schema& s);
  ImageLimits limits() const { return {.pixels = max_pixels}; }
  // Of images that have this size, or are brought to it: what they are decoded to, and the field "x" that this makes.
  ImageForm form(Pair size) const;
  SampleField field(Pair size) const;
  // Warnings of images that lose by what the keys say: depth_doubts() of lib/data/image/image.h.
  std::vector<Problem> doubts(const std::filesystem::path& of, int64_t images,
                              const std::function<std::string(int64_t)>& file) const;
  std::vector<Problem> doubts_of_files(const std::filesystem::path& of, int64_t images,
                                       const std::function<std::filesystem::path(int64_t)>& path) const;
};

// `21`, or `[background, road]`.
struct ClassList {
  int64_t count = 0;
  std::vector<std::string> names;  // in order; empty: they have none
};

template <>
struct Codec<ClassList> {
  static bool read(const Node& node, ClassList& value, const Limits& limits, const Reading& r);
  static Node write(const ClassList& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
};

// How many classes there are, where only the files together would say it.
struct ClassCount {
  std::optional<ClassList> classes;
  void describe(Schema& s, int64_t most);
  // Their names: those of the set's description, else those that are given, else their numbers. Without either, or
  // where both differ in number, an Error(Exit::usage) at `place`. `of`: what the classes are those of, " in the
  // masks"; `example`: a number for help.
  std::vector<std::string> names(const Folders& folders, const Where& place, const std::string& of,
                                 int64_t example) const;
};

}  // namespace dl
