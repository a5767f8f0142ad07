// Images with boxes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/boxed_images.h"

#include <algorithm>
#include <cmath>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/file/file_fingerprint.h"
#include "lib/data/fit.h"
#include "lib/data/image/orientation.h"
#include "lib/data/sample_fit.h"
#include "lib/data/windowed.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

Box within(const Box& box, Pair image) {
  const auto w = static_cast<float>(image.w), h = static_cast<float>(image.h);
  return {std::clamp(box.left, 0.0f, w), std::clamp(box.top, 0.0f, h), std::clamp(box.right, 0.0f, w),
          std::clamp(box.bottom, 0.0f, h)};
}

bool has_area(const Box& box) { return box.right > box.left && box.bottom > box.top; }

class BoxedImageSet final : public Dataset, public Windowed, public Fittable {
 public:
  BoxedImageSet(std::vector<BoxedImage> images, std::vector<std::string> classes, const BoxKeys& keys,
                std::vector<Problem> warnings)
      : images_(std::move(images)),
        classes_(std::move(classes)),
        warnings_(std::move(warnings)),
        boxes_of_(keys.boxes_of.value_or("")),
        keys_(keys.form),
        limits_(keys_.limits()),
        size_(keys.form.size ? *keys.form.size : image_size(images_[0].file, limits_)),
        form_(keys_.form(size_)) {
    fields_ = {keys_.field(size_),
               {.name = "y", .type = {DType::f32, {keys.max_boxes, BoxRow::columns}}, .boxes = true}};
  }

  int64_t size() const override { return std::ssize(images_); }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return false; }
  std::vector<Problem> warnings() const override {
    std::vector<Problem> all = warnings_;
    std::ranges::copy(
        keys_.doubts_of_files(image(0).file.parent_path(), size(), [this](int64_t i) { return image(i).file; }),
        std::back_inserter(all));
    return all;
  }
  Node fit(std::span<const int64_t> /*samples*/) const override { return fit_samples(*this); }
  Where place(int64_t index) const override { return {.file = image(index).file.string()}; }

  void get(int64_t index, Sample& into) const override { get_window(index, whole_image(size_), size_, into); }
  void get_window(int64_t index, const ImageWindow& window, Pair into_size, Sample& into) const override {
    const std::string file =
        read_file(image(index).file, static_cast<uint64_t>(std::min<int64_t>(limits_.file_bytes, INT32_MAX)));
    decode_image(image(index).file, file, form_, window, into_size, into.fields[0], limits_);
    put_boxes(image(index), stored_image(image(index).file, file, limits_), reinterpret_cast<BoxRow*>(into.fields[1]));
  }

  // Of names, files and boxes.
  uint64_t fingerprint() const override {
    Xxh64 hash(files_fingerprint(size(), [this](int64_t i) { return image(i).file; }));
    for (const BoxedImage& image : images_) {
      hash.append(concat(image.file.filename().string(), '\0'));
      hash.append({reinterpret_cast<const char*>(image.rows.data()), image.rows.size() * sizeof(BoxRow)});
    }
    return hash.value();
  }

 private:
  const BoxedImage& image(int64_t index) const { return images_[static_cast<size_t>(index)]; }

  // Whether the boxes are of the image as it is stored, which its Exif may turn.
  bool are_of_stored(const BoxedImage& image, const StoredImage& stored) const {
    const Pair turned = upright(stored.size, stored.orientation);
    const bool as_stored = image.size == stored.size, as_turned = image.size == turned;
    if (image.size && !as_stored && !as_turned)
      throw Error(
          Exit::data,
          Problem{.where = {.file = image.file.string()},
                  .what = concat("expected an image of ", image.size->h, " x ", image.size->w,
                                 " pixels (height x width) as its annotations say, found ", turned.h, " x ", turned.w),
                  .help = "get the image again that the boxes were drawn on, or mend its annotations"});
    if (image.size && as_stored != as_turned) return as_stored;
    return boxes_of_ != "upright";
  }

  void put_boxes(const BoxedImage& image, const StoredImage& stored, BoxRow* into) const {
    const bool turn = are_of_stored(image, stored);
    const Pair found = upright(stored.size, stored.orientation);
    const float across = static_cast<float>(size_.w) / static_cast<float>(found.w);
    const float down = static_cast<float>(size_.h) / static_cast<float>(found.h);
    BoxRow* const end = into + fields_[1].type.shape[0];
    for (const BoxRow& row : image.rows) {
      const Box b = within(turn ? upright_box(row.box, stored.size, stored.orientation) : row.box, found);
      if (has_area(b))
        *into++ = {{b.left * across, b.top * down, b.right * across, b.bottom * down}, row.label, row.more};
    }
    std::fill(into, end, BoxRow());
  }

  const std::vector<BoxedImage> images_;
  const std::vector<std::string> classes_;
  const std::vector<Problem> warnings_;
  const std::string boxes_of_;
  const ImageKeys keys_;
  const ImageLimits limits_;
  const Pair size_;
  const ImageForm form_;
  std::vector<SampleField> fields_;
};

// Boxes in other units than pixels, or with corners where sizes are meant: they pass as boxes all the same.
std::optional<Problem> unit_doubt(const fs::path& annotations, const std::vector<BoxedImage>& images) {
  constexpr int64_t enough = 20;
  int64_t boxes = 0, beyond = 0;
  float most = 0;
  const fs::path* example = nullptr;
  for (const BoxedImage& image : images)
    for (const auto& [box, label, more] : image.rows) {
      ++boxes;
      most = std::max({most, box.right, box.bottom});
      if (!image.size ||
          (box.right <= static_cast<float>(image.size->w) + 1 && box.bottom <= static_cast<float>(image.size->h) + 1))
        continue;
      if (beyond++ == 0) example = &image.file;
    }
  if (boxes < enough) return {};
  if (most <= 1)
    return Problem{.where = {.file = annotations.string()},
                   .what = concat("all of ", boxes, " boxes lie within the first pixel of their image"),
                   .help = "multiply them by the image's width and height if they are shares of these"};
  if (20 * beyond <= boxes) return {};
  return Problem{.where = {.file = annotations.string()},
                 .what = concat(beyond, " of ", boxes, " boxes reach beyond their image and are cut off at its edges, ",
                                "such as of ", example->string()),
                 .help = "see that they are pixels of these images: COCO's are [left, top, width, height]"};
}

}  // namespace

void BoxKeys::describe(Schema& s) {
  s.optional("max_boxes", max_boxes, "the most boxes that an image may have: samples have room for so many")
      .at_least(1)
      .at_most(10000);
  s.optional("boxes_of", boxes_of,
             "the picture that boxes were drawn on: stored, its pixels as the file has them; upright, as its Exif says "
             "it stands; without it, by the size that the annotations say, and where this does not tell, stored")
      .one_of({"stored", "upright"});
  form.describe(s);
}

BoxClasses::BoxClasses(const Folders& folders, std::vector<std::string> named)
    : names_(folders.classes.empty() ? std::move(named) : folders.classes) {
  for (size_t i = 0; i < names_.size(); ++i) numbers_.emplace(names_[i], static_cast<int64_t>(i));
}

int64_t BoxClasses::operator()(const std::string& name, const Where& where, const std::string& path) const {
  const auto found = numbers_.find(name);
  if (found != numbers_.end()) return found->second;
  throw Error(Exit::data,
              Problem{.where = where,
                      .path = path,
                      .what = concat("the class '", shortened(name), "' is none of the ",
                                     count_of(std::ssize(names_), "class"), " of the data"),
                      .help = spelling_help(name, names_, "name it among the classes of the set's description")});
}

DatasetPointer boxed_images(const fs::path& annotations, std::vector<BoxedImage> images,
                            std::vector<std::string> classes, const BoxKeys& keys) {
  std::vector<Problem> warnings;
  const auto warn = [&](int64_t count, const char* noun, const char* lacks, const fs::path& example) {
    if (count > 0)
      warnings.push_back(
          {.where = {.file = annotations.string()},
           .what = concat("left out: ", count_of(count, noun), lacks, ", such as of ", example.string())});
  };
  const auto all = std::ssize(images);
  const fs::path missing = [&] {
    const auto is_missing = [](const BoxedImage& image) {
      std::error_code unreadable;
      return !fs::exists(image.file, unreadable);
    };
    const auto first = std::ranges::find_if(images, is_missing);
    fs::path file = first == images.end() ? fs::path() : first->file;
    std::erase_if(images, is_missing);
    return file;
  }();
  if (images.empty())
    throw Error(Exit::data, Problem{.where = {.file = annotations.string()},
                                    .what = all == 0 ? "expected images, found none"
                                                     : concat("none of its ", count_of(all, "image"),
                                                              " is there; looked for ", missing.string()),
                                    .help = all == 0 ? "" : "name the folder that the images' names begin in"});
  warn(all - std::ssize(images), "image", " without a file", missing);
  if (auto doubt = unit_doubt(annotations, images)) warnings.push_back(*std::move(doubt));
  int64_t empty = 0;
  const fs::path* example = nullptr;
  for (BoxedImage& image : images) {
    // An image may be turned, so that what lies outside of it is known where it is read.
    const int64_t gone = static_cast<int64_t>(std::erase_if(
        image.rows, [&](const BoxRow& row) { return !has_area(image.size ? within(row.box, *image.size) : row.box); }));
    if (gone > 0 && empty == 0) example = &image.file;
    empty += gone;
    if (std::ssize(image.rows) > keys.max_boxes)
      throw Error(Exit::data,
                  Problem{.where = {.file = annotations.string()},
                          .what = concat("expected at most ", count_of(keys.max_boxes, "box"), " on an image, found ",
                                         image.rows.size(), " on ", image.file.string()),
                          .help = concat("write 'max_boxes: ", image.rows.size(), "' or more")});
  }
  if (empty > 0) warn(empty, "box", " without an area in the image", *example);
  return std::make_shared<BoxedImageSet>(std::move(images), std::move(classes), keys, std::move(warnings));
}

}  // namespace dl
