// A config for a folder of images: by class, in parts, or with a table of labels beside.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <optional>

#include "app/look/columns.h"
#include "app/look/convnet.h"
#include "app/look/image_sample.h"
#include "app/look/learning.h"
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

// A folder of images being looked at, in the order of run().
class ImagesLook {
 public:
  ImagesLook(const fs::path& folder, const LookOptions& options) : folder_(folder), options_(options) {}

  Look run() {
    find_parts();
    classes_ = class_folders(train_);
    if (classes_.empty() && has_images_) class_by_table();
    expect_classes();
    look_at_sample();
    write_data();
    write_network();
    tell_choices();
    return std::move(look_);
  }

 private:
  // Folders named as parts of a data set, if one of them is to train on; else the folder is all.
  void find_parts() {
    for (const fs::path& path : visible_in(folder_)) {
      std::error_code error;
      if (fs::is_directory(path, error)) {
        const std::vector<std::string> words = words_of(path.filename().string());
        if (const std::string part = part_in(path.filename().string()); !part.empty() && words.size() == 1)
          parts_.emplace(part, path);
      } else {
        has_images_ |= is_image_name(path);
      }
    }
    if (!parts_.contains("train")) parts_.clear();
    train_ = parts_.empty() ? folder_ : parts_["train"];
  }

  // Links to the images, in folders of classes that a table beside them names.
  void class_by_table() {
    fs::path table;
    const auto labels = labelled_by_table(folder_, table);
    if (!labels) return;
    train_ = options_.folder / (options_.name + "-by-class");
    for (const auto& [name, files] : *labels) {
      if (name.empty() || name.front() == '.' || name.find('/') != name.npos) continue;
      classes_.push_back({name, files});
      for (const fs::path& file : files) look_.links[train_ / name / file.filename()] = fs::weakly_canonical(file);
    }
    look_.found.push_back(concat(table.filename().string(), " names the images' classes: ", train_.filename().string(),
                                 " has links to them in folders named so"));
  }

  void expect_classes() const {
    if (classes_.empty())
      throw Error(
          Exit::data,
          Problem{.where = {.file = train_.string()},
                  .what = has_images_
                              ? "expected images in folders named as their classes, found images without a class"
                              : "expected images in folders named as their classes, found none",
                  .help = "put the images of each class into a folder of its own, named as the class"});
    if (classes_.size() < 2)
      throw Error(Exit::data,
                  Problem{.where = {.file = train_.string()},
                          .what = concat("expected two classes at least, found one folder with images: '",
                                         classes_[0].name, "'"),
                          .help = "put the images of each class into a folder of its own, named as the class"});
  }

  void look_at_sample() {
    all_ = count_of_images(classes_);
    const auto [least, most] = std::ranges::minmax(classes_, {}, [](const ClassFolder& c) { return c.images.size(); });
    sample_ = sample(classes_);
    look_.found.push_back(concat(train_.filename().string(), ": ", count_of(all_, "image"), " of ", classes_.size(),
                                 " classes, ", least.images.size(), " (", least.name, ") to ", most.images.size(), " (",
                                 most.name, ") each"));
    look_.found.push_back(sample_.text(all_));
    if (sample_.unreadable > 0)
      look_.found.push_back(concat(sample_.unreadable, " of those cannot be read; they are skipped"));
    stratified_ = least.images.size() >= 2;
  }

  bool held_out() const { return !parts_.contains("val"); }

  std::string reader(const fs::path& path) const {
    return concat("{format: image_folder, path: ", yaml_path(path, options_), sample_.keys_yaml(),
                  sample_.unreadable > 0 ? ", on_bad: skip" : "", "}\n");
  }

  void write_data() {
    const ImageSample& s = sample_;
    std::string& yaml = look_.config;
    yaml += "data:\n  train: " + reader(train_);
    if (held_out()) {
      yaml += concat("  validation: {fraction: 0.2", stratified_ ? ", stratified: true" : "",
                     "}   # a part of the images is not trained on\n");
    } else {
      yaml += "  validation: " + reader(parts_["val"]);
    }
    if (parts_.contains("test")) yaml += "  test: " + reader(parts_["test"]);
    yaml += concat("  batch_size: ", batch_size_for(all_), "\n  transforms:\n");
    const int64_t padding = std::max<int64_t>(1, std::min(s.size.h, s.size.w) / 10);
    if (!s.grey)
      yaml += concat(mirrored_yaml, "    - random_crop: {size: [", s.size.h, ", ", s.size.w, "], padding: ", padding,
                     "}\n");
    yaml += s.normalize_yaml();
  }

  void write_network() {
    const int64_t training = held_out() ? all_ * 4 / 5 : all_;
    epochs_ = image_epochs(training, sample_.size);
    const bool few = all_ < 1500;
    look_.config += "model:\n" + convnet_yaml(sample_.size, stages_) + learning_yaml(true, "2e-3", "0.05") +
                    trainer_yaml(epochs_, std::max<int64_t>(5, epochs_ / 3), monitored(true, few));
  }

  void tell_choices() {
    if (sample_.is_resized()) look_.chosen.push_back(concat("all are brought to ", size_text(sample_.size)));
    if (!sample_.grey) look_.chosen.push_back("mirrored and moved at random in training");
    look_.chosen.push_back(concat("a convolutional network of ", count_of(stages_, "stage"), ", ",
                                  held_out() ? concat("20 % ", stratified_ ? "of each class " : "", "for validation")
                                             : "validation by " + parts_["val"].filename().string(),
                                  parts_.contains("test") ? ", test by " + parts_["test"].filename().string() : "",
                                  ", ", epochs_, " epochs at most"));
  }

  const fs::path& folder_;
  const LookOptions& options_;
  std::map<std::string, fs::path> parts_;
  bool has_images_ = false;  // beside folders
  fs::path train_;
  std::vector<ClassFolder> classes_;
  int64_t all_ = 0, epochs_ = 0, stages_ = 0;
  ImageSample sample_;
  bool stratified_ = false;
  Look look_;
};

}  // namespace

Look look_at_images(const fs::path& folder, const LookOptions& options) {
  if (!options.target.empty())
    throw Error(Exit::usage, Problem{.path = "--target",
                                     .what = "images have no columns: their folders' names are the classes",
                                     .help = "leave --target out"});
  return ImagesLook(folder, options).run();
}

}  // namespace dl
