// Finding the files of a data set; a reader and its keys read from the spec.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/reader.h"

#include <glob.h>

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

namespace dl {

void Reader::say_instead(AnyRegistry& registry) {
  registry.instead_of({"images", "image", "folder", "directory", "image_dataset", "jpg", "jpeg", "png"},
                      "write 'image_folder'");
  registry.instead_of({"table", "tsv", "pandas", "dataframe"},
                      "write 'csv'; 'delimiter: tab' where tabs part the cells");
  registry.instead_of_keys({"batch_size", "bs", "shuffle", "balanced", "drop_last", "workers", "num_workers"},
                           "write it below 'data', beside 'train'");
  registry.instead_of_keys(
      {"test_size", "val_size", "validation_split", "validation", "split_ratio", "valid_pct", "val_split"},
      "write 'validation: {fraction: 0.2}' below 'data', beside 'train'", "0.2");
  registry.instead_of_keys({"stratify", "stratified"},
                           "write 'validation: {fraction: 0.2, stratified: true}' below 'data', beside 'train'");
  registry.instead_of_keys({"seed", "random_state"}, "write 'seed: 1' at the top of the config", "1");
  registry.instead_of_keys({"transform", "transforms", "augment", "augmentation", "augmentations", "preprocessing",
                            "item_tfms", "batch_tfms", "tfms", "aug_transforms"},
                           "write 'transforms: […]' below 'data', beside 'train'");
  registry.instead_of_keys({"encoding", "charset"}, "leave it out: files are UTF-8, what else they seem to be is told");
  registry.instead_of_keys({"padding", "truncation", "pad_to_max_length"},
                           "leave it out: texts are cut to 'max_length' and padded to the longest of their batch");
  registry.instead_of_keys({"rescale", "scale_pixels"}, "leave it out: bytes of images are numbers from 0 to 1");
  registry.instead_of_keys({"class_mode", "label_mode"},
                           "leave it out: classes are numbers, as 'cross_entropy' reads them");
  registry.instead_of_keys({"color_mode", "grayscale", "mode"},
                           "write 'channels: 1' for grey, 'channels: 3' for colour");
  registry.instead_of({"excel", "xlsx", "arff"}, "save the table as a CSV file and write 'csv'");
  registry.instead_of({"npz"}, "write 'npy', with 'path: FILE.npz' and 'fields: {x: MEMBER, y: MEMBER}'");
  registry.instead_of({"hdf5", "h5", "mat", "pickle", "pkl", "pt", "tensor", "lmdb"},
                      "save the arrays by numpy.savez and write 'npy'");
  registry.instead_of({"yolo", "yolov5", "yolov8", "ultralytics", "darknet"},
                      "convert the boxes to COCO's JSON and write 'coco'");
  registry.instead_of({"huggingface", "hf", "datasets", "torchvision", "tfds", "keras_datasets", "kaggle"},
                      "save the set as files and name their reader: 'parquet' for tables and texts, 'image_folder' for "
                      "images");
  registry.instead_of({"txt", "characters", "language", "corpus"}, "write 'text'");
  registry.instead_of({"bin"}, "write 'tokens'");
  registry.instead_of({"conll", "conllu", "conll2003", "ner", "pos", "tags", "token_classification"},
                      "write 'text_tags'");
  registry.instead_of({"masks", "segmentation", "image_masks", "image_mask_folder", "cityscapes"},
                      "write 'image_pairs'");
  registry.instead_of({"ubyte"}, "write 'idx'");
  registry.instead_of(
      {"audio", "audio_folder", "wav", "speech", "sound", "mp3", "flac"},
      "sound is not read: save its spectrograms by numpy.savez and write 'npy', or as pictures and write "
      "'image_folder'");
  registry.instead_of({"graph", "planetoid", "ogb"}, "graphs are not read, and no layer passes messages along edges");
  registry.instead_of({"text_pairs", "translation", "parallel"},
                      "pairs of texts are not read: save their tokens as arrays, one a field, and write 'npy'");
}

namespace {

// What to write for a file that is in none of the folders: one of nearly its name that is.
std::string help_for_missing(const Folders& folders, const std::filesystem::path& name) {
  constexpr size_t most_names = 10'000;
  if (name.native().starts_with("~")) return "write the whole path: '~' is known to shells alone";
  for (const std::filesystem::path& root : folders.roots) {
    std::vector<std::string> names;
    std::error_code unreadable;
    for (std::filesystem::directory_iterator entry((root / name).parent_path(), unreadable), end;
         !unreadable && entry != end && names.size() < most_names; entry.increment(unreadable))
      names.push_back(entry->path().filename().string());
    std::ranges::sort(names);
    const std::string nearest = closest(name.filename().string(), names);
    if (!nearest.empty()) return concat("write '", (name.parent_path() / nearest).string(), "'");
  }
  return name.is_absolute() ? "" : "put it there, or name the folder that has it in DLCLI_DATA";
}

// The file, unless Git LFS, whose contents were not fetched, left a few lines in its place.
const std::filesystem::path& with_contents(const std::filesystem::path& path) {
  constexpr uint64_t most_bytes = 1024;
  std::error_code unreadable;
  if (std::filesystem::is_regular_file(path, unreadable) &&
      std::filesystem::file_size(path, unreadable) <= most_bytes &&
      read_file(path, most_bytes).starts_with("version https://git-lfs.github.com/spec/"))
    throw Error(Exit::data, Problem{.where = {.file = path.string()},
                                    .what = "expected data, found a pointer of Git LFS to them",
                                    .help = "fetch them: git lfs pull"});
  return path;
}

}  // namespace

std::filesystem::path find_data(const Folders& folders, const std::string& name) {
  std::vector<std::string> looked_in;
  for (const std::filesystem::path& root : folders.roots) {
    const std::filesystem::path path = root / name;  // `name` itself where it is absolute
    std::error_code unreadable;
    if (std::filesystem::exists(path, unreadable)) return with_contents(path);
    const bool again = std::ranges::any_of(
        looked_in, [&](const std::string& earlier) { return std::filesystem::equivalent(earlier, root, unreadable); });
    if (!again) looked_in.push_back(root.string());
  }
  const bool absolute = std::filesystem::path(name).is_absolute();
  const bool is_url = name.starts_with("http://") || name.starts_with("https://");
  throw Error(Exit::data,
              Problem{.what = absolute ? concat("'", name, "' is not there")
                                       : concat("'", name, "' is not there; looked in ", join(looked_in)),
                      .help = is_url                ? concat("fetch it first, 'curl -LO ", name, "', and name the file")
                              : folders.get.empty() ? help_for_missing(folders, name)
                                                    : concat("get it with: ", folders.get,
                                                             "; or name the folder that has it in DLCLI_DATA")});
}

namespace {

// What a shell makes of a name below a folder, numbers in names by their value.
std::vector<std::filesystem::path> fitting(const std::filesystem::path& root, const std::string& name) {
  std::string pattern;
  for (const char c : std::filesystem::path(name).is_absolute() ? std::string() : root.string() + "/") {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  pattern += name;
  glob_t found{};
  std::vector<std::filesystem::path> paths;
  if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc; ++i)
      if (std::error_code unreadable; std::filesystem::is_regular_file(found.gl_pathv[i], unreadable))
        paths.emplace_back(std::filesystem::path(found.gl_pathv[i]).lexically_normal());
  ::globfree(&found);
  std::ranges::sort(paths, [](const std::filesystem::path& a, const std::filesystem::path& b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
      return numbered_before(x.native(), y.native());
    });
  });
  return paths;
}

}  // namespace

std::vector<std::filesystem::path> find_all_data(const Folders& folders, const std::string& name) {
  const bool is_pattern = name.find_first_of("*?[") != std::string::npos;
  const auto is_there = [&](const std::filesystem::path& root) {
    std::error_code unreadable;
    return std::filesystem::exists(root / name, unreadable);
  };
  if (!is_pattern || std::ranges::any_of(folders.roots, is_there)) return {find_data(folders, name)};
  std::vector<std::string> looked_in;
  for (const std::filesystem::path& root : folders.roots) {
    if (std::vector<std::filesystem::path> paths = fitting(root, name); !paths.empty()) {
      for (const std::filesystem::path& path : paths) with_contents(path);
      return paths;
    }
    if (std::ranges::count(looked_in, root.string()) == 0) looked_in.push_back(root.string());
  }
  throw Error(Exit::data,
              Problem{.what = concat("no file is '", name, "'; looked in ", join(looked_in)),
                      .help = "write the pattern as the files' names are: '*' stands for any characters but '/'"});
}

bool Codec<ReaderSpec>::read(const Node& node, ReaderSpec& value, const Limits&, const Reading& r) {
  if (node.is_null()) {
    value.reader.reset();
    return true;
  }
  const Node::Entry* format = node.entry("format");
  const auto name = format ? format->value.as_string() : std::nullopt;
  if (!name) {
    r.expected(format ? format->value : node, type({}));
    return false;
  }
  std::unique_ptr<Described> object = Registry<Reader>::instance().AnyRegistry::make(*name, format->value.where, r);
  Node keys = node;
  keys.erase("format");
  if (!object) {
    read_as_meant(Registry<Reader>::instance(), *name, keys, r);
    return false;
  }
  object->place = node.where;
  if (!Registry<Reader>::instance().read_keys(keys, *object, r)) return false;
  value.reader.reset(static_cast<Reader*>(object.release()));
  return true;
}

Node Codec<ReaderSpec>::write(const ReaderSpec& value) {
  if (!value.reader) return Node::null();
  Node out = Node::map();
  out.set("format", Node::string(value.reader->name));
  for (Node::Entry& entry : write_object(*value.reader).entries) out.set(entry.key, std::move(entry.value));
  return out;
}

std::string Codec<ReaderSpec>::type(const Limits&) {
  return concat("a map with 'format' (", join(Registry<Reader>::instance().names()), ") and its keys");
}

Node Codec<ReaderSpec>::json_schema(const Limits&) {
  Node formats = Node::list();
  for (const std::string& name : Registry<Reader>::instance().names()) {
    const auto reader = Registry<Reader>::make(name);
    Node keys = schema_of(*reader).json_schema(), format = Node::map();
    format.set("const", Node::string(name));
    keys.find("properties")->set("format", std::move(format));
    if (!keys.find("required")) keys.set("required", Node::list());
    keys.find("required")->items.push_back(Node::string("format"));
    formats.items.push_back(std::move(keys));
  }
  Node out = Node::map();
  out.set("anyOf", std::move(formats));
  return out;
}

}  // namespace dl
