// Weights that an export wrote, read again by init_from
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/device/device.h"
#include "lib/interop/code/places_elsewhere.h"
#include "lib/interop/export_target.h"
#include "lib/nn/layer.h"
#include "lib/spec/yaml.h"
#include "lib/train/kept/weights.h"
#include "tests/folder.h"

namespace dl {
namespace {

const std::vector<std::pair<std::string, std::string>> files_of_targets{
    {"pytorch", "model.safetensors"}, {"keras", "model.npz"}, {"keras", "model.keras"}, {"flax", "model.msgpack"},
    {"numpy", "model.npz"},           {"jax", "model.npz"},   {"onnx", "model.onnx"}};

struct Model {
  std::vector<ModelItem> items;
  std::unique_ptr<Network> network;
};

// Nothing where the layer takes other inputs.
std::optional<Model> model_of(const std::string& yaml, const Type& sample) {
  std::vector<Problem> problems;
  const Node spec = parse_yaml(yaml, "test");
  const Node* blocks = spec.find("blocks");
  Model model{expand_model(*spec.find("model"), blocks ? *blocks : Node(), {"x"}, problems), nullptr};
  if (problems.empty())
    model.network = std::make_unique<Network>(model.items, std::vector<Network::Input>{{"x", sample}}, problems);
  if (!problems.empty()) return std::nullopt;
  return model;
}

// Numbers of all bits but those of infinities, the same for the same tensor.
std::vector<float> values_for(const Tensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.shape.elements()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = random_uniform(std::hash<std::string>()(tensor.path), 3, i) - 0.5f;
  return values;
}

// Where the weights come back otherwise; empty where every bit is the same.
std::string round_trip(const Model& model, const std::string& target, const std::string& file, bool twins) {
  const testing::Folder folder;
  const Network& network = *model.network;
  const TrainedNetwork trained{.network = network,
                               .items = model.items,
                               .output = {},
                               .source = "test",
                               .config = Node::map(),
                               .weights = values_for,
                               .learning_rates = {1}};
  export_targets().at(target)()->write(trained, {.twins = twins}, folder.path);
  if (!std::filesystem::exists(folder.path / file)) return "";  // Keras has no layer for one of the network's
  WantedWeights wanted;
  wanted.elsewhere = [&](const std::string& other) {
    return code::places_elsewhere(model.items, network.inputs(), other);
  };
  if (target == "onnx")  // it has constants besides
    for (const Tensor& tensor : network.tensors()) wanted.only.push_back(tensor.path);
  const InitialWeights found = match_weights(network.tensors(), folder.path / file, wanted);
  if (!found.differences.empty()) return found.differences[0];
  const std::unique_ptr<Device> device = make_device("reference", {});
  Store store(*device);
  store.declare(network.parameters());
  for (const Tensor& tensor : network.tensors())
    if (!tensor.trained) store.declare({tensor.path, Type{DType::f32, tensor.shape}, Role::buffer});
  read_weights(network.tensors(), store, folder.path / file, found);
  for (const Tensor& tensor : network.tensors())
    if (values_of(tensor, store) != values_for(tensor)) return tensor.path;
  return "";
}

}  // namespace

TEST_CASE("weights of every layer come back bit for bit from what an export writes") {
  int64_t tried = 0;
  for (const std::string& name : Registry<Layer>::instance().names()) {
    const std::unique_ptr<Layer> described = Registry<Layer>::make(name);
    if (name == "onnx") continue;  // it reads a file
    const Schema schema = schema_of(*described);
    for (const std::string& example : schema.examples()) {
      CAPTURE(example);
      const std::string item = example.find(':') == std::string::npos ? example + ": {}" : example;
      for (const Type& sample : {Type{DType::f32, {6, 6, 4}}, Type{DType::f32, {6}}, Type{DType::f32, {6, 8}},
                                 Type{DType::f32, {4, 4, 6, 2}}, Type{DType::i32, {6}}}) {
        std::string yaml = "model:\n  - ";
        for (const char c : item) yaml += c == '\n' ? "\n    " : std::string(1, c);
        const auto model = model_of(yaml, sample);
        if (!model || model->network->tensors().empty()) continue;
        for (const auto& [target, file] : files_of_targets)
          for (const bool twins : {true, false}) {
            if (file == "model.keras" && name.ends_with("_norm") && example.find("bias: false") != std::string::npos)
              continue;  // its one variable may be a scale or a shift
            if (target == "onnx" && name.find("rnn") + name.find("lstm") + name.find("gru") != 3 * std::string::npos)
              continue;  // gates stand in another order there
            ++tried;
            CAPTURE(target);
            CHECK(round_trip(*model, target, file, twins) == "");
          }
        break;
      }
    }
  }
  CHECK(tried > 300);
}

TEST_CASE("weights of blocks, shared and tied ones come back too") {
  const auto model = model_of(R"(
blocks:
  basic:
    layers:
      - linear: 6
        name: inner
      - layer_norm: {}
        name: norm
      - add:
        from: [norm, x]
model:
  - embedding: {num_embeddings: 5, embedding_dim: 6}
    name: table
  - basic: {}
    name: part
    repeat: 3
  - linear: 6
    name: once
  - linear: 6
    share: once
  - linear: {out_features: 5, bias: false}
    tie: {weight: table.weight}
)",
                              {DType::i32, {4}});
  REQUIRE(model);
  for (const auto& [target, file] : files_of_targets) {
    CAPTURE(target);
    CHECK(round_trip(*model, target, file, true) == "");
  }
}

}  // namespace dl
