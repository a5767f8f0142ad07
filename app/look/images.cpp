// A config for a folder of images: by class, in parts, or with a table of labels beside.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <optional>

#include "app/look/columns.h"
#include "app/look/convnet.h"
#include "app/look/image_sample.h"
#include "app/look/look.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/image/image_names.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

constexpr size_t samples_looked_at = 300;
constexpr int64_t longest_side = 64;

struct ClassFolder {
  std::string name;
  std::vector<fs::path> images;  // in it and below
};

std::vector<ClassFolder> class_folders(const fs::path& folder) {
  std::vector<ClassFolder> classes;
  for (const fs::path& path : visible_in(folder)) {
    std::error_code error;
    if (!fs::is_directory(path, error)) continue;
    std::vector<fs::path> images;
    for (fs::recursive_directory_iterator at(path, error), end; !error && at != end; at.increment(error))
      if (at->path().filename().native().front() != '.' && is_image_name(at->path())) images.push_back(at->path());
    std::ranges::sort(images);
    if (!images.empty()) classes.push_back({path.filename().string(), std::move(images)});
  }
  return classes;
}

// Of each class a part, of small ones two.
ImageSample sample(const std::vector<ClassFolder>& classes) {
  std::vector<fs::path> some;
  size_t all = 0;
  for (const ClassFolder& c : classes) all += c.images.size();
  for (const ClassFolder& c : classes) {
    const size_t wanted = std::max<size_t>(2, samples_looked_at * c.images.size() / all);
    std::ranges::copy(some_of(c.images, wanted), std::back_inserter(some));
  }
  return sample_images(some, longest_side, 4);
}

int64_t count_of_images(const std::vector<ClassFolder>& classes) {
  int64_t count = 0;
  for (const ClassFolder& c : classes) count += std::ssize(c.images);
  return count;
}

// A table beside the images that names them: folders of links, one a class, are made of it.
std::optional<std::map<std::string, std::vector<fs::path>>> labelled_by_table(const fs::path& folder, fs::path& table) {
  std::vector<fs::path> tables;
  for (const fs::path& place : {folder, fs::weakly_canonical(folder).parent_path()})
    for (const fs::path& path : visible_in(place))
      if (path.extension() == ".csv" || path.extension() == ".tsv") tables.push_back(path);
  for (const fs::path& path : tables) try {
      const CsvText text(path, {});
      if (text.columns() < 2) continue;
      std::vector<std::string> names;
      for (int64_t c = 0; c < text.columns(); ++c)
        names.push_back(text.has_header() ? text.names()[static_cast<size_t>(c)] : concat("column_", c + 1));
      const auto image = [&](int64_t row, int64_t c) -> fs::path {
        const fs::path name = std::string(text.cell(row, c));
        std::error_code error;
        for (const char* ending : {"", ".png", ".jpg", ".jpeg"})
          if (fs::is_regular_file(folder / (name.string() + ending), error)) return folder / (name.string() + ending);
        return {};
      };
      for (int64_t c = 0; c < text.columns(); ++c) {
        if (text.rows() < 2 || image(0, c).empty() || image(1, c).empty()) continue;
        std::vector<ColumnLook> columns = columns_of(text, names);
        columns.erase(columns.begin() + c);
        const ColumnLook& target = columns[guessed_target(columns, text.has_header())];
        if (target.different < 2 || target.different * 2 > target.present()) continue;
        std::map<std::string, std::vector<fs::path>> classes;
        for (int64_t row = 0; row < text.rows(); ++row)
          if (const fs::path file = image(row, c); !file.empty())
            classes[std::string(text.cell(row, target.index))].push_back(file);
        table = path;
        return classes;
      }
    } catch (const Error&) {  // no table
    }
  return {};
}

}  // namespace

Look look_at_images(const fs::path& folder, const LookOptions& options) {
  if (!options.target.empty())
    throw Error(Exit::usage, Problem{.path = "--target",
                                     .what = "images have no columns: their folders' names are the classes",
                                     .help = "leave --target out"});
  Look look;
  std::map<std::string, fs::path> parts;
  bool has_images = false;
  for (const fs::path& path : visible_in(folder)) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      const std::vector<std::string> words = words_of(path.filename().string());
      if (const std::string part = part_in(path.filename().string()); !part.empty() && words.size() == 1)
        parts.emplace(part, path);
    } else {
      has_images |= is_image_name(path);
    }
  }
  if (!parts.contains("train")) parts.clear();
  fs::path train = parts.empty() ? folder : parts["train"];
  std::vector<ClassFolder> classes = class_folders(train);
  if (fs::path table; classes.empty() && has_images) {
    if (const auto labels = labelled_by_table(folder, table)) {
      train = options.folder / (options.name + "-by-class");
      for (const auto& [name, files] : *labels) {
        if (name.empty() || name.front() == '.' || name.find('/') != name.npos) continue;
        classes.push_back({name, files});
        for (const fs::path& file : files) look.links[train / name / file.filename()] = fs::weakly_canonical(file);
      }
      look.found.push_back(concat(table.filename().string(), " names the images' classes: ", train.filename().string(),
                                  " has links to them in folders named so"));
    }
  }
  if (classes.empty())
    throw Error(
        Exit::data,
        Problem{.where = {.file = train.string()},
                .what = has_images ? "expected images in folders named as their classes, found images without a class"
                                   : "expected images in folders named as their classes, found none",
                .help = "put the images of each class into a folder of its own, named as the class"});
  if (classes.size() < 2)
    throw Error(
        Exit::data,
        Problem{.where = {.file = train.string()},
                .what = concat("expected two classes at least, found one folder with images: '", classes[0].name, "'"),
                .help = "put the images of each class into a folder of its own, named as the class"});
  const int64_t all = count_of_images(classes);
  const auto [least, most] = std::ranges::minmax(classes, {}, [](const ClassFolder& c) { return c.images.size(); });
  const ImageSample s = sample(classes);
  look.found.push_back(concat(train.filename().string(), ": ", count_of(all, "image"), " of ", classes.size(),
                              " classes, ", least.images.size(), " (", least.name, ") to ", most.images.size(), " (",
                              most.name, ") each"));
  look.found.push_back(s.text(all));
  if (s.unreadable > 0) look.found.push_back(concat(s.unreadable, " of those cannot be read; they are skipped"));

  const bool held_out = !parts.contains("val");
  const int64_t training = held_out ? all * 4 / 5 : all;
  const bool stratified = least.images.size() >= 2;
  int64_t stages = 0;
  const std::string network = convnet_yaml(s.size, stages);
  const int64_t epochs = image_epochs(training, s.size);
  const bool few = all < 1500;
  const std::string best = few ? "val/loss" : "val/accuracy";
  const auto reader = [&](const fs::path& path) {
    return concat("{format: image_folder, path: ", yaml_path(path, options), ", size: [", s.size.h, ", ", s.size.w, "]",
                  s.grey ? ", channels: 1" : "", s.unreadable > 0 ? ", on_bad: skip" : "", "}\n");
  };
  std::string& yaml = look.config;
  yaml += "data:\n  train: " + reader(train);
  if (held_out) {
    yaml += concat("  validation: {fraction: 0.2", stratified ? ", stratified: true" : "",
                   "}   # a part of the images is not trained on\n");
  } else {
    yaml += "  validation: " + reader(parts["val"]);
  }
  if (parts.contains("test")) yaml += "  test: " + reader(parts["test"]);
  yaml += concat("  batch_size: ", all < 1000 ? 16 : all < 20000 ? 64 : 128, "\n  transforms:\n");
  const int64_t padding = std::max<int64_t>(1, std::min(s.size.h, s.size.w) / 10);
  if (!s.grey)
    yaml += concat("    # pictures look much the same mirrored and moved a little; take these out if yours do not\n",
                   "    - horizontal_flip\n    - random_crop: {size: [", s.size.h, ", ", s.size.w,
                   "], padding: ", padding, "}\n");
  yaml += s.normalize_yaml();
  yaml +=
      "model:\n" + network +
      concat("  - linear: ${data.classes}\nloss: cross_entropy\nmetrics: [accuracy]\n",
             "optimizer: {adamw: {lr: 2e-3, weight_decay: 0.05}}\nschedule: {cosine: {warmup: 1 epoch}}\n",
             "trainer:\n  max_epochs: ", epochs, "\n  early_stopping: {monitor: ", best,
             ", patience: ", std::max<int64_t>(5, epochs / 3),
             "}   # ends where it no longer gets better\n  checkpoint: {every: 1 epoch, keep: 1, best: ", best, "}\n");
  if (s.is_resized()) look.chosen.push_back(concat("all are brought to ", size_text(s.size)));
  if (!s.grey) look.chosen.push_back("mirrored and moved at random in training");
  look.chosen.push_back(concat("a convolutional network of ", count_of(stages, "stage"), ", ",
                               held_out ? concat("20 % ", stratified ? "of each class " : "", "for validation")
                                        : "validation by " + parts["val"].filename().string(),
                               parts.contains("test") ? ", test by " + parts["test"].filename().string() : "", ", ",
                               epochs, " epochs at most"));
  return look;
}

}  // namespace dl
