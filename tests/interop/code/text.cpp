// What written Python calls things, and networks as functions of arrays.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/interop/code/dialect.h"
#include "lib/interop/code/flax_module.h"
#include "lib/interop/code/function_text.h"
#include "lib/interop/code/python_files.h"
#include "lib/interop/code/pytorch_module.h"
#include "tests/interop/small_network.h"

namespace dl::testing {

TEST_CASE("a block's class and an item's variable hide nothing that written code reads") {
  const SmallNetwork small(R"(
blocks:
  f:
    layers: [{linear: 4}, {selu: {}, name: Net}, {add: {}, from: [Net, x]}]
model: [{f: {}, name: FBlock}, {linear: 4, name: inputs}, {add: {}, from: [FBlock, inputs]}]
)",
                           {DType::f32, {4}});
  const std::string torch = code::pytorch_module(small.trained(), true).classes;
  CHECK(torch.find("class FBlock(nn.ModuleDict):\n") != std::string::npos);  // F is torch.nn.functional
  CHECK(torch.find("        y = F.selu(y)\n        y = y + x\n") != std::string::npos);
  CHECK(code::flax_module(small.trained(), true)
            .classes.find("        x = FBlock(name='FBlock')(x)\n"
                          "        y = nn.Dense(4, name='inputs')(x)\n"
                          "        x = x + y\n") != std::string::npos);
}

TEST_CASE("inputs are called by their names where code means nothing else by these") {
  std::vector<Problem> problems;
  std::vector<Network::Input> inputs;
  for (const char* name : {"x1", "torch", "in", "it's", "t1", "list", "inputs", "Net"})
    inputs.push_back({name, {DType::f32, {4}}});
  const std::vector<ModelItem> items =
      expand_model(parse_yaml("[{add: {}, from: [torch, in]}]", "test"), Node(),
                   {"x1", "torch", "in", "it's", "t1", "list", "inputs", "Net"}, problems);
  const Network network(items, inputs, problems);
  REQUIRE(problems.empty());
  CHECK(code::arguments_for(network) == std::vector<std::string>{"x1", "x1_", "x2", "x3", "x4", "x5", "x6", "x7"});
  CHECK(code::input_names(network) == R"(('x1', 'torch', 'in', 'it\'s', 't1', 'list', 'inputs', 'Net'))");
}

TEST_CASE("what a run is called ends no docstring") {
  const SmallNetwork small("model: [{linear: 1}]", {DType::f32, {4}});
  TrainedNetwork trained = small.trained();
  trained.source = R"(q"""x\n)";
  CHECK(
      code::head(trained, "as a function", false) ==
      "\"\"\"q'''x/n, as a function. Written by dlcli export.\n\nInput x: float32 [batch, 4]\nOutput: float32 [batch, "
      "1]\n\"\"\"\n");
}

TEST_CASE("a network is one function of arrays") {
  const SmallNetwork small("model: [{linear: 2}, relu]", {DType::f32, {3}});
  const std::string text = code::function_text(small.trained(), code::numpy_dialect());
  CHECK(text.find("def network(p, x):\n"
                  "    return relu(x @ p['0.weight'].transpose((1, 0)) + p['0.bias'])\n") != std::string::npos);
  CHECK(text.find("def relu(x):\n    return np.maximum(x, 0.0)\n") != std::string::npos);
}

}  // namespace dl::testing
