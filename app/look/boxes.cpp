// A config for images with boxes around what is on them: COCO's JSON files, or Pascal VOC's folders.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/look/convnet.h"
#include "app/look/image_sample.h"
#include "app/look/look.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/data_spec.h"
#include "lib/data/image/image_names.h"
#include "lib/graph/boxes.h"
#include "lib/spec/yaml.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

constexpr uintmax_t looked_at_first = 1 << 20, most_json_bytes = 1 << 30;
constexpr size_t boxes_looked_at = 300;  // images whose boxes are read
constexpr int64_t longest_boxed = 128;

// The sets that a config has, and the folder of the training images.
struct BoxedSets {
  struct Part {
    std::string name, keys;  // for people; of the reader, without the size
  };
  std::string format;
  std::map<std::string, Part> parts;  // by "train", "val", "test"
  fs::path images;
};

std::string beginning_of(const fs::path& file, uintmax_t bytes) {
  std::error_code error;
  const uintmax_t size = fs::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  std::string text(error ? 0 : std::min(size, bytes), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  return text;
}

// The first image that a file of COCO's names, which may lie behind its annotations.
std::optional<std::string> first_image(const fs::path& annotations) {
  const std::string key = "\"file_name\"";
  std::string text = beginning_of(annotations, looked_at_first);
  if (text.find(key) == text.npos) text = beginning_of(annotations, most_json_bytes);
  size_t at = text.find(key);
  if (at == text.npos) return {};
  at = text.find_first_not_of(" \t\r\n:", at + key.size());
  if (at == text.npos || text[at] != '"') return {};
  size_t end = at + 1;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  const auto name = nlohmann::json::parse(text.substr(at, end + 1 - at), nullptr, false);
  return name.is_string() ? std::optional(name.get<std::string>()) : std::nullopt;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> folders{folder};
  std::error_code error, unknown;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (at->is_directory(unknown)) folders.push_back(at->path());
  std::ranges::sort(folders);
  return folders;
}

// The folder beside a file of COCO's in which its first image lies: of several one that is named as the same part.
fs::path images_of(const fs::path& annotations) {
  const std::optional<std::string> name = first_image(annotations);
  if (!name)
    throw Error(Exit::data, Problem{.where = {.file = annotations.string()},
                                    .what = "expected a file of COCO's instances, found no image's 'file_name'",
                                    .help = "name a file with 'images', 'annotations' and 'categories'"});
  const fs::path beside = fs::absolute(annotations).parent_path();
  std::vector<fs::path> places = folders_in(beside);
  std::ranges::copy(folders_in(beside.parent_path()), std::back_inserter(places));
  std::error_code error;
  if (const fs::path all = beside.parent_path() / "images"; fs::is_directory(all, error))
    std::ranges::copy(folders_in(all), std::back_inserter(places));
  const std::string part = part_in(annotations.stem().string());
  fs::path found;
  for (const fs::path& place : places) {
    if (!fs::is_regular_file(place / *name, error)) continue;
    if (part_in(place.filename().string()) == part) return place;
    if (found.empty()) found = place;
  }
  if (found.empty())
    throw Error(Exit::data,
                Problem{.where = {.file = annotations.string()},
                        .what = concat("the image '", shortened(*name), "' is in no folder beside the file"),
                        .help = "put the folder of the images beside the file"});
  return found;
}

std::vector<fs::path> coco_files_in(const fs::path& folder) {
  std::vector<fs::path> files, instances;
  for (const fs::path& place : {folder, folder / "annotations"}) {
    std::error_code error;
    if (!fs::is_directory(place, error)) continue;
    for (const fs::path& path : visible_in(place)) {
      if (!is_coco_file(path)) continue;
      files.push_back(path);
      if (path.stem().string().find("instances") != std::string::npos) instances.push_back(path);
    }
  }
  return instances.empty() ? files : instances;
}

BoxedSets coco_sets(const std::vector<fs::path>& files, const LookOptions& options) {
  std::map<std::string, fs::path> by_part;
  for (const fs::path& file : files) by_part.emplace(part_in(file.stem().string()), file);
  if (files.size() == 1) by_part = {{"train", files[0]}};
  if (!by_part.contains("train")) {
    std::vector<std::string> names;
    for (const fs::path& file : files) names.push_back(file.filename().string());
    throw Error(Exit::usage, Problem{.path = files[0].parent_path().string(),
                                     .what = "expected a file named as training data, found " + join(names),
                                     .help = concat("name one: dlcli init ", files[0].string())});
  }
  BoxedSets sets{.format = "coco", .images = images_of(by_part["train"])};
  for (const auto& [part, file] : by_part)
    if (!part.empty())
      sets.parts[part] = {file.filename().string(), concat("annotations: ", yaml_path(file, options),
                                                           ", images: ", yaml_path(images_of(file), options))};
  return sets;
}

BoxedSets voc_sets(const fs::path& folder, const LookOptions& options) {
  BoxedSets sets{.format = "voc", .images = folder / "JPEGImages"};
  const std::string path = "path: " + yaml_path(folder, options);
  std::error_code error;
  // A list of which the first image has a file of boxes.
  const auto has = [&](const std::string& split) {
    std::ifstream list(folder / "ImageSets/Main" / (split + ".txt"));
    std::string name;
    return bool(list >> name) && fs::is_regular_file(folder / "Annotations" / (name + ".xml"), error);
  };
  const auto add = [&](const std::string& part, const std::string& split) {
    sets.parts[part] = split.empty() ? BoxedSets::Part{"all images", path}
                                     : BoxedSets::Part{split + ".txt", path + ", split: " + split};
  };
  const bool parted = has("train") && has("val");
  add("train", parted ? "train" : has("trainval") ? "trainval" : "");
  if (parted) add("val", "val");
  if (has("test")) add("test", "test");
  return sets;
}

// Height and width of the boxes of some samples, in pixels of the model's input, and how many there are of a sample.
struct BoxSizes {
  std::vector<Pair> sizes;  // by area
  size_t samples = 0;
};

BoxSizes box_sizes(const Dataset& data) {
  BoxSizes found;
  Sample into;
  std::vector<std::vector<std::byte>> values;
  for (const SampleField& field : data.fields()) {
    values.emplace_back(static_cast<size_t>(field.type.bytes()));
    into.fields.push_back(values.back().data());
  }
  const int64_t step = std::max<int64_t>(1, data.size() / static_cast<int64_t>(boxes_looked_at));
  for (int64_t i = 0; i < data.size(); i += step) {
    data.get(i, into);
    ++found.samples;
    const auto* rows = reinterpret_cast<const BoxRow*>(values.back().data());
    for (const BoxRow* row = rows; row < rows + values.back().size() / sizeof(BoxRow); ++row)
      if (row->is_box() && row->more == BoxRow::counted)
        found.sizes.push_back(
            {std::llround(row->box.bottom - row->box.top), std::llround(row->box.right - row->box.left)});
  }
  std::ranges::sort(found.sizes, {}, [](const Pair& size) { return size.h * size.w; });
  return found;
}

// "[[h, w], [h, w]]": sizes in the middle of the parts `first` and `first` + 1 of so many that the boxes are cut into.
std::string anchors_yaml(const std::vector<Pair>& boxes, size_t first, size_t parts) {
  std::vector<std::string> anchors;
  for (size_t part = first; part < first + 2; ++part) {
    const Pair size = boxes[(2 * part + 1) * boxes.size() / (2 * parts)];
    anchors.push_back(concat("[", std::max<int64_t>(size.h, 2), ", ", std::max<int64_t>(size.w, 2), "]"));
  }
  return "[" + join(anchors) + "]";
}

// Convolutions down to an eighth of the image, or of large ones to a sixteenth; the last two sizes look for boxes.
std::string detector_yaml(const std::vector<Pair>& boxes, Pair image) {
  const bool large = std::max(image.h, image.w) >= 96;
  std::string yaml =
      "blocks:\n  convolution:\n    params: {channels: }\n    layers:\n"
      "      - conv2d: {out_channels: \"${channels}\", kernel_size: 3, padding: 1, bias: false}\n"
      "      - batch_norm\n      - relu\nmodel:\n";
  for (int64_t channels = 16; channels <= (large ? 64 : 32); channels *= 2)
    yaml += concat("  - convolution: {channels: ", channels, "}\n  - max_pool2d: 2\n");
  return yaml + concat("  - convolution: {channels: 64}\n    repeat: 2\n    name: fine\n  - max_pool2d: 2\n",
                       "  - convolution: {channels: ", large ? 128 : 64, "}\n    repeat: 2\n    name: coarse\n",
                       "  # anchors: [height, width] in pixels, as boxes of the training set have them\n"
                       "  - ssd_head: {anchors: ",
                       anchors_yaml(boxes, 0, 4),
                       ", classes: \"${data.classes}\"}\n    from: fine\n    name: small\n  - ssd_head: {anchors: ",
                       anchors_yaml(boxes, 2, 4),
                       ", classes: \"${data.classes}\"}\n    from: coarse\n    name: large\n"
                       "  - concat: 1\n    from: [small, large]\n");
}

Look look_at_boxed(const BoxedSets& sets, const LookOptions& options) {
  if (!options.target.empty())
    throw Error(Exit::usage, Problem{.path = "--target",
                                     .what = "images with boxes have no columns: all of their boxes are the target",
                                     .help = "leave --target out"});
  std::vector<fs::path> images;
  std::error_code error;
  for (fs::recursive_directory_iterator at(sets.images, error), end; !error && at != end; at.increment(error))
    if (at->path().filename().native().front() != '.' && is_image_name(at->path())) images.push_back(at->path());
  std::ranges::sort(images);
  if (images.empty())
    throw Error(Exit::data, Problem{.where = {.file = sets.images.string()}, .what = "expected images, found none"});
  const ImageSample s = sample_images(some_of(images, boxes_looked_at), longest_boxed, 8);
  const auto reader = [&](const std::string& part) {
    return concat("{format: ", sets.format, ", ", sets.parts.at(part).keys, s.keys_yaml(), "}");
  };
  DataSpec spec;
  std::vector<Problem> problems;
  read_object(parse_yaml("{train: " + reader("train") + "}", "init"), spec, Reading(problems, "data"));
  const DataSets opened = problems.empty() ? open_data(spec, options.folder, 1, problems) : DataSets{};
  if (!problems.empty()) throw Error(std::move(problems));
  const Dataset& train = *opened.train;
  const BoxSizes boxes = box_sizes(train);
  if (boxes.sizes.empty())
    throw Error(Exit::data, Problem{.where = {.file = sets.images.string()},
                                    .what = concat("expected boxes on the images, found none on ", boxes.samples)});

  Look look;
  look.found.push_back(concat(count_of(train.size(), "image"), " of ", count_of(std::ssize(opened.classes), "class"),
                              sets.format == "coco" ? ", boxes as COCO has them" : ", boxes as Pascal VOC has them"));
  look.found.push_back(s.text(std::ssize(images)));
  const auto share = [&](size_t of) { return boxes.sizes[of * (boxes.sizes.size() - 1) / 10]; };
  look.found.push_back(concat(
      number_text(std::round(10.0 * static_cast<double>(boxes.sizes.size()) / static_cast<double>(boxes.samples)) / 10),
      " boxes an image, most from ", size_text(share(1)), " to ", size_text(share(9)),
      s.is_resized() ? concat(" where images are ", size_text(s.size)) : std::string()));

  const bool held_out = !sets.parts.contains("val");
  const int64_t training = held_out ? train.size() * 4 / 5 : train.size();
  const int64_t epochs = std::clamp<int64_t>(2 * image_epochs(training, s.size), 10, 60);
  std::string& yaml = look.config;
  yaml += "data:\n  train: " + reader("train") + "\n";
  yaml += held_out ? "  validation: {fraction: 0.2}   # a part of the images is not trained on\n"
                   : "  validation: " + reader("val") + "\n";
  if (sets.parts.contains("test")) yaml += "  test: " + reader("test") + "\n";
  yaml += concat("  batch_size: ", train.size() < 200 ? 8 : 16, "\n  transforms:\n", mirrored_yaml,
                 "    - random_crop: {padding: ", std::max<int64_t>(1, std::min(s.size.h, s.size.w) / 8), "}\n",
                 s.normalize_yaml());
  yaml += detector_yaml(boxes.sizes, s.size);
  yaml += concat(
      "loss: ssd\nmetrics: [mean_average_precision]\noptimizer: {adam: {lr: 2e-3}}\n"
      "schedule: {cosine: {warmup: 1 epoch}}\ntrainer:\n  max_epochs: ",
      epochs, "\n  checkpoint: {every: 1 epoch, keep: 1, best: val/mean_average_precision}\n");
  if (s.is_resized()) look.chosen.push_back(concat("all are brought to ", size_text(s.size)));
  look.chosen.push_back("mirrored and moved at random in training");
  look.chosen.push_back(concat("a single-shot detector with four anchors of the boxes' sizes, ",
                               held_out ? "20 % for validation" : "validation by " + sets.parts.at("val").name,
                               sets.parts.contains("test") ? ", test by " + sets.parts.at("test").name : "", ", ",
                               epochs, " epochs at most"));
  return look;
}

}  // namespace

bool is_coco_file(const fs::path& file) {
  if (file.extension() != ".json") return false;
  const std::string text = beginning_of(file, looked_at_first);
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin != text.npos && text[begin] == '{' &&
         (text.find("\"file_name\"") != text.npos || text.find("\"annotations\"") != text.npos);
}

std::optional<Look> look_at_boxes(const fs::path& path, const LookOptions& options) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (!is_coco_file(path)) return {};
    return look_at_boxed(coco_sets({path}, options), options);
  }
  for (const fs::path& folder : folders_in(path))
    if (fs::is_directory(folder / "Annotations", error) && fs::is_directory(folder / "JPEGImages", error))
      return look_at_boxed(voc_sets(folder, options), options);
  if (const std::vector<fs::path> files = coco_files_in(path); !files.empty())
    return look_at_boxed(coco_sets(files, options), options);
  return {};
}

}  // namespace dl
