// image_folder: one folder a class, ROOT/CLASS/*.png and the like.
#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/image.h"
#include "lib/data/image_names.h"
#include "lib/data/reader.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

struct Images {
  fs::path root;
  struct Entry {
    std::string name;  // "CLASS/FILE"
    int32_t label;
  };
  std::vector<Entry> entries;  // sorted by class, then by file
  std::vector<std::string> classes;
};

// The names in a folder that are of this type themselves; links are not followed. Hidden ones are left out.
std::vector<std::string> names_in(const fs::path& folder, fs::file_type type) {
  std::vector<std::string> names;
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      const fs::path name = entry.path().filename();
      if (name.native().front() == '.' || entry.symlink_status().type() != type) continue;
      if (type == fs::file_type::regular && !is_image_name(name)) continue;
      names.push_back(name.string());
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(Exit::data, Problem{.where = {.file = folder.string()},
                                    .what = concat("the folder cannot be listed: ", error.code().message())});
  }
  std::sort(names.begin(), names.end());
  return names;
}

Images list_images(const fs::path& root, const std::vector<std::string>& classes) {
  Images images{.root = root, .entries = {}, .classes = classes};
  for (const std::string& folder : names_in(root, fs::file_type::directory)) {
    const std::vector<std::string> files = names_in(root / folder, fs::file_type::regular);
    if (files.empty()) continue;
    auto at = std::find(images.classes.begin(), images.classes.end(), folder);
    if (at == images.classes.end() && !classes.empty()) {
      throw Error(Exit::data,
                  Problem{.where = {.file = (root / folder).string()},
                          .what = concat("the folder is named like none of the ", classes.size(), " classes"),
                          .notes = {"classes: " + join(classes)}});
    }
    if (at == images.classes.end()) at = images.classes.insert(at, folder);
    const auto label = static_cast<int32_t>(at - images.classes.begin());
    for (const std::string& file : files) images.entries.push_back({folder + "/" + file, label});
  }
  if (images.entries.empty())
    throw Error(Exit::data, Problem{.where = {.file = root.string()},
                                    .what = "expected folders, one a class, with images in them; found none",
                                    .notes = {"links and hidden files are not looked at"}});
  return images;
}

class ImageFolderSet final : public Dataset {
 public:
  struct Options {
    std::optional<Pair> size;
    int channels;
    bool skip;
    int64_t max_skipped;
    ImageLimits limits;
  };

  ImageFolderSet(Images images, const Options& options) : images_(std::move(images)), options_(options) {
    if (options_.size) {
      size_ = *options_.size;
    } else {
      size_ = image_size(path(0), options_.limits);
    }
    form_ = {.size = size_, .channels = options_.channels, .may_resize = options_.size.has_value()};
    fields_ = {{"x", {DType::u8, {size_.h, size_.w, options_.channels}}}, {"y", {DType::i32, {}}}};
  }

  int64_t size() const override { return static_cast<int64_t>(images_.entries.size()); }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return images_.classes; }
  bool in_memory() const override { return false; }

  void get(int64_t index, Sample& into) const override { get_window(index, whole_image(size_), size_, into); }

  void get_window(int64_t index, const ImageWindow& window, Pair into_size, Sample& into) const override {
    while (!read(index, window, into_size, into)) index = (index + 1) % size();
  }

  bool has_labels() const override { return true; }
  std::vector<int64_t> labels() const override {
    std::vector<int64_t> labels;
    for (const Images::Entry& entry : images_.entries) labels.push_back(entry.label);
    return labels;
  }

  // The image that was read: for one that was skipped, its successor.
  Where place(int64_t index) const override {
    const std::lock_guard lock(mutex_);
    while (skipped_.contains(index)) index = (index + 1) % size();
    return {.file = path(index).string()};
  }

  // Of names, sizes and labels: reading every image to compare it would take as long as an epoch.
  uint64_t fingerprint() const override {
    Xxh64 hash;
    for (int64_t i = 0; i < size(); ++i) {
      const Images::Entry& entry = images_.entries[static_cast<size_t>(i)];
      std::error_code vanished;
      hash.append(concat(entry.name, '\0', entry.label, '\0', fs::file_size(path(i), vanished), '\0'));
    }
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
    read_image_window(path(index), form_, window, into_size, into.fields[0], options_.limits);
    std::memcpy(into.fields[1], &images_.entries[static_cast<size_t>(index)].label, sizeof(int32_t));
    return true;
  } catch (const Error& error) {
    if (!options_.skip) throw;
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
  std::optional<Pair> size;
  int channels = 3;
  int64_t max_skipped = 100, max_pixels = ImageLimits{}.pixels;
  void describe(Schema& s) override {
    s.summary("image files in folders, one folder a class");
    s.details(
        "PATH/CLASS/FILE with FILE a PNG, JPEG, BMP, GIF, TGA or PNM. The folders' names, sorted, are the classes. "
        "Links "
        "are not followed.");
    s.required("path", path, "the folder that holds the classes' folders")
        .known_as({"file", "filename", "root", "folder", "data_dir"});
    s.optional("size", size, "[height, width] that images are stretched to; without it all must have the first one's")
        .at_least(1);
    s.optional("channels", channels, "3: colour; 1: grey").at_least(1).at_most(3);
    s.optional("on_bad", on_bad, "what an image that cannot be read does; skip: the next one takes its place")
        .one_of({"error", "skip"});
    s.optional("max_skipped", max_skipped, "so many images that cannot be read end the run even so").at_least(0);
    s.optional("max_pixels", max_pixels, "an image with more is not decoded").at_least(1);
    s.example("{format: image_folder, path: photos/train, size: 64}");
    s.check([this](const Report& report) {
      if (channels == 2) report.at("channels", "expected 1 or 3, got 2");
    });
  }
  DatasetPointer open(const Folders& folders) const override {
    return std::make_shared<ImageFolderSet>(list_images(find_data(folders, path), folders.classes),
                                            ImageFolderSet::Options{.size = size,
                                                                    .channels = channels,
                                                                    .skip = on_bad == "skip",
                                                                    .max_skipped = max_skipped,
                                                                    .limits = {.pixels = max_pixels}});
  }
};
DL_READER(ImageFolder, "image_folder");

}  // namespace
}  // namespace dl
