// What the documents say is true: their YAML is accepted, the commands' page is what --help prints.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/app/run_dlcli.h"

using namespace dl::testing;
namespace fs = std::filesystem;

namespace {

// The document's ```LANGUAGE blocks.
std::vector<std::string> blocks_of(const std::string& file, const std::string& language) {
  const std::string text = text_of(fs::path(source_dir()) / file);
  const std::string begin = "\n```" + language + "\n";
  std::vector<std::string> blocks;
  for (size_t at = 0; (at = text.find(begin, at)) != std::string::npos;) {
    at += begin.size();
    const size_t end = text.find("\n```", at);
    blocks.push_back(text.substr(at, end + 1 - at));
    at = end;
  }
  return blocks;
}

}  // namespace

TEST_CASE("the YAML in README and on the pages for who comes from elsewhere is a config") {
  Folder folder;
  for (const std::string page : {"README.md", "docs/from-pytorch.md", "docs/from-keras.md", "docs/from-lightning.md"}) {
    const std::vector<std::string> blocks = blocks_of(page, "yaml");
    REQUIRE(!blocks.empty());
    for (const std::string& block : blocks) {
      write(folder / "page.yaml", block);
      const Finished checked = run_dlcli({"check", "page.yaml"}, folder);
      CHECK_MESSAGE(checked.exit == 0, page, ": ", checked.err);
    }
  }
}

TEST_CASE("the YAML in docs/yaml.md is accepted as a part of a config") {
  Folder folder;
  std::string base = text_of(source_dir() + "/tests/app/tiny.yaml");
  for (const std::string own : {", validation: {fraction: 0.1}", ", best: val/accuracy"}) {  // which not every part has
    REQUIRE(base.find(own) != std::string::npos);
    base.erase(base.find(own), own.size());
  }
  write(folder / "base.yaml", base);
  std::string houses = "id,size,town,price\n";
  for (int i = 0; i < 20; ++i) houses += std::to_string(i) + (i % 2 ? ",50,Ulm,1e5\n" : ",90,Wien,3e5\n");
  write(folder / "houses.csv", houses);
  write(folder / "input.txt", std::string(2000, 'a'));
  for (const char* name : {"photos/train/cat", "photos/train/dog", "photos/val/cat", "photos/val/dog"}) {
    std::filesystem::create_directories(folder / name);
    write(folder / name / "0.pgm", "P5 1 1 255\n\x40");
  }
  const std::string rest =
      ", batch_size: 4}\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n";
  write(folder / "sequences.yaml", "data: {train: {format: random, shape: [6, 32], classes: 10, samples: 8}" + rest);
  write(folder / "digits.yaml", "data: {train: {format: random, shape: [28, 28, 1], classes: 10, samples: 8}" + rest);
  write(folder / "table.yaml",
        "data: {train: {format: csv, path: houses.csv, target: town, columns: {price: target}}" + rest);
  write(folder / "quickstart.yaml", text_of(source_dir() + "/configs/quickstart.yaml"));
  for (const std::string& block : blocks_of("docs/yaml.md", "yaml")) {
    CAPTURE(block);
    // Attention reads sequences, what has a price a table, what makes 28 x 28 the like, the other parts images.
    const auto has = [&](const char* word) { return block.find(word) != std::string::npos; };
    const std::string of = has("multi_head_attention") ? "sequences"
                           : has("target: price")      ? "table"
                           : has("[28, 28, 1]")        ? "digits"
                                                       : "base";
    write(folder / "part.yaml", (block.starts_with("extends:") ? "" : "extends: " + of + ".yaml\n") + block);
    // A part that shows how layers are written may end with anything; no loss is asked of it. What else a part may lack
    // is its data.
    const Finished checked = run_dlcli({"check", "part.yaml"}, folder);
    bool accepted = checked.exit == 0;
    for (const char* lacks :
         {"the model ends with", "loss (cross_entropy)", "there is no validation set", "which the data do not have",
          "data.train: 'masks' is not there", "data.train: 'instances.json' is not there"})
      accepted |= checked.err.find(lacks) != std::string::npos;
    CHECK_MESSAGE(accepted, checked.err);
  }
}

TEST_CASE("the pages made of what the program says of itself are what it says") {
  for (const std::string page : {"commands", "leaves", "names"}) {
    CAPTURE(page);
    const Folder folder;
    const std::string file = folder / (page + ".md");
    REQUIRE(std::system((source_dir() + "/scripts/" + page + "-doc " + dlcli_binary() + " > " + file).c_str()) == 0);
    CHECK_MESSAGE(text_of(file) == text_of(source_dir() + "/docs/" + page + ".md"), "write it anew: scripts/", page,
                  "-doc build/dlcli > docs/", page, ".md");
  }
}

TEST_CASE("the JSON Schema names every section and describes every type") {
  const auto schema = nlohmann::json::parse(run_dlcli({"describe", "--format", "json-schema"}).out);
  for (const char* section : {"data", "model", "loss", "optimizer", "trainer", "extends"})
    CHECK(schema.at("properties").contains(section));
  for (const char* kind : {"layer", "loss", "metric", "optimizer", "schedule", "initializer", "transform"})
    CHECK(schema.at("$defs").contains(kind));
  const auto entries = nlohmann::json::parse(run_dlcli({"describe", "--json"}).out).at("entries");
  for (const auto& entry : entries) {
    CAPTURE(entry.at("name"));
    CHECK(!entry.at("summary").get<std::string>().empty());
    if (entry.at("kind") != "section") CHECK(!entry.at("examples").empty());
    for (const auto& key : entry.at("keys")) CHECK(!key.at("summary").get<std::string>().empty());
  }
}
