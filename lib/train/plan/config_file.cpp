// Finding and reading a config.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/config_file.h"

#include <set>
#include <sstream>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/shared_files.h"
#include "lib/data/data_spec.h"
#include "lib/data/source.h"
#include "lib/train/plan/plan.h"
#include "lib/train/plan/run_spec.h"

namespace dl {

std::filesystem::path find_config(const std::filesystem::path& name) {
  const std::filesystem::path config = shared_file(name);
  std::error_code unreadable;
  const std::string reader = name.has_extension() ? reader_by_name(name.string()) : "";
  const bool may_be_config = reader.empty() || reader == "text" || reader == "coco";  // .txt and .json
  if (!may_be_config)
    throw Error(Exit::usage, Problem{.where = {name.string()},
                                     .what = "expected a config, got a file of data by its name",
                                     .help = "write 'dlcli init " + name.string() + "', which writes a config for it"});
  if (std::filesystem::exists(config, unreadable) || name.has_parent_path()) return config;
  for (const std::string ending : {"", ".yaml"}) {
    const std::string meant = "configs/" + name.string() + ending;
    if (std::filesystem::is_regular_file(shared_file(meant), unreadable))
      throw Error(Exit::usage, Problem{.what = "no file '" + name.string() + "'",
                                       .notes = {"looked in ."},
                                       .help = "write '" + meant + "', which comes with dlcli"});
  }
  return config;
}

LoadOptions config_options(const std::vector<std::string>& sets) {
  LoadOptions options{.sets = sets, .later = data_value_names(), .schema = owned_schema<RunSpec>()};
  for (const std::filesystem::path& folder : shared_folders()) options.search.push_back(folder / "configs");
  options.limits = resolved_limits;
  return options;
}

std::string config_text(const std::filesystem::path& config, const Node& spec, const std::vector<std::string>& sets) {
  std::string text;
  for (const std::string& set : sets) text += "# --set " + set + "\n";
  text += read_file(config, resolved_limits.bytes);
  std::set<std::string> others;
  auto collect = [&](const Node& node, auto&& self) -> void {
    if (node.origin == Node::Origin::file && !node.where.file.empty()) others.insert(node.where.file);
    for (const Node& item : node.items) self(item, self);
    for (const Node::Entry& entry : node.entries) self(entry.value, self);
  };
  collect(spec, collect);
  std::error_code error;
  for (const std::string& other : others) {
    if (!std::filesystem::exists(other, error) || std::filesystem::equivalent(other, config, error)) continue;
    text += "\n# " + other + "\n";
    std::istringstream lines(read_file(other, resolved_limits.bytes));
    for (std::string line; std::getline(lines, line);) text += "# " + line + "\n";
  }
  return text;
}

}  // namespace dl
