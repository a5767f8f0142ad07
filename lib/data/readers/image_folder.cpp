// image_folder: one folder a class, ROOT/CLASS/*.png and the like.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <ranges>
#include <set>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/lower.h"
#include "lib/base/text.h"
#include "lib/data/file/file_fingerprint.h"
#include "lib/data/fit.h"
#include "lib/data/image/image_names.h"
#include "lib/data/image_keys.h"
#include "lib/data/labelled.h"
#include "lib/data/reader.h"
#include "lib/data/sample_fit.h"
#include "lib/data/skipping.h"
#include "lib/data/table/class_order.h"
#include "lib/data/windowed.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

struct Images {
  fs::path root;
  struct Entry {
    std::string name;  // "CLASS/FILE", "CLASS/FOLDER/FILE"
    int32_t label;
  };
  std::vector<Entry> entries;  // in the order of their folders, then of their names
  std::vector<std::string> classes;
  std::vector<Problem> warnings;  // of what was left out
};

// Names of something that is left out: how many, and the first of them.
struct LeftOut {
  int64_t count = 0;
  std::vector<std::string> first;
  void add(const std::string& name) {
    if (++count <= 3) first.push_back(name);
  }
  std::string text() const { return concat(join(first), count > 3 ? ", ..." : ""); }
};

// Goes through the folders of the classes. Links are followed, but none back to where it came from: no folder is read
// twice for one class. Hidden names are passed over; pipes and devices are not opened.
class Listing {
 public:
  Listing(const fs::path& root, const std::vector<std::string>& classes) : known_(classes) {
    images_ = {.root = root, .entries = {}, .classes = classes, .warnings = {}};
    const std::vector<Name> names = names_in("");
    refuse_parts(names);
    std::vector<std::string> folders;
    for (const Name& name : names) {
      if (name.type == fs::file_type::directory) {
        folders.push_back(name.name);
      } else if (name.type == fs::file_type::regular && is_image_name(name.name)) {
        loose_.add(name.name);
      } else if (name.type != fs::file_type::regular) {
        leave_out(name);
      }
    }
    for (const std::string& folder : sorted_classes(folders)) add_class(folder);
    if (images_.entries.empty()) fail_without_classes();
    warn_of_left_out();
    warn_of_classes();
  }

  Images take() && { return std::move(images_); }

 private:
  struct Name {
    std::string name;  // from the root
    fs::file_type type;
  };

  fs::path path_of(const std::string& name) const { return name.empty() ? images_.root : images_.root / name; }

  // As the folder itself tells, without looking at each file; what a link leads to is looked at.
  static fs::file_type type_of(const fs::directory_entry& entry) {
    std::error_code unreadable;  // of a link that leads nowhere, or in a circle
    if (entry.is_regular_file(unreadable)) return fs::file_type::regular;
    if (entry.is_directory(unreadable)) return fs::file_type::directory;
    return entry.status(unreadable).type();
  }

  // What is in a folder, hidden names left out, sorted.
  std::vector<Name> names_in(const std::string& folder) const {
    std::vector<Name> names;
    try {
      for (const fs::directory_entry& entry : fs::directory_iterator(path_of(folder))) {
        std::string name = entry.path().filename().string();
        if (name.front() == '.') continue;
        names.push_back({folder.empty() ? std::move(name) : folder + "/" + name, type_of(entry)});
      }
    } catch (const fs::filesystem_error& error) {
      throw Error(Exit::data, Problem{.where = {.file = path_of(folder).string()},
                                      .what = concat("the folder cannot be listed: ", error.code().message())});
    }
    std::ranges::sort(names, numbered_before, &Name::name);
    return names;
  }

  // Folders named as the parts of a data set are no classes.
  void refuse_parts(const std::vector<Name>& names) const {
    static const std::set<std::string> training{"train", "training"},
        others{"val", "valid", "validation", "dev", "test", "testing"};
    std::string train, other;
    std::vector<std::string> parts;
    bool has_classes = false;
    for (const Name& name : names) {
      if (name.type != fs::file_type::directory) continue;
      const std::string key = lower(name.name);
      const bool is_train = training.contains(key), is_part = is_train || others.contains(key);
      has_classes |= !is_part;
      if (is_part) parts.push_back(name.name);
      if (is_part) (is_train ? train : other) = name.name;
    }
    if (train.empty() || (other.empty() && has_classes)) return;
    const auto path = [&](const std::string& name) { return concat("'path: ", path_of(name).string(), "'"); };
    throw Error(Exit::data, Problem{.where = {.file = images_.root.string()},
                                    .what = concat("expected a folder for each class, its folders are parts of a data "
                                                   "set: ",
                                                   join(parts)),
                                    .help = concat("write ", path(train), other.empty() ? "" : ", and for the others ",
                                                   other.empty() ? "" : path(other))});
  }

  struct Found {
    std::vector<std::string> files;
    std::map<std::string, int64_t> endings;  // of files that are no images
  };

  void add_class(const std::string& folder) {
    std::error_code unreadable;
    std::set<fs::path> seen{fs::canonical(images_.root, unreadable)};
    Found found;
    if (!collect(folder, seen, found)) return;
    auto at = std::ranges::find(images_.classes, folder);
    if (at == images_.classes.end() && !known_.empty())
      throw Error(Exit::data,
                  Problem{.where = {.file = path_of(folder).string()},
                          .what = concat("the folder is named like none of the ", known_.size(), " classes"),
                          .notes = {"classes: " + join(known_)}});
    if (found.files.empty() && (known_.empty() || !found.endings.empty())) fail_empty(folder, found.endings);
    if (at == images_.classes.end()) at = images_.classes.insert(at, folder);
    std::ranges::sort(found.files, numbered_before);
    for (const auto& [ending, count] : found.endings) endings_[ending] += count;
    const auto label = static_cast<int32_t>(at - images_.classes.begin());
    for (std::string& file : found.files) images_.entries.push_back({std::move(file), label});
  }

  // The images in a folder and below it. False where the folder is a link back to one that holds it, or was read.
  bool collect(const std::string& folder, std::set<fs::path>& seen, Found& found) {
    std::error_code unreadable;
    const fs::path real = fs::canonical(path_of(folder), unreadable);
    const fs::path holder = fs::canonical(path_of(folder).parent_path(), unreadable);
    const bool is_above = std::mismatch(real.begin(), real.end(), holder.begin(), holder.end()).first == real.end();
    if (is_above || !seen.insert(real).second) {
      back_.add(folder);
      return false;
    }
    for (const Name& name : names_in(folder)) {
      if (name.type == fs::file_type::directory) {
        collect(name.name, seen, found);
      } else if (name.type != fs::file_type::regular) {
        leave_out(name);
      } else if (is_image_name(name.name)) {
        found.files.push_back(name.name);
      } else {
        ++found.endings[lower(fs::path(name.name).extension().string())];
      }
    }
    return true;
  }

  void leave_out(const Name& name) {
    const bool is_file = name.type != fs::file_type::not_found && name.type != fs::file_type::none;
    (is_file ? devices_ : dangling_).add(name.name);
  }

  static std::string text_of(const std::map<std::string, int64_t>& endings) {
    std::vector<std::string> parts;
    for (const auto& [ending, count] : endings)
      parts.push_back(concat(count, " ", ending.empty() ? "without an ending" : ending));
    return join(parts);
  }
  static int64_t sum_of(const std::map<std::string, int64_t>& endings) {
    int64_t sum = 0;
    for (const auto& [ending, count] : endings) sum += count;
    return sum;
  }
  static std::string read_formats() { return "read are: " + join(image_formats()); }

  [[noreturn]] void fail_empty(const std::string& folder, const std::map<std::string, int64_t>& endings) const {
    Problem problem{.where = {.file = path_of(folder).string()},
                    .what = "expected images of the class, the folder has none",
                    .help = "put images into it, or take the folder away"};
    if (!endings.empty()) {
      problem.what = concat("expected images of the class, of its ", count_of(sum_of(endings), "file"),
                            " none is of a format that is read: ", text_of(endings));
      problem.notes = {read_formats()};
      problem.help = "bring them into one of these, or take the folder away";
    }
    throw Error(Exit::data, std::move(problem));
  }

  [[noreturn]] void fail_without_classes() const {
    Problem problem{.where = {.file = images_.root.string()},
                    .what = "expected folders, one a class, with images in them; found none"};
    if (loose_.count > 0) {
      problem.notes.push_back("images in the folder itself: " + loose_.text());
      problem.help = "put the images of each class into a folder of its own, named as the class";
    }
    if (dangling_.count > 0) problem.notes.push_back("links that lead nowhere: " + dangling_.text());
    if (back_.count > 0) problem.notes.push_back("links back to a folder that holds them: " + back_.text());
    throw Error(Exit::data, std::move(problem));
  }

  void warn(std::string what, std::string help = {}, std::vector<std::string> notes = {}) {
    images_.warnings.push_back({.where = {.file = images_.root.string()},
                                .what = std::move(what),
                                .notes = std::move(notes),
                                .help = std::move(help)});
  }

  void warn_of_left_out() {
    if (const int64_t count = sum_of(endings_); count > 0)
      warn(concat("left out, of formats that are not read: ", count_of(count, "file"), " (", text_of(endings_), ")"),
           "bring them into one of these if they are samples", {read_formats()});
    if (loose_.count > 0)
      warn(concat("left out, in the folder itself and so of no class: ", count_of(loose_.count, "image"), " (",
                  loose_.text(), ")"),
           "put them into the folders of their classes");
    if (dangling_.count > 0)
      warn(concat("left out, as they lead nowhere: ", count_of(dangling_.count, "link"), " (", dangling_.text(), ")"),
           "get what they name, or remove them");
    if (back_.count > 0)
      warn(concat("left out, as links lead there twice or back: ", count_of(back_.count, "folder"), " (", back_.text(),
                  ")"),
           "remove the links");
    if (devices_.count > 0)
      warn(concat("left out, neither files nor folders: ", count_of(devices_.count, "entry"), " (", devices_.text(),
                  ")"),
           "remove them");
  }

  void warn_of_classes() {
    if (known_.empty()) {
      if (images_.classes.size() > 1) return;
      const std::string path = path_of(images_.classes[0]).string();
      const bool nested = std::ranges::all_of(images_.entries, [&](const Images::Entry& entry) {
        return entry.name.find('/', images_.classes[0].size() + 1) != std::string::npos;
      });
      return warn(concat("there is one class only, '", images_.classes[0], "'"),
                  nested ? concat("if the folders in it are the classes write 'path: ", path, "'")
                         : "put the images of each class into a folder of its own");
    }
    std::vector<bool> has(known_.size());
    for (const Images::Entry& entry : images_.entries) has[static_cast<size_t>(entry.label)] = true;
    LeftOut missing;
    for (size_t i = 0; i < known_.size(); ++i)
      if (!has[i]) missing.add(known_[i]);
    if (missing.count > 0)
      warn(concat("it has no images of ", missing.count, " of the ", known_.size(), " classes: ", missing.text()),
           "put them back if they were moved or renamed");
  }

  const std::vector<std::string>& known_;  // classes that were given
  Images images_;
  // What is left out: files of other formats by their endings, images of no class, links, what is no file.
  std::map<std::string, int64_t> endings_;
  LeftOut loose_, dangling_, back_, devices_;
};

class ImageFolderSet final : public Dataset, public Windowed, public Labelled, public Skipping, public Fittable {
 public:
  struct Options {
    ImageKeys images;
    bool skip;
    int64_t max_skipped;
  };

  ImageFolderSet(Images images, const Options& options) : images_(std::move(images)), options_(options) {
    const ImageKeys& keys = options_.images;
    size_ = keys.size ? *keys.size : image_size(path(0), keys.limits());
    form_ = keys.form(size_);
    fields_ = {keys.field(size_), {"y", {DType::i32, {}}}};
  }

  int64_t size() const override { return static_cast<int64_t>(images_.entries.size()); }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return images_.classes; }
  bool in_memory() const override { return false; }
  std::vector<Problem> warnings() const override {
    std::vector<Problem> all = images_.warnings;
    std::ranges::copy(options_.images.doubts_of_files(images_.root, size(), [this](int64_t i) { return path(i); }),
                      std::back_inserter(all));
    return all;
  }

  void get(int64_t index, Sample& into) const override { get_window(index, whole_image(size_), size_, into); }

  void get_window(int64_t index, const ImageWindow& window, Pair into_size, Sample& into) const override {
    while (!read(index, window, into_size, into)) index = (index + 1) % size();
  }

  std::vector<int64_t> labels() const override {
    std::vector<int64_t> labels;
    for (const Images::Entry& entry : images_.entries) labels.push_back(entry.label);
    return labels;
  }

  Node fit(std::span<const int64_t> /*samples*/) const override { return fit_samples(*this); }

  // The image that was read: for one that was skipped, its successor.
  Where place(int64_t index) const override {
    const std::lock_guard lock(mutex_);
    while (skipped_.contains(index)) index = (index + 1) % size();
    return {.file = path(index).string()};
  }

  // Of names, labels and files.
  uint64_t fingerprint() const override {
    Xxh64 hash(files_fingerprint(size(), [this](int64_t i) { return path(i); }));
    for (const Images::Entry& entry : images_.entries) hash.append(concat(entry.name, '\0', entry.label, '\0'));
    return hash.value();
  }

  std::vector<std::string> skipped() const override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [index, why] : skipped_) names.push_back(why);
    return names;
  }

 private:
  fs::path path(int64_t index) const { return images_.root / images_.entries[static_cast<size_t>(index)].name; }

  // False: the image cannot be read and is skipped.
  bool read(int64_t index, const ImageWindow& window, Pair into_size, Sample& into) const try {
    read_image_window(path(index), form_, window, into_size, into.fields[0], options_.images.limits());
    std::memcpy(into.fields[1], &images_.entries[static_cast<size_t>(index)].label, sizeof(int32_t));
    return true;
  } catch (const Error& error) {
    if (!options_.skip) {
      std::vector<Problem> problems = error.problems();
      std::string& help = problems.front().help;
      if (help.empty() || help.starts_with("get ")) {  // it is broken, and no key mends it
        help += concat(help.empty() ? "" : ", or ", "write 'on_bad: skip' to go on without it");
        throw Error(error.exit(), std::move(problems));
      }
      throw;
    }
    const std::lock_guard lock(mutex_);
    skipped_.emplace(index, concat(path(index).string(), ": ", error.problems().front().what));
    const auto count = static_cast<int64_t>(skipped_.size());
    if (count > options_.max_skipped || count == size()) {
      Problem problem = error.problems().front();
      problem.notes.push_back(
          concat(count, " of ", size(), " images could not be read; 'max_skipped' is ", options_.max_skipped));
      throw Error(Exit::data, std::move(problem));
    }
    return false;
  }

  const Images images_;
  const Options options_;
  Pair size_;
  ImageForm form_;
  std::vector<SampleField> fields_;
  mutable std::mutex mutex_;
  mutable std::map<int64_t, std::string> skipped_;
};

struct ImageFolder final : Reader {
  std::string path, on_bad = "error";
  ImageKeys images;
  int64_t max_skipped = 100;
  void describe(Schema& s) override {
    s.summary("image files in folders, one folder a class");
    s.details(
        "PATH/CLASS/FILE and PATH/CLASS/FOLDER/FILE with FILE a PNG, JPEG, BMP, GIF, TGA, PNM, WebP or TIFF, of "
        "several "
        "pictures the first. The folders' names are the classes, numbers in the order of their value; they are kept "
        "with the run. Links are "
        "followed, hidden files are not looked at, and what else is left out is told. Images stand upright as their "
        "Exif says; alpha is left out, so that transparent pixels have the colour that is stored there; of 16 bits the "
        "high ones are taken, or with 'bits: 16' all; 'channels' makes grey of colours and the other way round.");
    s.required("path", path, "the folder that holds the classes' folders")
        .known_as({"file", "filename", "root", "folder", "data_dir"});
    images.describe(s);
    s.optional("on_bad", on_bad, "what an image that cannot be read does; skip: the next one takes its place")
        .one_of({"error", "skip"});
    s.optional("max_skipped", max_skipped, "so many images that cannot be read end the run even so").at_least(0);
    for (const char* key : {"sample", "triplets", "pairs"})
      s.instead_of(key, "leave it out: 'loss: triplet' takes the triplets of each batch, by their classes");
    s.example("{format: image_folder, path: photos/train, size: 64}");
  }
  DatasetPointer open(const Folders& folders) const override {
    return std::make_shared<ImageFolderSet>(
        Listing(find_data(folders, path), folders.classes).take(),
        ImageFolderSet::Options{.images = images, .skip = on_bad == "skip", .max_skipped = max_skipped});
  }
  DatasetPointer open_fitted(const Node& fit) const override { return samples_of_fit(fit); }
};
DL_READER(ImageFolder, "image_folder");

}  // namespace
}  // namespace dl
