// image_pairs: images, and for each a mask that says the class of every pixel.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <map>
#include <numeric>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/file/file_fingerprint.h"
#include "lib/data/fit.h"
#include "lib/data/image/image_names.h"
#include "lib/data/image/mask.h"
#include "lib/data/image/orientation.h"
#include "lib/data/image_keys.h"
#include "lib/data/reader.h"
#include "lib/data/sample_fit.h"
#include "lib/data/windowed.h"
#include "lib/spec/one_or_more.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

struct Pairs {
  fs::path images, masks;  // folders
  std::vector<std::pair<fs::path, fs::path>> files;
  std::vector<Problem> warnings;
};

// A name below its folder, without its ending: what an image and its mask share.
std::string key_of(const fs::path& folder, const fs::path& file) {
  return file.lexically_relative(folder).replace_extension().generic_string();
}

struct NumberedOrder {
  bool operator()(const std::string& a, const std::string& b) const { return numbered_before(a, b); }
};
using PairedFiles = std::map<std::string, fs::path, NumberedOrder>;  // by key

// What stands behind the keys in the names of images and of masks, before their endings.
struct PairSuffixes {
  std::string image, mask;
};

// The files whose names end with `own`, which is no part of their keys; where it is nothing, those that do not end as
// the others. Two files of one key, as cat.png and cat.jpg, are an Error(Exit::data).
PairedFiles by_key(const fs::path& folder, const std::string& own, const std::string& others) {
  if (std::error_code unreadable; !fs::is_directory(folder, unreadable))
    throw Error(Exit::data, Problem{.where = {.file = folder.string()}, .what = "expected a folder of images"});
  PairedFiles files;
  for (const fs::path& file : images_below(folder).images) {
    std::string key = key_of(folder, file);
    if (!key.ends_with(own) || (own.empty() && !others.empty() && key.ends_with(others))) continue;
    key.resize(key.size() - own.size());
    if (const auto [at, is_new] = files.emplace(std::move(key), file); !is_new)
      throw Error(Exit::data,
                  Problem{.where = {.file = file.string()},
                          .what = concat("two images are named '", at->first, "', the other is ", at->second.string()),
                          .help = "rename or remove one of them"});
  }
  return files;
}

// What to write where no image has the name of a mask: what stands behind the first image's name in those of the masks.
std::string help_without_pairs(const PairedFiles& pictures, const PairedFiles& masks) {
  const std::string usual = "name each mask as its image, whatever the ending";
  if (pictures.empty()) return usual;
  const std::string& key = pictures.begin()->first;
  for (const auto& [name, file] : masks)
    if (name.size() > key.size() && name.starts_with(key) &&
        !std::isdigit(static_cast<unsigned char>(name[key.size()])))
      return concat("write 'mask_suffix: ", name.substr(key.size()), "'");
  return usual;
}

// Images without a mask, or the other way round, are told; none in common is an Error(Exit::data).
Pairs paired(const fs::path& images, const fs::path& masks, const PairSuffixes& suffixes) {
  Pairs pairs{.images = images, .masks = masks};
  const PairedFiles pictures = by_key(images, suffixes.image, suffixes.mask);
  PairedFiles others = by_key(masks, suffixes.mask, suffixes.image);
  std::vector<std::string> alone;
  for (const auto& [key, file] : pictures) {
    const auto mask = others.find(key);
    if (mask == others.end()) {
      alone.push_back(key);
      continue;
    }
    pairs.files.emplace_back(file, mask->second);
    others.erase(mask);
  }
  if (pairs.files.empty())
    throw Error(Exit::data, Problem{.where = {.file = images.string()},
                                    .what = concat("expected images with masks of the same names in ", masks.string(),
                                                   "; found ", count_of(std::ssize(pictures), "image"), " and ",
                                                   count_of(std::ssize(others), "mask"), ", and no such pair"),
                                    .help = help_without_pairs(pictures, others)});
  const auto warn = [&](const fs::path& folder, int64_t count, const char* what, const std::string& example) {
    if (count > 0)
      pairs.warnings.push_back({.where = {.file = folder.string()},
                                .what = concat("left out: ", count_of(count, what), " alone, such as '", example, "'"),
                                .help = "name each mask as its image, whatever the ending"});
  };
  warn(images, std::ssize(alone), "image", alone.empty() ? "" : alone[0]);
  warn(masks, std::ssize(others), "mask", others.empty() ? "" : others.begin()->first);
  return pairs;
}

constexpr int64_t most_mask_classes = 1 << 16;  // that a mask of 16 bits tells apart
constexpr int32_t ignored_target = -100;        // the target of pixels of 'ignore', what PyTorch's losses ignore
constexpr int32_t unlisted_pixel = -1;          // of pixels that 'values' lack

class ImagePairSet final : public Dataset, public Windowed, public Fittable {
 public:
  // `values`: the pixels of each class; empty: they are its number. `ignored`: the pixels of none.
  ImagePairSet(Pairs pairs, const ImageKeys& keys, std::vector<std::string> classes, std::vector<int64_t> values,
               const std::vector<int64_t>& ignored)
      : pairs_(std::move(pairs)),
        classes_(std::move(classes)),
        values_(std::move(values)),
        numbers_(numbers_of(values_, ignored)),
        keys_(keys),
        limits_(keys.limits()),
        size_(keys.size ? *keys.size : image_size(pairs_.files[0].first, limits_)),
        form_(keys.form(size_)) {
    fields_ = {keys.field(size_), {"y", {DType::i32, {size_.h, size_.w}}, static_cast<int64_t>(classes_.size())}};
    if (!ignored.empty())
      fields_[1].class_help =
          concat("write 'ignore_index: ", ignored_target, "' in the loss, which the target of pixels of 'ignore' is");
    else if (values_.empty())
      fields_[1].class_help = "write 'values: [0, NUMBER]' below 'train' if that is what a class's pixels are";
  }

  int64_t size() const override { return std::ssize(pairs_.files); }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return false; }
  std::vector<Problem> warnings() const override {
    std::vector<Problem> all = pairs_.warnings;
    std::ranges::copy(keys_.doubts_of_files(pairs_.images, size(), [this](int64_t i) { return files(i).first; }),
                      std::back_inserter(all));
    return all;
  }
  Node fit(std::span<const int64_t> /*samples*/) const override { return fit_samples(*this); }
  Where place(int64_t index) const override { return {.file = files(index).first.string()}; }

  void get(int64_t index, Sample& into) const override { get_window(index, whole_image(size_), size_, into); }

  // Of the image; the mask is read whole, which costs little beside decoding the image.
  void get_window(int64_t index, const ImageWindow& window, Pair into_size, Sample& into) const override {
    const auto& [image, mask] = files(index);
    const std::string file = read_file(image, static_cast<uint64_t>(std::min<int64_t>(limits_.file_bytes, INT32_MAX)));
    decode_image(image, file, form_, window, into_size, into.fields[0], limits_);
    put_mask(mask, stored_image(image, file, limits_), reinterpret_cast<int32_t*>(into.fields[1]));
  }

  // Of names and files.
  uint64_t fingerprint() const override {
    Xxh64 hash(files_fingerprint(2 * size(), [this](int64_t i) {
      const auto& [image, mask] = files(i / 2);
      return i % 2 == 0 ? image : mask;
    }));
    for (const auto& [image, mask] : pairs_.files)
      hash.append(concat(image.lexically_relative(pairs_.images).string(), '\0',
                         mask.lexically_relative(pairs_.masks).string(), '\0'));
    return hash.value();
  }

 private:
  const std::pair<fs::path, fs::path>& files(int64_t index) const { return pairs_.files[static_cast<size_t>(index)]; }

  // Brought to the samples' size, each place by its nearest. One that was drawn on the image as it is stored, which its
  // size says, is turned as the image is.
  void put_mask(const fs::path& file, const StoredImage& stored, int32_t* into) const {
    Mask mask = read_mask(file, limits_);
    const Pair image = upright(stored.size, stored.orientation);
    if (mask.size != image && mask.size == stored.size) mask = turned(mask, stored.orientation);
    if (mask.size != image)
      throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                      .what = concat("expected a mask of ", image.h, " x ", image.w,
                                                     " pixels (height x width) as its image, found ", mask.size.h,
                                                     " x ", mask.size.w)});
    for (int64_t y = 0; y < size_.h; ++y) {
      const int64_t from = (2 * y + 1) * mask.size.h / (2 * size_.h);
      for (int64_t x = 0; x < size_.w; ++x) {
        const int64_t column = (2 * x + 1) * mask.size.w / (2 * size_.w);
        const uint16_t value = mask.values[static_cast<size_t>(from * mask.size.w + column)];
        const int32_t number = numbers_.empty() ? value : numbers_[value];
        if (number == unlisted_pixel) fail_value(file, from, column, value);
        *into++ = number;
      }
    }
  }
  static Mask turned(const Mask& mask, int orientation) {
    Mask turned{.size = upright(mask.size, orientation), .values = mask.values};
    turn_upright(reinterpret_cast<const uint8_t*>(mask.values.data()), mask.size, sizeof mask.values[0], orientation,
                 whole_image(turned.size), reinterpret_cast<uint8_t*>(turned.values.data()));
    return turned;
  }
  [[noreturn]] void fail_value(const fs::path& file, int64_t row, int64_t column, int64_t value) const {
    std::vector<std::string> known;
    for (const int64_t each : values_) known.push_back(std::to_string(each));
    throw Error(
        Exit::data,
        Problem{.where = {.file = file.string()},
                .what = concat("expected pixels of ", join(known), ", as 'values' says; that in row ", row, ", column ",
                               column, " (from 0 on) is ", value),
                .help = "add it to 'values' if it is a class's, to 'ignore' if it is none's, else mend the mask"});
  }

  // By a pixel's value the target. Empty where it is the value.
  static std::vector<int32_t> numbers_of(const std::vector<int64_t>& values, const std::vector<int64_t>& ignored) {
    if (values.empty() && ignored.empty()) return {};
    std::vector<int32_t> numbers(most_mask_classes, unlisted_pixel);
    if (values.empty()) std::iota(numbers.begin(), numbers.end(), 0);
    for (const int64_t value : ignored) numbers[static_cast<size_t>(value)] = ignored_target;
    for (size_t i = 0; i < values.size(); ++i) numbers[static_cast<size_t>(values[i])] = static_cast<int32_t>(i);
    return numbers;
  }

  const Pairs pairs_;
  const std::vector<std::string> classes_;
  const std::vector<int64_t> values_;
  const std::vector<int32_t> numbers_;
  const ImageKeys keys_;
  const ImageLimits limits_;
  const Pair size_;
  const ImageForm form_;
  std::vector<SampleField> fields_;
};

struct ImagePairs final : Reader {
  std::string images, masks;
  PairSuffixes suffixes;
  ClassCount count;
  std::vector<int64_t> values;
  OneOrMore<int64_t> ignore;
  ImageKeys form;
  void describe(Schema& s) override {
    s.summary("images with masks, which say the class of each pixel: segmentation");
    s.details(
        "A mask is a PNG of its image's size, upright or as it is stored, and name, whatever the endings, whose pixels "
        "are the numbers of classes, "
        "by a palette or as grey values (a BMP or TIFF of these too); where they are others, as in masks of black and "
        "white, 'values' lists them. "
        "The "
        "target is i32 [height, width]; 'cross_entropy' takes it with a network "
        "that ends with a value for each class at each place, as 'conv2d: {out_channels: ${data.classes}, kernel_size: "
        "1}' does. Crops, flips and sizes of 'transforms' act on image and mask alike. Pixels of no class, such as "
        "255 in many sets, are left out by 'ignore_index: 255' of the loss, or beside 'values' by 'ignore: 255', which "
        "makes them -100, and 'ignore_index: -100' of the loss.");
    s.required("images", images, "the folder of the images").known_as({"path", "image_dir", "img_dir"});
    s.required("masks", masks, "the folder of their masks").known_as({"labels", "mask_dir", "annotations"});
    s.optional("image_suffix", suffixes.image, "what images' names have before their endings and masks' do not");
    s.optional("mask_suffix", suffixes.mask, "what masks' names have there and images' do not: _mask of a_mask.png")
        .known_as({"suffix", "mask_postfix"});
    count.describe(s, most_mask_classes);
    s.optional("values", values, "the pixels of each class, in the order of the classes; without it 0, 1, 2, …")
        .at_least(0)
        .at_most(most_mask_classes - 1);
    s.optional("ignore", ignore, "the pixels of no class, whose target is -100: write 'ignore_index: -100' in the loss")
        .at_least(0)
        .at_most(most_mask_classes - 1)
        .known_as({"ignore_index", "ignore_value", "ignored", "ignore_label", "void"});
    form.describe(s);
    s.example("{format: image_pairs, images: photos, masks: masks, classes: 21, size: [256, 256]}");
    s.example("{format: image_pairs, images: scans, masks: drawn, classes: [background, vessel], values: [0, 255]}");
    s.example("{format: image_pairs, images: scans, masks: scans, mask_suffix: _mask, classes: 2}");
    s.example("{format: image_pairs, images: streets, masks: drawn, values: [7, 8, 11], ignore: [0, 255]}");
    s.check([this](const Report& report) {
      std::vector<int64_t> sorted = values;
      std::ranges::sort(sorted);
      if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end())
        report.at("values", concat(*twice, " is there twice"), "write one value for each class");
      else if (count.classes && !values.empty() && std::ssize(values) != count.classes->count)
        report.at("values", concat("expected ", count_of(count.classes->count, "value"), ", one a class, got ",
                                   std::ssize(values)));
      for (const int64_t value : ignore.values)
        if (std::ranges::count(values, value) > 0)
          report.at("ignore", concat("'values' says that ", value, " is a class's"), "write it in one of both");
    });
  }

  DatasetPointer open(const Folders& folders) const override {
    ClassCount counted = count;
    if (!values.empty() && !counted.classes) counted.classes = ClassList{.count = std::ssize(values)};
    std::vector<std::string> classes = counted.names(folders, place, " in the masks", 21);
    return std::make_shared<ImagePairSet>(paired(find_data(folders, images), find_data(folders, masks), suffixes), form,
                                          std::move(classes), values, ignore.values);
  }
  DatasetPointer open_fitted(const Node& fit) const override { return samples_of_fit(fit); }
};
DL_READER(ImagePairs, "image_pairs");

}  // namespace
}  // namespace dl
