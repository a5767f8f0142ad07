// What every registered type has: a help text, examples that read as they stand, and a test that names it.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

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

TEST_CASE("every layer has been held against what another framework recorded, in twenty cases") {
  // What these do while training is random; tests/layers/noise.cpp and random_normal.cpp hold it against its
  // distribution.
  const std::vector<std::string> random{"alpha_dropout",  "drop_block",       "drop_path",    "dropout",
                                        "dropout1d",      "dropout2d",        "dropout3d",    "feature_alpha_dropout",
                                        "gaussian_noise", "gaussian_dropout", "random_normal"};
  // What a file says: tests/interop/onnx_layer.cpp holds its operators against ONNX Runtime.
  const std::vector<std::string> of_files{"onnx"};
  std::map<std::string, int> cases;
  for (const std::string& file : files_under("tests/golden/layers", {".json"})) {
    const std::string text = text_of(file), begin = "{\"yaml\":\"";
    for (size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
      at += begin.size();
      ++cases[text.substr(at, text.find_first_of(":\"", at) - at)];
    }
  }
  for (const AnyRegistry* registry : AnyRegistry::all()) {
    if (registry->kind() != "layer") continue;
    for (const std::string& name : registry->names()) {
      if (std::ranges::count(random, name) > 0 || std::ranges::count(of_files, name) > 0) continue;
      CHECK_MESSAGE(cases[name] >= 20, name, " has ", cases[name], " cases in tests/golden/layers");
    }
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

// What each has to be compared with, beside the test that names it.
TEST_CASE("every loss, metric, optimizer, rule and schedule has recorded values of a reference") {
  // Those whose test has the numbers by hand: averages of weights, a table.
  const std::set<std::string> by_hand{"ema", "confusion_matrix"};
  std::string recorded = text_of("tests/metrics/scikit_learn.json") + text_of("tests/metrics/coco_figures.json");
  for (const std::string folder : {"tests/golden/losses", "tests/golden/optim", "tests/golden/updates",
                                   "tests/golden/groups", "tests/golden/trained", "tests/golden/schedules"})
    for (const std::string& file : files_under(folder, {".json"})) recorded += text_of(file);
  const std::set<std::string> kinds{"loss", "metric", "optimizer", "rule", "schedule"};
  size_t found = 0;
  for (const AnyRegistry* registry : AnyRegistry::all()) {
    if (!kinds.contains(registry->kind())) continue;
    ++found;
    for (const std::string& name : registry->names()) {
      if (by_hand.contains(name)) continue;
      const bool has =
          std::ranges::any_of(std::vector<std::string>{"\"" + name + "\"", "\"" + name + ":", "[" + name + ":",
                                                       " " + name + ":", " " + name + "]", "{" + name + ":"},
                              [&](const std::string& text) { return recorded.find(text) != std::string::npos; });
      CHECK_MESSAGE(has, "no recorded value of the ", registry->kind(), " '", name, "'");
    }
  }
  CHECK(found == kinds.size());
}
