// Configs with mistakes: what is said of each, word for word. tests/app/broken/NAME.yaml, NAME.expected, whole ones;
// and by_section.txt, many small ones. A "⋯" in what is expected stands for names that new layers, readers and the like
// add to.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "tests/app/run_dlcli.h"

using namespace dl::testing;
namespace fs = std::filesystem;

namespace {

// Whether `said` is `expected`, with anything where "⋯" stands.
bool same_but_for_gaps(std::string_view said, std::string_view expected) {
  const std::string_view gap = "⋯";
  const size_t first = expected.find(gap);
  if (first == expected.npos) return said == expected;
  if (said.substr(0, first) != expected.substr(0, first)) return false;
  expected.remove_prefix(first + gap.size());
  for (size_t at = first; at <= said.size(); ++at)
    if (same_but_for_gaps(said.substr(at), expected)) return true;
  return false;
}

// A case of by_section.txt:
//
//   === what is wrong
//   $ options of the command line, if any
//   @@ other.yaml
//   a file beside the config, if any
//   @@
//   sections of the config; those of `whole` that it lacks follow
//   ---
//   what is said
struct Small {
  std::string name, said;
  std::vector<std::string> options;
  std::map<std::string, std::string> files;
};

const std::pair<const char*, const char*> whole[] = {
    {"data", "data: {train: {format: random, shape: [8, 8, 3], classes: 10, samples: 64}, batch_size: 16}"},
    {"model", "model: [flatten, linear: 10]"},
    {"loss", "loss: cross_entropy"},
    {"optimizer", "optimizer: {adamw: {lr: 1e-3}}"},
    {"trainer", "trainer: {max_epochs: 1}"}};

std::vector<Small> small_ones() {
  std::vector<Small> all;
  std::istringstream lines(text_of(source_dir() + "/tests/app/broken/by_section.txt"));
  std::string file;  // that is being written; empty: what is said
  std::set<std::string> sections;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("=== ")) {
      all.push_back({.name = line.substr(4)});
      file = "my.yaml";
      sections.clear();
    } else if (file == "my.yaml" && line.starts_with("$ ")) {
      std::istringstream words(line.substr(2));
      for (std::string word; words >> word;) all.back().options.push_back(word);
    } else if (line.starts_with("@@")) {
      file = line == "@@" ? "my.yaml" : line.substr(3);
    } else if (line == "---") {
      for (const auto& [section, text] : whole)
        if (!sections.contains(section)) all.back().files["my.yaml"] += std::string(text) + "\n";
      file.clear();
    } else if (file.empty()) {
      all.back().said += line + "\n";
    } else {
      all.back().files[file] += line + "\n";
      sections.insert(line.substr(0, line.find(':')));
    }
  }
  return all;
}

}  // namespace

TEST_CASE("each of many small mistakes, of other habits and of YAML, is mended from what is said of it") {
  const std::vector<Small> all = small_ones();
  CHECK(all.size() >= 110);
  for (const Small& one : all) {
    CAPTURE(one.name);
    Folder folder;
    for (const auto& [name, text] : one.files) write(folder / name, text);
    std::vector<std::string> arguments{"check", "my.yaml"};
    arguments.insert(arguments.end(), one.options.begin(), one.options.end());
    const Finished checked = run_dlcli(arguments, folder);
    CHECK_MESSAGE(same_but_for_gaps(checked.err, one.said), "said:\n", checked.err, "expected:\n", one.said);
    CHECK(checked.exit == 2);
  }
}

TEST_CASE("every mistake in a config is named with its place and what to write instead") {
  std::vector<fs::path> configs;
  for (const fs::directory_entry& entry : fs::directory_iterator(source_dir() + "/tests/app/broken"))
    if (entry.path().extension() == ".yaml") configs.push_back(entry.path());
  std::sort(configs.begin(), configs.end());
  CHECK(configs.size() >= 30);
  for (const fs::path& config : configs) {
    CAPTURE(config.stem().string());
    const Finished checked = run_dlcli({"check", fs::relative(config, source_dir())});
    const std::string expected = text_of(fs::path(config).replace_extension(".expected"));
    CHECK_MESSAGE(same_but_for_gaps(checked.err, expected), "said:\n", checked.err, "expected:\n", expected);
    CHECK(checked.out.empty());
    const bool file_missing =
        config.stem().string() == "missing-data-files" || config.stem().string() == "weights-file-missing";
    CHECK(checked.exit == (file_missing ? 3 : 2));
  }
}

TEST_CASE("train refuses a broken config as check does, and leaves nothing behind") {
  Folder folder;
  const std::string config = source_dir() + "/tests/app/broken/five-at-once.yaml";
  const Finished trained = run_dlcli({"train", config}, folder);
  CHECK(trained.exit == 2);
  CHECK(trained.err.ends_with("5 errors; nothing was run\n"));
  CHECK(trained.err == run_dlcli({"check", config}, folder).err);
  CHECK(fs::is_empty(folder.path));
}
