// lib/spec/registry: types by name.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/registry.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "lib/spec/yaml.h"
#include "tests/error_text.h"
#include "tests/spec/toys.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string layer_problems(const std::string& text) {
  std::vector<Problem> problems;
  Registry<ToyLayer>::read(parse_yaml(text, "a.yaml"), Reading(problems, "model[3]"));
  return rendered(problems);
}

}  // namespace

TEST_CASE("registries and their names are listed in order") {
  CHECK(Registry<ToyLayer>::instance().names() == std::vector<std::string>{"dropout", "linear", "relu"});
  const auto all = AnyRegistry::all();
  CHECK(std::is_sorted(all.begin(), all.end(), [](auto* a, auto* b) { return a->kind() < b->kind(); }));
  CHECK(std::find(all.begin(), all.end(), &Registry<ToyOptimizer>::instance()) != all.end());
}

TEST_CASE("an object is made by name with its defaults") {
  const std::unique_ptr<ToyLayer> layer = Registry<ToyLayer>::make("dropout");
  CHECK(layer->name == "dropout");
  CHECK(to_yaml(write_registered(*layer)) == "dropout: {p: 0.5}\n");
}

TEST_CASE("an unknown name lists the names there are, and says what to write") {
  CHECK(layer_problems("Dense") ==
        "error: a.yaml:1:1: model[3]: unknown toy layer 'Dense'\n"
        "  known toy layers: dropout, linear, relu\n  help: write 'linear'");
  CHECK(layer_problems("{dropuot: 0.2}") ==
        "error: a.yaml:1:2: model[3]: unknown toy layer 'dropuot'\n"
        "  known toy layers: dropout, linear, relu\n  help: write 'dropout: 0.2'");
  CHECK(layer_problems("attention") ==
        "error: a.yaml:1:1: model[3]: unknown toy layer 'attention'\n"
        "  known toy layers: dropout, linear, relu");
}

TEST_CASE("problems within an object name its place and its type") {
  CHECK(layer_problems("{linear: {outfeatures: 3}}") ==
        "error: a.yaml:1:11: model[3] (linear): unknown key 'outfeatures'\n"
        "  known keys: bias, out_features, tuned\n  help: write 'out_features'");
  CHECK(layer_problems("linear: -1") ==
        "error: a.yaml:1:9: model[3].linear.out_features: expected an integer at least 1, got -1");
}

TEST_CASE("notes of the reader stand below each problem") {
  std::vector<Problem> problems;
  const Reading r = Reading(problems, "blocks.basic.layers[0]").noted({"used by model[3] at run.yaml:9:5"});
  Registry<ToyLayer>::read(parse_yaml("relu: {a: 1}", "a.yaml"), r);
  CHECK(rendered(problems) ==
        "error: a.yaml:1:8: blocks.basic.layers[0] (relu): unknown key 'a'\n"
        "  it takes no keys\n  used by model[3] at run.yaml:9:5\n  help: leave it out");
}

TEST_CASE("the same name twice is a fault of ours") {
  CHECK_THROWS_AS(Registry<ToyLayer>::instance().AnyRegistry::make("nothing"), CheckFailure);
  static AnyRegistry registry("toy");
  const auto make = [] { return Registry<ToyLayer>::instance().AnyRegistry::make("relu"); };
  registry.add("a", make);
  CHECK_THROWS_AS(registry.add("a", make), CheckFailure);
}
