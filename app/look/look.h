// Looking at files nobody described: what they hold, and a config that trains on them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dl {

struct LookOptions {
  std::string target;            // of tables: a column's name, its number from 1, or a file of targets; empty: guessed
  std::string task;              // class, value or text; empty: guessed
  std::filesystem::path folder;  // of the config
  std::string name;              // of the config, without .yaml
};

struct Look {
  std::vector<std::string> found, chosen;                        // sentences for people
  std::string config;                                            // YAML
  std::map<std::filesystem::path, std::string> files;            // that the config needs beside the data
  std::map<std::filesystem::path, std::filesystem::path> links;  // to make: what each leads to
};

// Of a file or a folder, by what is in it. What nothing can be made of is an Error: Exit::data, or Exit::usage for
// options that do not fit.
Look look(const std::filesystem::path& path, const LookOptions& options);

Look look_at_table(const std::filesystem::path& file, const LookOptions& options);
Look look_at_images(const std::filesystem::path& folder, const LookOptions& options);
// Of images with boxes, a file of COCO's or a folder with such files or of Pascal VOC's; nothing where it is neither.
std::optional<Look> look_at_boxes(const std::filesystem::path& path, const LookOptions& options);
bool is_coco_file(const std::filesystem::path& file);  // by its beginning
Look look_at_text(const std::filesystem::path& file, const LookOptions& options);
Look look_at_arrays(const std::filesystem::path& path, const LookOptions& options);
Look look_at_idx(const std::filesystem::path& folder, const LookOptions& options);

// What a folder holds but for names that begin with a dot, sorted.
std::vector<std::filesystem::path> visible_in(const std::filesystem::path& folder);

// For configs: a text as a YAML scalar; a file's name from the config's folder, absolute where it lies elsewhere.
std::string yaml_text(const std::string& text);
std::string yaml_path(const std::filesystem::path& path, const LookOptions& options);
// "[a, b]"
std::string yaml_list(const std::vector<std::string>& texts);

// The parts of a data set by what files or folders are named: "train", "val", "test", or nothing.
std::string part_in(std::string_view name);
// The words of a name: "SalePrice_2" -> sale, price, 2.
std::vector<std::string> words_of(std::string_view name);

}  // namespace dl
