// What every registered type has: a help text, examples that read as they stand, and a test that names it.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "lib/data/table/table.h"
#include "lib/spec/registry.h"
#include "lib/spec/yaml.h"
#include "tests/structure/sources.h"

using namespace dl;

namespace {

// Whether the text has the name where YAML may have one.
bool names_in_yaml(std::string_view text, std::string_view name) {
  constexpr std::string_view before = "\"[{ -", behind = "\":, }]";
  for (size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if (at > 0 && before.find(text[at - 1]) != before.npos && end < text.size() &&
        behind.find(text[end]) != behind.npos)
      return true;
  }
  return false;
}

// How many recorded cases there are of each name, in the files of some folders: a case is of all names in its YAML.
std::map<std::string, int> recorded_cases(const std::vector<std::string>& folders) {
  std::map<std::string, int> cases;
  for (const std::string& folder : folders) {
    for (const std::string& file : files_under(folder, {".json"})) {
      const std::string text = text_of(file), key = "\"yaml\":";
      for (size_t at = text.find(key); at != std::string::npos; at = text.find(key, at)) {
        at = text.find('"', at + key.size()) + 1;
        const std::string yaml = text.substr(at, text.find('"', at) - at);
        std::set<std::string> names;
        for (size_t begin = 0; begin < yaml.size();) {
          const size_t end = std::min(yaml.find_first_of(":,]}[{ ", begin), yaml.size());
          names.insert(yaml.substr(begin, end - begin));
          begin = end + 1;
        }
        for (const std::string& name : names) ++cases[name];
      }
    }
  }
  return cases;
}

// What is compared otherwise, and where.
const std::map<std::string, std::set<std::string>> compared_otherwise{
    // What these do while training is random; tests/layers/noise.cpp and random_normal.cpp hold it against its
    // distribution. What a file says: tests/interop/onnx_layer.cpp holds its operators against ONNX Runtime.
    {"layer",
     {"alpha_dropout", "drop_block", "drop_path", "dropout", "dropout1d", "dropout2d", "dropout3d",
      "feature_alpha_dropout", "gaussian_noise", "gaussian_dropout", "random_normal", "onnx"}},
    {"metric", {"confusion_matrix"}},  // a table by hand in tests/metrics/confusion_matrix.cpp
    // What is drawn, by its distribution, and chains of others: tests/data/transforms_of_images.cpp; of places that are
    // drawn the functions that move them are recorded without a name. reshape moves nothing.
    {"transform",
     {"random_crop", "random_resized_crop", "random_erasing", "gaussian_noise", "random_apply", "random_choice",
      "rand_augment", "trivial_augment", "auto_augment", "aug_mix", "elastic", "perspective", "reshape"}},
};

}  // namespace

TEST_CASE("every registered type says in a line what it is, without a full stop") {
  for (const AnyRegistry* registry : AnyRegistry::all()) {
    for (const std::string& name : registry->names()) {
      CAPTURE(registry->kind());
      CAPTURE(name);
      const std::unique_ptr<Described> object = registry->make(name);
      const Schema schema = schema_of(*object);
      CHECK(!schema.summary().empty());
      CHECK(schema.summary().find('\n') == std::string::npos);
      CHECK_FALSE(schema.summary().ends_with('.'));
      for (const Field& field : schema.fields()) CHECK_MESSAGE(!field.summary().empty(), field.key());
    }
  }
}

TEST_CASE("every registered type shows examples, which read as they stand and again as they are written back") {
  for (const AnyRegistry* registry : AnyRegistry::all()) {
    for (const std::string& name : registry->names()) {
      CAPTURE(registry->kind());
      CAPTURE(name);
      const std::unique_ptr<Described> object = registry->make(name);
      const Schema schema = schema_of(*object);
      CHECK(!schema.examples().empty());
      // A reader stands in `data:` by its key `format`; tests/data reads its examples.
      if (registry->kind() == "reader") continue;
      for (const std::string& example : schema.examples()) {
        CAPTURE(example);
        std::vector<Problem> problems;
        const std::unique_ptr<Described> read =
            read_registered(*registry, parse_yaml(example, "example"), Reading(problems));
        for (const Problem& problem : problems) FAIL_CHECK(render(problem));
        REQUIRE(read);
        CHECK(read->name == name);
        const Node resolved = write_registered(*read);
        CHECK(same_value(write_registered(*read_registered(*registry, resolved, Reading(problems))), resolved));
      }
    }
  }
}

TEST_CASE("every layer, loss, metric … has been held against what another program recorded, in twenty cases") {
  const std::string golden = "tests/golden/";
  const std::map<std::string, std::vector<std::string>> folders{
      {"layer", {golden + "layers"}},
      {"loss", {golden + "losses"}},
      {"metric", {"tests/metrics"}},
      {"optimizer", {golden + "optim", golden + "updates", golden + "trained"}},
      {"rule", {golden + "updates", golden + "trained"}},
      {"schedule", {golden + "schedules"}},
      {"initializer", {golden + "fills"}},
      {"transform", {golden + "transforms"}},
      {"batch transform", {golden + "batches"}},
  };
  size_t kinds = 0;
  for (const AnyRegistry* registry : AnyRegistry::all()) {
    const auto found = folders.find(registry->kind());
    if (found == folders.end()) continue;
    ++kinds;
    std::map<std::string, int> cases = recorded_cases(found->second);
    const auto otherwise = compared_otherwise.find(found->first);
    for (const std::string& name : registry->names()) {
      if (otherwise != compared_otherwise.end() && otherwise->second.contains(name)) continue;
      CHECK_MESSAGE(cases[name] >= 20, found->first, " ", name, " has ", cases[name], " recorded cases");
    }
  }
  CHECK(kinds == folders.size());
}

TEST_CASE("each way to make numbers of a column has been held against scikit-learn in twenty cases") {
  std::map<std::string, int> cases = recorded_cases({"tests/golden/columns"});
  ColumnSpec column;
  for (const std::string key : {"normalize", "impute", "as"}) {
    const Node schema = schema_of(column).field(key)->json_schema();
    const Node* const either = schema.find("anyOf");  // words, or null
    REQUIRE(either);
    const Node* const ways = either->items[0].find("enum");
    REQUIRE(ways);
    for (const Node& way : ways->items)
      if (way.text != "category" && way.text != "class" && way.text != "value")  // without a word; of targets
        CHECK_MESSAGE(cases[way.text] >= 20, key, ": ", way.text, " has ", cases[way.text], " recorded cases");
  }
}

TEST_CASE("every registered type has a test that names it in YAML") {
  std::string tests;
  for (const std::string folder : {"tests/data", "tests/golden", "tests/interop", "tests/layers", "tests/losses",
                                   "tests/metrics", "tests/nn", "tests/optim", "tests/schedules", "tests/train"}) {
    for (const std::string& file : files_under(folder, {".cpp", ".py", ".h"})) tests += text_of(file);
  }
  for (const AnyRegistry* registry : AnyRegistry::all()) {
    for (const std::string& name : registry->names()) {
      CHECK_MESSAGE(names_in_yaml(tests, name), "no test of the ", registry->kind(), " '", name, "'");
    }
  }
}
