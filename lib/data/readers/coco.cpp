// coco: images with boxes, as one JSON file of COCO's instances (https://cocodataset.org/#format-data).
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/boxed_images.h"
#include "lib/data/file/byte_source.h"
#include "lib/data/sample_fit.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

// Wrong members are an Error(Exit::data) that names them: "annotations[12].bbox".
class CocoFile {
 public:
  explicit CocoFile(const fs::path& file) : path_(file) {
    ByteSource source(file);
    std::string text;
    std::vector<char> block(1 << 20);
    while (const size_t got = source.read(block.data(), block.size())) text.append(block.data(), got);
    // Outlines are most of such a file, and nobody asks for them.
    const auto wanted = [](int, Json::parse_event_t event, Json& parsed) {
      return event != Json::parse_event_t::key || parsed != "segmentation";
    };
    try {
      json_ = Json::parse(text, wanted);
    } catch (const Json::parse_error& error) {
      fail("", concat("expected JSON, which it stops to be at byte ", error.byte));
    } catch (const Json::out_of_range&) {
      fail("", "expected JSON, it has a number that is too large");
    }
    if (!json_.is_object()) fail("", concat("expected an object, found ", json_.type_name()));
  }

  BoxClasses classes(const Folders& folders) {
    std::vector<std::pair<int64_t, std::string>> named;
    each("categories", [&](const Json& category, const std::string& at) {
      named.emplace_back(whole(category, "id", at), text(category, "name", at));
    });
    std::ranges::sort(named);
    std::vector<std::string> names;
    for (const auto& [id, name] : named) {
      if (std::ranges::count(names, name) > 0) fail("categories", concat("two are named '", shortened(name), "'"));
      names.push_back(name);
    }
    BoxClasses classes(folders, names);
    for (const auto& [id, name] : named) {
      const int64_t label = classes(name, {.file = path_.string()}, "categories");
      if (!labels_.emplace(id, label).second) fail("categories", concat("two have the id ", id));
    }
    return classes;
  }

  // In the file's order; boxes in that of the annotations. After classes().
  std::vector<BoxedImage> images(const fs::path& folder) const {
    std::vector<BoxedImage> images;
    std::unordered_map<int64_t, size_t> by_id;
    each("images", [&](const Json& image, const std::string& at) {
      const int64_t id = whole(image, "id", at);
      if (!by_id.emplace(id, images.size()).second) fail(at, concat("another image has the id ", id));
      images.push_back({.file = folder / fs::path(text(image, "file_name", at))});
      if (!image.contains("height") || !image.contains("width")) return;
      const Pair said(whole(image, "height", at), whole(image, "width", at));
      if (said.h > 0 && said.w > 0) images.back().size = said;  // 0 where the writer did not know
    });
    each("annotations", [&](const Json& annotation, const std::string& at) {
      const int64_t id = whole(annotation, "image_id", at);
      const auto image = by_id.find(id);
      if (image == by_id.end()) fail(at + ".image_id", concat("there is no image with the id ", id));
      images[image->second].rows.push_back(row(annotation, at));
    });
    return images;
  }

 private:
  using Json = nlohmann::json;

  [[noreturn]] void fail(const std::string& at, std::string what, std::string help = {}) const {
    throw Error(
        Exit::data,
        Problem{.where = {.file = path_.string()}, .path = at, .what = std::move(what), .help = std::move(help)});
  }

  BoxRow row(const Json& annotation, const std::string& at) const {
    const int64_t category = whole(annotation, "category_id", at);
    const auto label = labels_.find(category);
    if (label == labels_.end())
      fail(at + ".category_id", concat("there is no category with the id ", category), "list it in 'categories'");
    const Json& box = member(annotation, "bbox", at);
    const bool numbers = box.is_array() && box.size() == 4 &&
                         std::ranges::all_of(box, [](const Json& value) { return value.is_number(); });
    if (!numbers || box[2] < 0 || box[3] < 0)
      fail(at + ".bbox", concat("expected [left, top, width, height], found ", shortened(shallow(box))));
    const auto number = [&](size_t i) { return box[i].get<float>(); };
    const auto crowd = annotation.find("iscrowd");
    const bool is_crowd = crowd != annotation.end() && (*crowd == 1 || *crowd == true);
    return {.box = {number(0), number(1), number(0) + number(2), number(1) + number(3)},
            .label = static_cast<float>(label->second),
            .more = is_crowd ? BoxRow::crowd : BoxRow::counted};
  }

  template <class Each>
  void each(const char* list, const Each& call) const {
    const auto found = json_.find(list);
    if (found == json_.end() || !found->is_array())
      fail(list,
           found == json_.end() ? "expected a list, there is none"
                                : concat("expected a list, found ", found->type_name()),
           "give a file of COCO's instances, with 'images', 'annotations' and 'categories'");
    for (size_t i = 0; i < found->size(); ++i) {
      const std::string at = concat(list, "[", i, "]");
      if (!(*found)[i].is_object()) fail(at, concat("expected an object, found ", (*found)[i].type_name()));
      call((*found)[i], at);
    }
  }

  const Json& member(const Json& object, const char* name, const std::string& at) const {
    const auto found = object.find(name);
    if (found == object.end()) fail(at, concat("has no '", name, "'"));
    return *found;
  }
  int64_t whole(const Json& object, const char* name, const std::string& at) const {
    constexpr uint64_t most = std::numeric_limits<int64_t>::max();
    const Json& value = member(object, name, at);
    if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<uint64_t>() > most))
      fail(concat(at, ".", name), concat("expected a whole number, found ", shortened(shallow(value))));
    return value.get<int64_t>();
  }
  std::string text(const Json& object, const char* name, const std::string& at) const {
    const Json& value = member(object, name, at);
    if (!value.is_string()) fail(concat(at, ".", name), concat("expected a text, found ", shortened(shallow(value))));
    return value.get<std::string>();
  }
  // The value's text; of one with others inside, whose text may be of any depth, its kind.
  static std::string shallow(const Json& value) {
    const bool nested =
        value.is_structured() && std::ranges::any_of(value, [](const Json& v) { return v.is_structured(); });
    return nested ? value.type_name() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  const fs::path path_;
  Json json_;
  std::unordered_map<int64_t, int64_t> labels_;  // by a category's id
};

struct Coco final : Reader {
  std::string annotations, images;
  BoxKeys keys;
  void describe(Schema& s) override {
    s.summary("images with boxes around what is on them, as COCO's JSON: object detection");
    s.details(
        "The classes are the categories in the order of their ids, which may have gaps. The target is f32 [max_boxes, "
        "6], a row a box: left, top, right and bottom in pixels of the sample, the class, and 1 for a crowd, which is "
        "neither learned nor counted; rows behind the last box are of class -1. Boxes follow their image through all "
        "transforms.");
    s.required("annotations", annotations, "the JSON file, plain or gzip: instances_train2017.json")
        .known_as({"path", "ann_file", "annotation_file", "json"});
    s.required("images", images, "the folder that the images' names begin in")
        .known_as({"root", "image_dir", "img_dir", "folder"});
    keys.describe(s);
    s.also_known_as({"coco_detection", "CocoDetection", "coco_instances"});
    s.example("{format: coco, annotations: instances_train2017.json, images: train2017, size: [300, 300]}");
  }

  DatasetPointer open(const Folders& folders) const override {
    const fs::path file = find_data(folders, annotations);
    CocoFile coco(file);
    const BoxClasses classes = coco.classes(folders);
    return boxed_images(file, coco.images(find_data(folders, images)), classes.names(), keys);
  }
  DatasetPointer open_fitted(const Node& fit) const override { return samples_of_fit(fit); }
};
DL_READER(Coco, "coco");

}  // namespace
}  // namespace dl
