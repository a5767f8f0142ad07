// What docs/writing-a-layer.md says comes with a layer of one file: this program is built with the page's layer.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>

#include "app/reference.h"
#include "lib/nn/layer.h"
#include "lib/train/plan/plan.h"
#include "tests/folder.h"
#include "tests/paths.h"
#include "tests/read_registered.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("the layer has at most fifteen lines") {
  const std::string text = text_of(LESSON_LAYER);
  CHECK(text.find("DL_LAYER(Isrlu, \"isrlu\")") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') <= 16);  // with the empty line behind the include
}

TEST_CASE("the layer has its YAML key, with checks") {
  CHECK(problems_of<Layer>("isrlu").empty());
  CHECK(problems_of<Layer>("isrlu: {alpha: 4}").empty());
  CHECK(problems_of<Layer>("isrlu: {alpha: -1}") ==
        "error: test:1:16: layer.isrlu.alpha: expected a number above 0, got -1\n");
  CHECK(problems_of<Layer>("isrlu: {alpa: 1}") ==
        "error: test:1:9: layer (isrlu): unknown key 'alpa'\n  known keys: alpha\n  help: write 'alpha'\n");
  CHECK(problems_of<Layer>("isrllu").ends_with("help: write 'isrlu'\n"));
}

TEST_CASE("the layer stands in the reference and in the JSON Schema") {
  const std::vector<ReferenceEntry> all = reference();
  const auto found = std::ranges::find(all, "isrlu", &ReferenceEntry::name);
  REQUIRE(found != all.end());
  CHECK(reference_text(*found, 80) ==
        "isrlu (layer): inverse square root linear unit\n"
        "\n"
        "  alpha  1 over the square of what y approaches as x goes to -infinity\n"
        "         a number above 0; default 1\n"
        "\n"
        "  example:\n"
        "    isrlu: {alpha: 4}\n");
  CHECK(to_json(config_json_schema()).find("\"isrlu\"") != std::string::npos);
}

TEST_CASE("the layer is trained in a network by the command that the page shows") {
  const auto plan = plan_run(source_dir() + "/configs/lenet5.yaml", {"model[1]=isrlu"});
  const std::vector<LayerSummary> layers = plan->network->layers();
  CHECK(layers[1].type == "isrlu");
  CHECK(plan->resolved().find("- isrlu") != std::string::npos);
  const auto device = make_device("reference", {});
  Store store(*device);
  CHECK(Programs(plan->recipe(), store).step(2).flops() > 0);
}
