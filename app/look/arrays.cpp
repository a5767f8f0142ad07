// Configs for arrays: .npz archives, pairs of .npy files, and the idx files of MNIST and its kind.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>

#include "app/look/convnet.h"
#include "app/look/learning.h"
#include "app/look/look.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/array/npy.h"
#include "lib/data/reader.h"
#include "lib/spec/reading.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

// An array's place: a .npy file, or a member of an archive.
struct Named {
  fs::path path;
  std::string member, name;  // `name` tells what it is: a member's or a file's, without the ending
};

bool is_target_name(const std::string& name) {
  static constexpr const char* words[] = {"y", "label", "labels", "target", "targets", "class", "classes"};
  const std::vector<std::string> own = words_of(name);
  return std::ranges::any_of(own,
                             [](const std::string& word) { return std::ranges::find(words, word) != std::end(words); });
}

// The inputs and targets of one part.
struct Part {
  std::optional<Named> x, y;
};

Part part_of(const std::vector<Named>& arrays, const std::string& part) {
  Part found;
  for (const Named& array : arrays) {
    const std::string own = part_in(array.name);
    if (own != part && !(part == "train" && own.empty())) continue;
    std::optional<Named>& place = is_target_name(array.name) ? found.y : found.x;
    if (!place) place = array;
  }
  return found;
}

// numpy's own names of arrays without one: the inputs first, then the targets.
void name_positional(std::vector<Named>& arrays) {
  if (arrays.size() == 2 && arrays[0].name == "arr_0" && arrays[1].name == "arr_1") {
    arrays[0].name = "x";
    arrays[1].name = "y";
  }
}

std::vector<Named> arrays_in(const fs::path& path) {
  std::vector<Named> arrays;
  if (path.extension() == ".npz") {
    for (const ZipMember& member : read_zip(InputFile(path))) {
      std::string name = member.name;
      if (name.ends_with(".npy")) name.resize(name.size() - 4);
      arrays.push_back({path, name, name});
    }
  } else {
    std::error_code error;
    std::vector<fs::path> files;
    const fs::path folder = fs::is_directory(path, error) ? path : fs::absolute(path).parent_path();
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
      if (at->path().extension() == ".npy" && at->path().filename().native().front() != '.')
        files.push_back(at->path());
    std::ranges::sort(files);
    for (const fs::path& file : files) arrays.push_back({file, "", file.stem().string()});
  }
  name_positional(arrays);
  return arrays;
}

std::string names_text(const std::vector<Named>& arrays) {
  std::vector<std::string> names;
  for (const Named& array : arrays) names.push_back(array.name);
  return names.empty() ? "none" : shortened(join(names), 200);
}

std::string network_of_lists(int64_t rows) {
  const std::string hidden = rows > 5000 ? "128" : "64", second = rows > 5000 ? "64" : "32";
  return "  - batch_norm            # brings each number to mean 0 and deviation 1\n  - linear: " + hidden +
         "\n  - relu\n  - dropout: 0.1\n  - linear: " + second + "\n  - relu\n";
}

std::string learning_from_arrays(bool is_class, bool few, int64_t epochs) {
  return learning_yaml(is_class, is_class && !few ? "2e-3" : "1e-3") +
         trainer_yaml(epochs, std::max<int64_t>(5, epochs / 4), monitored(is_class, few));
}

// Mean and deviation of some rows of images.
std::string normalize_yaml(const NpyArray& x) {
  const int64_t rows = std::min<int64_t>(x.shape()[0], 500), step = std::max<int64_t>(1, x.shape()[0] / rows);
  std::vector<float> values(static_cast<size_t>(x.row_elements()));
  std::vector<std::byte> scratch(static_cast<size_t>(x.row_bytes())), bytes(static_cast<size_t>(x.row_elements()));
  double sum = 0, squares = 0, count = 0;
  for (int64_t i = 0; i < x.shape()[0]; i += step) {
    if (x.is_float()) {
      x.row(i, DType::f32, reinterpret_cast<std::byte*>(values.data()), scratch.data());
    } else {
      x.row(i, DType::u8, bytes.data(), scratch.data());
      for (size_t k = 0; k < values.size(); ++k) values[k] = static_cast<float>(bytes[k]) / 255;
    }
    for (const float value : values) {
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    count += static_cast<double>(values.size());
  }
  const double mean = sum / count, deviation = std::sqrt(std::max(1e-8, squares / count - mean * mean));
  const auto digits = [](double value) { return number_text(std::round(value * 1000) / 1000); };
  return concat("  transforms:\n    - normalize: {mean: ", digits(mean), ", std: ", digits(std::max(deviation, 0.001)),
                "}   # as the images have it\n");
}

DatasetPointer open_idx(const fs::path& images, const fs::path& labels) {
  Node keys = Node::map();
  keys.set("format", Node::string("idx"));
  keys.set("images", Node::string(fs::absolute(images).string()));
  keys.set("labels", Node::string(fs::absolute(labels).string()));
  std::vector<Problem> problems;
  ReaderSpec spec;
  Codec<ReaderSpec>::read(keys, spec, {}, Reading(problems));
  if (!problems.empty()) throw Error(Exit::data, std::move(problems));
  return spec.reader->open({.roots = {"."}});
}

}  // namespace

Look look_at_arrays(const fs::path& path, const LookOptions& options) {
  const std::vector<Named> arrays = arrays_in(path);
  const Part train = part_of(arrays, "train"), val = part_of(arrays, "val"), test = part_of(arrays, "test");
  if (!train.x || !train.y)
    throw Error(Exit::data,
                Problem{.where = {.file = path.string()},
                        .what = "expected an array of inputs and one of targets, named as 'x' and 'y', found " +
                                names_text(arrays),
                        .help = "name the targets' array 'y', or 'labels'"});
  const NpyArray x(train.x->path, train.x->member), y(train.y->path, train.y->member);
  const int64_t rows = x.shape()[0];
  const bool is_class = !y.is_float() && y.shape().rank() == 1;
  const bool bytes = x.dtype() == "u1" || x.dtype() == "b1";
  const int rank = x.shape().rank();
  const bool is_image = rank == 4 || (rank == 3 && bytes);
  const bool is_sequence = rank == 3 && !bytes;
  if (rank < 2 || rank > 4 || (!x.is_float() && !bytes))
    throw Error(Exit::data, Problem{.where = {.file = train.x->path.string()},
                                    .what = concat("expected images of bytes or numbers, or lists of numbers, found ",
                                                   x.dtype(), " ", x.shape().text()),
                                    .help = "bring them to f4 with numpy's astype"});
  const bool first = is_image && rank == 4 && (x.shape()[1] == 1 || x.shape()[1] == 3) && x.shape()[3] > 4;
  Look look;
  look.found.push_back(concat(path.filename().string(), ": ", train.x->name, " ", x.dtype(), " ", x.shape().text(),
                              ", ", train.y->name, " ", y.dtype(), " ", y.shape().text()));
  look.found.push_back(concat(is_image      ? "images"
                              : is_sequence ? "sequences"
                                            : "lists of numbers",
                              ", ", is_class ? "each with a class" : "with numbers to predict"));
  const auto reader = [&](const Part& part) {
    std::string out = "{format: npy, ";
    if (!part.x->member.empty()) {
      out += concat("path: ", yaml_path(part.x->path, options), ", fields: {x: ", yaml_text(part.x->member),
                    ", y: ", yaml_text(part.y->member), "}");
    } else {
      out += concat("fields: {x: ", yaml_path(part.x->path, options), ", y: ", yaml_path(part.y->path, options), "}");
    }
    return out + (first ? ", layout: channels_first}\n" : "}\n");
  };
  const double share = share_held_out(rows);
  const bool few = static_cast<double>(rows) * share < 300, held_out = !(val.x && val.y), tests = test.x && test.y;
  std::string& yaml = look.config;
  yaml += "data:\n  train: " + reader(train);
  yaml += held_out ? concat("  validation: {fraction: ", number_text(share), "}   # not trained on\n")
                   : "  validation: " + reader(val);
  if (tests) yaml += "  test: " + reader(test);
  yaml += concat("  batch_size: ", batch_size_for(rows), "\n");
  std::string kind = "two hidden layers";
  int64_t epochs = std::clamp<int64_t>(400000 / std::max<int64_t>(rows, 1), 10, 100);
  if (is_image) {
    const Pair size = first ? Pair{x.shape()[2], x.shape()[3]} : Pair{x.shape()[1], x.shape()[2]};
    int64_t stages = 0;
    epochs = image_epochs(rows, size);
    yaml += normalize_yaml(x) + "model:\n" + convnet_yaml(size, stages);
    kind = concat("convolutions in ", count_of(stages, "stage"));
  } else if (is_sequence) {
    epochs = std::clamp<int64_t>(4'000'000 / std::max<int64_t>(rows * x.shape()[1], 1), 10, 60);
    yaml += "model:\n  - gru: {hidden_size: 64, return_sequences: false}\n  - dropout: 0.1\n";
    kind = "a recurrent layer";
  } else {
    yaml += "model:\n" + network_of_lists(rows);
  }
  yaml += learning_from_arrays(is_class, few, epochs);
  look.chosen.push_back(
      concat("a network of ", kind, ", ",
             held_out ? concat(std::lround(share * 100), " % for validation") : "validation by " + val.x->name,
             tests ? ", test by " + test.x->name : "", ", ", epochs, " epochs at most"));
  return look;
}

Look look_at_idx(const fs::path& folder, const LookOptions& options) {
  struct Files {
    fs::path images, labels;
  };
  std::map<std::string, Files> parts;
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    files.push_back(at->path());
  std::ranges::sort(files);
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    const bool labels = name.find("label") != name.npos;
    if (name.front() == '.' || (!labels && name.find("image") == name.npos)) continue;
    std::string part = name.starts_with("t10k") ? "test" : part_in(name);
    if (part.empty()) part = "train";
    fs::path& place = labels ? parts[part].labels : parts[part].images;
    if (place.empty()) place = file;
  }
  const Files train = parts["train"];
  if (train.images.empty() || train.labels.empty())
    throw Error(Exit::data,
                Problem{.where = {.file = folder.string()},
                        .what = "expected idx files of images and of labels to train on, named so, found no such pair",
                        .help = "name them train-images-idx3-ubyte and train-labels-idx1-ubyte"});
  const auto reader = [&](const Files& pair) {
    return concat("{format: idx, images: ", yaml_path(pair.images, options),
                  ", labels: ", yaml_path(pair.labels, options), "}\n");
  };
  const DatasetPointer data = open_idx(train.images, train.labels);
  const Shape& shape = data->fields()[0].type.shape;
  const bool is_image = shape.rank() == 3;
  Look look;
  look.found.push_back(concat(folder.filename().string(), ": ", count_of(data->size(), "sample"), " of ", shape.text(),
                              " with a class each"));
  const bool tests = !parts["test"].images.empty() && !parts["test"].labels.empty();
  std::string& yaml = look.config;
  yaml += "data:\n  train: " + reader(train) + "  validation: {fraction: 0.1, stratified: true}   # not trained on\n";
  if (tests) yaml += "  test: " + reader(parts["test"]);
  yaml += "  batch_size: 128\n";
  int64_t epochs = 20, stages = 0;
  if (is_image) {
    const Pair size{shape[0], shape[1]};
    epochs = image_epochs(data->size(), size);
    yaml += "model:\n  - batch_norm            # brings the values to mean 0 and deviation 1\n" +
            convnet_yaml(size, stages);
  } else {
    yaml += "model:\n" + network_of_lists(data->size());
  }
  yaml += learning_from_arrays(true, false, epochs);
  look.chosen.push_back(concat(
      "a network of ", is_image ? concat("convolutions in ", count_of(stages, "stage")) : "two hidden layers",
      ", 10 % of each class for validation", tests ? ", test by the t10k files" : "", ", ", epochs, " epochs at most"));
  return look;
}

}  // namespace dl
