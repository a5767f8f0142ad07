// Weights that an export wrote, read again by init_from
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstring>

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/device/device.h"
#include "lib/interop/code/places_elsewhere.h"
#include "lib/interop/export_target.h"
#include "lib/nn/layer.h"
#include "lib/spec/yaml.h"
#include "lib/train/kept/initial_weights.h"
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

TrainedNetwork trained(const Model& model) {
  return {.network = *model.network,
          .items = model.items,
          .output = {},
          .source = "test",
          .config = Node::map(),
          .weights = values_for,
          .learning_rates = {1}};
}

bool is_recurrent(const std::string& layer) { return layer == "rnn" || layer == "lstm" || layer == "gru"; }

// Where the weights come back otherwise; empty where every bit is the same.
std::string round_trip(const Model& model, const std::string& target, const std::string& file, bool twins) {
  const testing::Folder folder;
  const Network& network = *model.network;
  export_targets().at(target)()->write(trained(model), {.twins = twins}, folder.path);
  if (!std::filesystem::exists(folder.path / file)) return "";  // Keras has no layer for one of the network's
  WantedWeights wanted;
  wanted.elsewhere = [&](const std::string& other) {
    return code::places_elsewhere(model.items, network.inputs(), other);
  };
  const InitialWeights found = match_weights(network.tensors(), folder.path / file, wanted);
  if (!found.differences.empty()) return found.differences[0];
  const std::unique_ptr<Device> device = make_device("reference", {});
  Store store(*device);
  store.declare(network.parameters());
  for (const Tensor& tensor : network.tensors())
    if (!tensor.trained) store.declare({tensor.path, Type{DType::f32, tensor.shape}, Role::buffer});
  read_weights(network.tensors(), store, folder.path / file, found);
  const bool sums = twins && (target == "keras" || target == "flax");  // one bias where a recurrent layer has two
  for (const Tensor& tensor : network.tensors()) {
    if (sums && is_recurrent(tensor.layer) && tensor.path.find("bias") != std::string::npos) continue;
    if (values_of(tensor, store) != values_for(tensor)) return tensor.path;
  }
  return "";
}

// Calls f(layer, model) for each example of each layer that has tensors, on the first of some inputs that it takes.
template <class F>
void for_each_example(F f) {
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
        f(name, example, *model);
        break;
      }
    }
  }
}

// The values of a tensor in the file of weights of C: [a, b, inner] stands as [inner, b, a], rows filled up to eight.
std::vector<float> values_in_c(const std::vector<float>& file, const WrittenTensor& written) {
  const auto begin = static_cast<size_t>(std::stoll(written.name.substr(std::string("weights + ").size())));
  std::vector<float> values(static_cast<size_t>(written.shape.elements()));
  const bool as_it_is = written.change == "as it is";
  const size_t a = as_it_is ? 1 : static_cast<size_t>(written.shape[0]),
               b = as_it_is ? values.size() : static_cast<size_t>(written.shape[1]), inner = values.size() / a / b,
               row = as_it_is ? 1 : (a + 7) / 8 * 8;
  for (size_t i = 0; i < a; ++i)
    for (size_t j = 0; j < b; ++j)
      for (size_t k = 0; k < inner; ++k) values[(i * b + j) * inner + k] = file.at(begin + (k * b + j) * row + i);
  return values;
}

}  // namespace

TEST_CASE("weights of every layer come back bit for bit from what an export writes") {
  int64_t tried = 0;
  for_each_example([&](const std::string& name, const std::string& example, const Model& model) {
    for (const auto& [target, file] : files_of_targets)
      for (const bool twins : {true, false}) {
        if (file == "model.keras" && name.ends_with("_norm") && example.find("bias: false") != std::string::npos)
          continue;  // its one variable may be a scale or a shift
        ++tried;
        CAPTURE(target);
        CHECK(round_trip(model, target, file, twins) == "");
      }
  });
  CHECK(tried > 300);
}

TEST_CASE("weights of recurrent layers in both directions, on top of each other and without biases come back too") {
  const Type sample{DType::f32, {6, 8}};
  for (const std::string layer : {"rnn", "lstm", "gru"})
    for (const std::string more :
         {"num_layers: 3", "bidirectional: true", "num_layers: 2, bidirectional: true", "num_layers: 2, dropout: 0.5",
          "num_layers: 2, bidirectional: true, return_sequences: false, dropout: 0.5", "num_layers: 2, bias: false"}) {
      CAPTURE(layer);
      CAPTURE(more);
      const auto model =
          model_of("model: [{" + layer + ": {hidden_size: 3, " + more + "}, name: rnn}, batch_norm]", sample);
      REQUIRE(model);
      for (const auto& [target, file] : files_of_targets)
        for (const bool twins : {true, false}) {
          CAPTURE(target);
          CHECK(round_trip(*model, target, file, twins) == "");
        }
    }
}

TEST_CASE("weights of recurrent layers that are given lengths come back from ONNX") {
  for (const std::string layer : {"rnn", "lstm", "gru"}) {
    CAPTURE(layer);
    std::vector<Problem> problems;
    const Node spec = parse_yaml("[{" + layer + ": {hidden_size: 3, num_layers: 2}, from: [x, lengths]}]", "test");
    Model model{expand_model(spec, Node(), {"x", "lengths"}, problems), nullptr};
    model.network = std::make_unique<Network>(
        model.items, std::vector<Network::Input>{{"x", {DType::f32, {6, 8}}}, {"lengths", {DType::i32, {}}}}, problems);
    REQUIRE(problems.empty());
    CHECK(round_trip(model, "onnx", "model.onnx", true) == "");
  }
}

TEST_CASE("gates that stand in another order in ONNX come back bit for bit in the layer that a file is") {
  const Type sample{DType::f32, {6, 8}};
  for (const std::string layer :
       {"rnn: 3", "lstm: {hidden_size: 3, num_layers: 2}", "gru: {hidden_size: 3, bidirectional: true}"}) {
    CAPTURE(layer);
    const testing::Folder folder;
    const auto model = model_of("model: [{" + layer + "}]", sample);
    REQUIRE(model);
    export_targets().at("onnx")()->write(trained(*model), {}, folder.path);
    const auto back = model_of("model: [{onnx: " + (folder / "model.onnx").string() + "}]", sample);
    REQUIRE(back);
    std::vector<std::vector<float>> there;
    for (const Tensor& tensor : back->network->tensors()) {
      there.emplace_back(static_cast<size_t>(tensor.shape.elements()));
      tensor.initial->fill(there.back(), tensor.shape, 0);
    }
    for (const Tensor& tensor : model->network->tensors())
      CHECK_MESSAGE(std::ranges::count(there, values_for(tensor)) == 1, tensor.path);
  }
}

TEST_CASE("weights of every layer stand in C's file bit for bit, where the table says") {
  for_each_example([&](const std::string&, const std::string&, const Model& model) {
    const testing::Folder folder;
    const std::vector<WrittenTensor> written = export_targets().at("c")()->write(trained(model), {}, folder.path);
    const std::string bytes = folder.text("model.weights");
    std::vector<float> file(bytes.size() / sizeof(float));
    std::memcpy(file.data(), bytes.data(), bytes.size());
    for (const WrittenTensor& tensor : written) {
      const auto& tensors = model.network->tensors();
      CHECK(values_in_c(file, tensor) == values_for(*std::ranges::find(tensors, tensor.path, &Tensor::path)));
    }
  });
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
  - gru: {hidden_size: 6, num_layers: 2}
    name: again
  - gru: {hidden_size: 6, num_layers: 2}
    share: again
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
