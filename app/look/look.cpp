// What kind of data a path is, by its name and its first bytes.
// SPDX-License-Identifier: Apache-2.0
#include "app/look/look.h"

#include <algorithm>
#include <set>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/array/npy.h"
#include "lib/data/image/image_names.h"
#include "lib/data/source.h"
#include "lib/spec/node.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

bool is_table_name(const fs::path& path) {
  fs::path name = path.filename();
  if (name.extension() == ".gz") name = name.stem();
  static const std::set<std::string> known{".csv", ".tsv", ".tab", ".data", ".dat"};
  return known.contains(name.extension().string());
}

bool is_array_name(const fs::path& path) { return path.extension() == ".npy" || path.extension() == ".npz"; }
bool is_idx_name(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.find("-idx") != name.npos || name.find(".idx") != name.npos;
}

// Of the tables in a folder the one to train on: the only one, or the one named so; nothing where that is not clear.
fs::path table_in(const std::vector<fs::path>& tables) {
  if (tables.size() == 1) return tables[0];
  fs::path train;
  for (const fs::path& table : tables) {
    if (part_in(table.stem().string()) != "train") continue;
    if (!train.empty()) return {};
    train = table;
  }
  return train;
}

Look look_at_folder(const fs::path& folder, const LookOptions& options) {
  std::vector<fs::path> tables, arrays, idx, texts;
  bool has_images = false, has_folders = false;
  for (const fs::path& path : visible_in(folder)) {
    has_folders |= fs::is_directory(path);
    has_images |= is_image_name(path);
    if (is_table_name(path)) tables.push_back(path);
    if (is_array_name(path)) arrays.push_back(path);
    if (is_idx_name(path)) idx.push_back(path);
    if (path.extension() == ".txt") texts.push_back(path);
  }
  if (!idx.empty()) return look_at_idx(folder, options);
  if (auto boxes = look_at_boxes(folder, options)) return *std::move(boxes);
  if (has_images || (has_folders && tables.empty() && arrays.empty())) return look_at_images(folder, options);
  if (!arrays.empty()) return look_at_arrays(folder, options);
  if (const fs::path table = table_in(tables); !table.empty()) return look_at_table(table, options);
  if (tables.size() > 1) {
    std::vector<std::string> names;
    for (const fs::path& table : tables) names.push_back(table.filename().string());
    throw Error(Exit::usage, Problem{.path = folder.string(),
                                     .what = "expected one table, or one named as training data, found " + join(names),
                                     .help = concat("name one: dlcli init ", tables[0].string())});
  }
  if (texts.size() == 1) return look_at_text(texts[0], options);
  throw Error(
      Exit::data,
      Problem{.where = {.file = folder.string()},
              .what = "expected images in folders named as their classes, a table, arrays or a text; found none",
              .help = "name the file or the folder that has the data"});
}

}  // namespace

std::vector<fs::path> visible_in(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (at->path().filename().native().front() != '.') paths.push_back(at->path());
  if (error)
    throw Error(Exit::io,
                Problem{.where = {.file = folder.string()}, .what = "the folder cannot be listed: " + error.message()});
  std::ranges::sort(paths);
  return paths;
}

namespace {

// Whether it is the name of a data set that a config may name.
bool is_described(const fs::path& name) {
  std::error_code unreadable;
  return !name.has_parent_path() && std::ranges::any_of(description_folders("."), [&](const fs::path& folder) {
    return folder.filename() == "datasets" && fs::is_regular_file(folder / (name.string() + ".yaml"), unreadable);
  });
}

}  // namespace

Look look(const fs::path& path, const LookOptions& options) {
  std::error_code error;
  if (!fs::exists(path, error))
    throw Error(Exit::usage, Problem{.path = path.string(),
                                     .what = "there is no such file or folder",
                                     .help = is_described(path)
                                                 ? concat("it is a described set: write 'data: {train: ", path.string(),
                                                          ", batch_size: 32}' in a config of your own")
                                                 : ""});
  if (fs::is_directory(path, error)) return look_at_folder(path, options);
  if (is_array_name(path)) return look_at_arrays(path, options);
  if (is_idx_name(path)) return look_at_idx(fs::absolute(path).parent_path(), options);
  if (is_image_name(path))
    throw Error(Exit::usage, Problem{.path = path.string(),
                                     .what = "expected data to train on, got one image",
                                     .help = "name the folder that has the folders of the classes"});
  if (options.task == "text") return look_at_text(path, options);
  if (auto boxes = look_at_boxes(path, options)) return *std::move(boxes);
  if (is_table_name(path) || !options.target.empty()) return look_at_table(path, options);
  return look_at_text(path, options);
}

std::string yaml_text(const std::string& text) {
  std::string yaml = to_yaml(Node::string(text));
  yaml.pop_back();
  return yaml;
}

std::string yaml_path(const fs::path& path, const LookOptions& options) {
  const fs::path absolute = fs::weakly_canonical(path), folder = fs::weakly_canonical(options.folder);
  const fs::path relative = absolute.lexically_relative(folder);
  const bool below = !relative.empty() && *relative.begin() != "..";
  const std::string text = (below ? relative : absolute).string();
  if (!valid_utf8(text))
    throw Error(Exit::usage, Problem{.path = text,
                                     .what = "the name is not UTF-8, which a config must be",
                                     .help = "rename the file or the folder"});
  return yaml_text(text);
}

std::string yaml_list(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const std::string& text : texts) items.push_back(yaml_text(text));
  return "[" + join(items) + "]";
}

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  bool was_lower = false, was_digit = false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_upper = c >= 'A' && c <= 'Z', is_digit = c >= '0' && c <= '9';
    const bool is_letter = is_upper || (c >= 'a' && c <= 'z') || byte >= 0x80;
    const bool begins = (is_upper && was_lower) || (is_digit != was_digit) || words.empty() || words.back().empty();
    if (is_letter || is_digit) {
      if (begins && (words.empty() || !words.back().empty())) words.emplace_back();
      words.back() += static_cast<char>(is_upper ? c + 32 : c);
    } else if (!words.empty() && !words.back().empty()) {
      words.emplace_back();
    }
    was_lower = is_letter && !is_upper;
    was_digit = is_digit;
  }
  if (!words.empty() && words.back().empty()) words.pop_back();
  return words;
}

std::string part_in(std::string_view name) {
  for (const std::string& word : words_of(name)) {
    if (word == "train" || word == "training") return "train";
    if (word == "val" || word == "valid" || word == "validation" || word == "dev") return "val";
    if (word == "test" || word == "testing") return "test";
  }
  return {};
}

}  // namespace dl
