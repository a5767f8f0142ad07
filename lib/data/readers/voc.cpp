// voc: images with boxes, as Pascal VOC has them (Everingham et al. 2010, doi:10.1007/s11263-009-0275-4): an XML file
// each, whose corners count pixels from 1 and are both within the box.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <cmath>
#include <pugixml.hpp>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/data/boxed_images.h"
#include "lib/data/sample_fit.h"
#include "lib/data/table/cell_number.h"
#include "lib/data/table/class_order.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t most_xml_bytes = 16 << 20;

// One image's file, read; wrong parts are an Error(Exit::data) that names them.
class VocFile {
 public:
  explicit VocFile(fs::path file) : path_(std::move(file)) {
    const std::string text = read_file(path_, most_xml_bytes);
    if (const pugi::xml_parse_result result = xml_.load_buffer(text.data(), text.size()); !result)
      throw Error(
          Exit::data,
          Problem{.where = {.file = path_.string(),
                            .line = 1 + static_cast<int>(std::count(text.begin(), text.begin() + result.offset, '\n'))},
                  .what = concat("expected XML: ", words_of(result))});
    root_ = xml_.child("annotation");
    if (!root_) fail("", "expected an element 'annotation', there is none");
  }

  std::string image_name() const { return root_.child("filename").text().get(); }
  std::optional<Pair> size() const {
    const auto side = [&](const char* name) { return root_.child("size").child(name).text().as_llong(0); };
    const Pair found(side("height"), side("width"));
    if (found.h < 1 || found.w < 1) return {};  // 0 where the writer did not know
    return found;
  }
  template <class Each>  // each(its name, the element)
  void objects(const Each& each) const {
    int i = 0;
    for (const pugi::xml_node object : root_.children("object")) {
      const std::string at = concat("object[", i++, "]"), name(trim(object.child("name").text().get()));
      if (name.empty()) fail(at, "has no 'name'");
      each(name, object, at);
    }
  }
  Box box(const pugi::xml_node& object, const std::string& at) const {
    const auto side = [&](const char* name) {
      const std::string_view text = object.child("bndbox").child(name).text().get();
      const auto value = cell_number(trim(text));
      if (!value || !std::isfinite(*value))
        fail(concat(at, ".bndbox.", name), text.empty() ? std::string("expected a number, there is none")
                                                        : concat("expected a number, found '", shortened(text), "'"));
      return static_cast<float>(*value);
    };
    return {side("xmin") - 1, side("ymin") - 1, side("xmax"), side("ymax")};
  }
  Where where() const { return {.file = path_.string()}; }

 private:
  // The parser's own, with a small letter.
  static std::string words_of(const pugi::xml_parse_result& result) {
    std::string words = result.description();
    if (!words.empty()) words[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(words[0])));
    return words;
  }
  [[noreturn]] void fail(const std::string& at, std::string what) const {
    throw Error(Exit::data, Problem{.where = where(), .path = at, .what = std::move(what)});
  }

  const fs::path path_;
  pugi::xml_document xml_;
  pugi::xml_node root_;
};

struct Voc final : Reader {
  std::string path;
  std::optional<std::string> split;
  bool difficult = false;
  BoxKeys keys;
  void describe(Schema& s) override {
    s.summary("images with boxes around what is on them, as Pascal VOC's XML files: object detection");
    s.details(
        "The classes are the names of the objects, sorted. The target is as that of 'coco': f32 [max_boxes, 6]; "
        "objects that are marked difficult are neither learned nor counted unless 'difficult: true'.");
    s.required("path", path, "the folder with Annotations and JPEGImages: VOCdevkit/VOC2007")
        .known_as({"root", "folder"});
    s.optional("split", split, "the list of images, ImageSets/Main/SPLIT.txt; without it, all that have annotations")
        .known_as({"image_set", "set"});
    s.optional("difficult", difficult, "objects that are marked difficult are as others").known_as({"keep_difficult"});
    keys.describe(s);
    s.also_known_as({"pascal_voc", "VOCDetection", "voc_detection"});
    s.example("{format: voc, path: VOCdevkit/VOC2007, split: trainval, size: [300, 300]}");
  }

  DatasetPointer open(const Folders& folders) const override {
    const fs::path folder = find_data(folders, path);
    struct Named {
      size_t image;
      std::string name, at;  // of the class; where it stands in its file
      Where where;
    };
    std::vector<BoxedImage> images;
    std::vector<Named> named;  // of each box
    std::vector<std::string> found;
    for (const std::string& name : names_in(folder)) {
      const VocFile file(folder / "Annotations" / (name + ".xml"));
      images.push_back({.file = image_of(folder, name, file), .size = file.size()});
      file.objects([&](const std::string& of, const pugi::xml_node& object, const std::string& at) {
        const bool left_out = !difficult && object.child("difficult").text().as_int(0) != 0;
        images.back().rows.push_back(
            {.box = file.box(object, at), .more = left_out ? BoxRow::left_out : BoxRow::counted});
        named.push_back({images.size() - 1, of, at, file.where()});
        found.push_back(of);
      });
    }
    const BoxClasses classes(folders, sorted_classes(found));
    for (size_t i = 0, row = 0; i < named.size(); ++i) {
      row = i > 0 && named[i].image == named[i - 1].image ? row + 1 : 0;
      images[named[i].image].rows[row].label = static_cast<float>(classes(named[i].name, named[i].where, named[i].at));
    }
    return boxed_images(folder, std::move(images), classes.names(), keys);
  }
  DatasetPointer open_fitted(const Node& fit) const override { return samples_of_fit(fit); }

 private:
  // Of the images, without endings: of a list the first word of each line.
  std::vector<std::string> names_in(const fs::path& folder) const {
    std::vector<std::string> names;
    if (split) {
      const std::string list = read_file(folder / "ImageSets" / "Main" / (*split + ".txt"), most_xml_bytes);
      for (size_t at = 0; at < list.size();) {
        const size_t end = std::min(list.find('\n', at), list.size());
        const std::string_view line = trim(std::string_view(list).substr(at, end - at));
        if (!line.empty()) names.emplace_back(line.substr(0, line.find_first_of(" \t")));
        at = end + 1;
      }
      return names;
    }
    const fs::path annotations = folder / "Annotations";
    if (std::error_code unreadable; !fs::is_directory(annotations, unreadable))
      throw Error(Exit::data, Problem{.where = {.file = annotations.string()},
                                      .what = "expected a folder of XML files, there is none",
                                      .help = "name the folder above 'Annotations' and 'JPEGImages'"});
    for (const auto& entry : fs::directory_iterator(annotations))
      if (const fs::path name = entry.path().filename(); name.extension() == ".xml" && name.native().front() != '.')
        names.push_back(name.stem().string());
    std::ranges::sort(names, numbered_before);
    return names;
  }

  // NAME.jpg, or what the file itself says, or NAME with the ending of another format, of small letters or large ones.
  static fs::path image_of(const fs::path& folder, const std::string& name, const VocFile& file) {
    const fs::path images = folder / "JPEGImages", usual = images / (name + ".jpg");
    std::vector<fs::path> likely{usual};
    if (!file.image_name().empty()) likely.push_back(images / fs::path(file.image_name()).filename());
    for (const bool large : {false, true})
      for (std::string format : image_formats()) {
        if (large) std::ranges::transform(format, format.begin(), [](unsigned char c) { return std::toupper(c); });
        likely.push_back(images / (name + "." + format));
      }
    for (const fs::path& image : likely)
      if (std::error_code unreadable; fs::exists(image, unreadable)) return image;
    return usual;
  }
};
DL_READER(Voc, "voc");

}  // namespace
}  // namespace dl
