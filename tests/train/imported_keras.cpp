// Networks that Keras saved, imported: their outputs, their training, and what has no counterpart here.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "lib/interop/family.h"
#include "lib/interop/keras/keras_model.h"
#include "lib/interop/weights/weights_format.h"
#include "lib/train/inference/evaluate.h"
#include "lib/train/inference/imported_run.h"
#include "tests/keras_files.h"
#include "tests/paths.h"
#include "tests/train/fixture.h"
#include "tests/train/given_inputs.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("models of Keras give its outputs, and go on with what they were compiled with") {
  for (const std::string name :
       {"images", "sequences", "chain", "resnet", "more_images", "more_sequences", "volumes", "stacked", "seldom"}) {
    CAPTURE(name);
    const Folder folder;
    const std::string path = source_dir() + "/tests/interop/keras/" + name;
    REQUIRE(keras::is_model(path + ".keras"));
    const FamilyNetwork network = keras::read_model(path + ".keras");
    RunFolder run = RunFolder::create(folder.path / "runs", name, to_yaml(network.config), to_yaml(network.config));
    const auto plan =
        plan_from(run.paths().resolved(), {"trainer.device=cpu", "trainer.threads=1"}, SetsToRead::none());
    const WeightsTable table = read_weights_table(path + ".keras");
    FamilyWeights weights(network, table);
    const Checkpoint checkpoint =
        keep_imported(*plan, run, [&](const Tensor& t) { return weights.values(t.path, t.shape); });
    CHECK(weights.left() == std::vector<std::string>{});
    Inference inference(*plan, checkpoint);
    const nlohmann::json recorded = nlohmann::json::parse(text_of(path + ".json"));
    std::vector<SampleField> fields;
    std::vector<std::vector<std::byte>> values;
    for (const SampleField& field : plan->data.inputs) {
      const nlohmann::json& numbers = recorded.at("inputs").at(fields.size());
      fields.push_back(field);
      values.push_back(field.type.dtype == DType::i32 ? bytes_of_values(numbers.get<std::vector<int32_t>>())
                                                      : bytes_of_values(numbers.get<std::vector<float>>()));
    }
    const auto expected = recorded.at("output").get<std::vector<double>>();
    size_t at = 0;
    inference.predict(std::make_shared<GivenInputs>(fields, values), [&](const Prediction& p) {
      for (const float y : p.output) CHECK(static_cast<double>(y) == doctest::Approx(expected.at(at++)).epsilon(1e-5));
    });
    CHECK(at == expected.size());
    if (name == "images") {
      CHECK(plan->resolved().find("sgd:") != std::string::npos);
      CHECK(plan->run.optimizer->learning_rate() == doctest::Approx(0.02));
    }
  }
}

TEST_CASE("recurrent layers that Keras saved one by one begin one layer here") {
  const Folder folder;
  const std::string path = source_dir() + "/tests/interop/keras/stacked";
  const auto plan = plan_run(
      folder.write("net.yaml",
                   "data: {train: {format: random, shape: [5, 3], dtype: f32, samples: 4, targets: 1}, batch_size: 2}\n"
                   "model: [{lstm: {hidden_size: 3, num_layers: 2, bidirectional: true}, name: a},\n"
                   "  {gru: {hidden_size: 4, num_layers: 2, dropout: 0.5, return_sequences: false}, name: b}]\n"
                   "loss: {mse: {target: 0.5}}\noptimizer: adam\ntrainer: {max_steps: 1, device: cpu, threads: 1}\n"
                   "init_from: {path: " +
                       path + ".keras, rename: {lower.*: a.0.*, upper.*: a.1.*, gru.*: b.0.*, gru_1.*: b.2.*}}\n"),
      {});
  Inference inference(*plan);
  const nlohmann::json recorded = nlohmann::json::parse(text_of(path + ".json"));
  const auto x = recorded.at("inputs").at(0).get<std::vector<float>>();
  const auto expected = recorded.at("output").get<std::vector<double>>();
  const std::vector<float> found = inference.apply({{"x", {DType::f32, {2, 5, 3}}, bytes_of_values(x)}});
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i)
    CHECK(static_cast<double>(found[i]) == doctest::Approx(expected[i]).epsilon(1e-5));
}

TEST_CASE("inputs of a model of Keras are in the order in which it takes them") {
  const Folder folder;
  const auto input = [](const std::string& name, int size) {
    return R"({"class_name": "InputLayer", "inbound_nodes": [], "config": {"dtype": "float32", "name": ")" + name +
           R"(", "batch_shape": [null, )" + std::to_string(size) + "]}}, ";
  };
  const auto tensor = [](const std::string& name) {
    return R"({"class_name": "__keras_tensor__", "config": {"keras_history": [")" + name + R"(", 0, 0]}})";
  };
  const FamilyNetwork network = keras::read_model(keras_archive(
      folder, R"({"class_name": "Functional", "config": {"layers": [)" + input("a", 2) + input("b", 3) +
                  R"({"class_name": "Concatenate", "config": {"name": "both"}, "inbound_nodes": [{"args": [[)" +
                  tensor("a") + ", " + tensor("b") +
                  R"(]]}]}], "input_layers": [["b", 0, 0], ["a", 0, 0]], "output_layers": [["both", 0, 0]]}})"));
  const std::vector<Node>& fields = network.config.find("data")->find("fitted")->find("fields")->items;
  REQUIRE(fields.size() >= 2);
  CHECK(fields[0].find("name")->text == "x");
  CHECK(fields[0].find("shape")->items.at(0).text == "3");
  CHECK(fields[1].find("name")->text == "a");
}

TEST_CASE("inputs and outputs of a model of Keras may be named, and each output has its own loss") {
  const Folder folder;
  const std::string layers =
      keras_call("Concatenate", "both", "", "[" + keras_tensor("a") + ", " + keras_tensor("b") + "]") + ", " +
      keras_call("Dense", "kind", R"(, "units": 3, "activation": "softmax")", keras_tensor("both")) + ", " +
      keras_call("ActivityRegularization", "few", R"(, "l1": 0.25, "l2": 0.0)", keras_tensor("both")) + ", " +
      keras_call("Dense", "price", R"(, "units": 1)", keras_tensor("few"));
  const FamilyNetwork network =
      keras::read_model(keras_graph(folder, layers, R"({"kind": ["kind", 0, 0], "price": ["price", 0, 0]})",
                                    R"({"loss": {"kind": "sparse_categorical_crossentropy", "price": "mae"},
                      "loss_weights": {"kind": 1.0, "price": 0.5}})"));
  CHECK(network.left_out.empty());
  const Node& losses = *network.config.find("losses");
  CHECK(losses.keys() == std::vector<std::string>{"kind", "price", "few"});
  CHECK(losses.find("kind")->find("cross_entropy")->find("target")->text == "y_kind");
  CHECK(losses.find("price")->find("l1")->find("output")->text == "price");
  CHECK(losses.find("price")->find("weight")->text == "0.5");
  CHECK(losses.find("few")->find("activity")->find("output")->text == "few");
  CHECK(losses.find("few")->find("activity")->find("l1")->text == "0.25");
  CHECK(losses.find("few")->find("activity")->find("l2") == nullptr);
  // What is trained reads what stands before the softmax; the class is a target of its own.
  RunFolder run = RunFolder::create(folder.path / "runs", "two", to_yaml(network.config), to_yaml(network.config));
  const auto plan = plan_from(run.paths().resolved(), {"trainer.device=cpu", "trainer.threads=1"}, SetsToRead::none());
  CHECK(plan->network->output("kind").shape == Shape{3});
  const auto& fields = plan->data.train->fields();
  const auto kind = std::ranges::find(fields, std::string("y_kind"), &SampleField::name);
  REQUIRE(kind != fields.end());
  CHECK(kind->type == Type{DType::i32, {}});
  CHECK(kind->values == 3);
}

TEST_CASE("how a model of Keras was trained goes into its config, and what is left out is told") {
  const Folder folder;
  const FamilyNetwork network = keras::read_model(keras_file(
      folder, R"({"class_name": "Dense", "build_config": {"input_shape": [null, 4]}, "config": {"name": "body",
                  "units": 3, "trainable": false, "kernel_regularizer": {"class_name": "L2"}}},
                 {"class_name": "Dense", "build_config": {"input_shape": [null, 3]},
                  "config": {"name": "2nd_head", "units": 1, "kernel_regularizer": null}})",
      R"({"loss": "circle", "optimizer": {"class_name": "RMSprop", "config": {"learning_rate": 0.25, "rho": 0.5,
          "momentum": 0.0, "epsilon": 0.125, "global_clipnorm": 1.5, "weight_decay": 0.5}}})"));
  CHECK(network.config.find("freeze")->items.at(0).text == "body");
  const Node* optimizer = network.config.find("optimizer")->find("rmsprop");
  REQUIRE(optimizer != nullptr);
  CHECK(optimizer->find("lr")->text == "0.25");
  CHECK(optimizer->find("alpha")->text == "0.5");
  CHECK(optimizer->find("eps")->text == "0.125");
  CHECK(network.config.find("trainer")->find("gradient_clip_val")->text == "1.5");
  CHECK(network.config.find("model")->items.at(1).find("name")->text == "layer_2nd_head");
  CHECK(network.left_out == std::vector<std::string>{"its loss 'circle': mse is in its place",
                                                     "its optimizer's 'weight_decay: 0.5'",
                                                     "'kernel_regularizer' of body"});
}

TEST_CASE("a Normalization of Keras is a batch normalization that is frozen") {
  const Folder folder;
  const FamilyNetwork network = keras::read_model(
      keras_file(folder, R"({"class_name": "Normalization", "build_config": {"input_shape": [null, 4]},
                  "config": {"name": "scaled", "axis": [-1], "mean": null, "variance": null}},
                 {"class_name": "Dense", "config": {"name": "head", "units": 2}})"));
  CHECK(network.config.find("freeze")->items.at(0).text == "scaled");
  CHECK(network.tensors.at("scaled.running_mean").from == std::vector<std::string>{"layers.normalization.vars.0"});
  CHECK(network.tensors.at("scaled.running_var").from == std::vector<std::string>{"layers.normalization.vars.1"});
  CHECK(network.tensors.at("scaled.weight").all == 1.0);
}

TEST_CASE("binary cross-entropy behind a softmax of Keras is the cross-entropy here") {
  const Folder folder;
  const auto network = [&](const std::string& loss) {
    return keras::read_model(keras_file(folder, R"({"class_name": "Dense",
        "config": {"name": "head", "units": 2, "activation": {"class_name": "function", "config": "softmax"}}})",
                                        R"({"loss": )" + loss + "}"));
  };
  const FamilyNetwork binary = network(R"(["binary_crossentropy"])");
  CHECK(binary.config.find("loss")->text == "cross_entropy");
  CHECK(binary.config.find("model")->items.size() == 1);
  CHECK(binary.left_out.size() == 1);
  // Probabilities that the model gives otherwise are told.
  const FamilyNetwork other = keras::read_model(
      keras_file(folder, R"({"class_name": "Dense", "config": {"name": "head", "units": 2, "activation": "tanh"}})",
                 R"({"loss": {"head": "sparse_categorical_crossentropy"}})"));
  CHECK(other.config.find("loss")->text == "cross_entropy");
  REQUIRE(other.left_out.size() == 1);
  CHECK(other.left_out[0].find("takes probabilities") != std::string::npos);
}

TEST_CASE("operations on tensors of Keras are formulas, and sizes that a file leaves open are given") {
  const Folder folder;
  const std::string half = R"(, 0.5)", ops = "keras.src.ops.numpy", last = R"([["last", 0, 0]])";
  const auto model_of = [&](const std::string& layer, const std::string& shape, const GivenSizes& given) {
    return to_yaml(*keras::read_model(keras_graph(folder, layer, last, "{}", shape), given).config.find("model"));
  };
  CHECK(model_of(keras_call("Subtract", "last", "", "0.5, " + keras_tensor("a"), "", ops), "[null, 4]", {})
            .find("(0.5) - x") != std::string::npos);
  CHECK(model_of(keras_call("TrueDivide", "last", "", keras_tensor("a") + half, "", ops), "[null, 4]", {})
            .find("x / (0.5)") != std::string::npos);
  const std::string layer = keras_call("Embedding", "last", R"(, "input_dim": 9, "output_dim": 2)", keras_tensor("a"));
  const auto file = keras_graph(folder, layer, last, "{}", "[null, null]");
  const std::string refused = error_text([&] { keras::read_model(file, {{"b", {7}}}); });
  CHECK(refused.find("the model leaves sizes of its input 'a' open: ?") != std::string::npos);
  CHECK(refused.find("help: write them without the batch: --shape a=128") != std::string::npos);
  const std::string unknown = error_text([&] { keras::read_model(file, {{"a", {7}}, {"b", {7}}, {"c", {7}}}); });
  CHECK(unknown.find("the model has no input 'c'") != std::string::npos);
  // Tokens are whole numbers, whatever the input's type there is.
  const FamilyNetwork network = keras::read_model(file, {{"a", {7}}, {"b", {7}}});
  const std::vector<Node>& fields = network.config.find("data")->find("fitted")->find("fields")->items;
  std::vector<std::string> types;
  for (const Node& field : fields) types.push_back(field.find("dtype")->text);
  CHECK(std::ranges::count(types, "i32") == 1);
  for (const Node& field : fields) CHECK(field.find("shape")->items.at(0).text == "7");
}

TEST_CASE("layers of Keras that compute something else than ours are refused") {
  const Folder folder;
  const auto refusal = [&](const std::string& layer) {
    return error_text([&] { keras::read_model(keras_file(folder, layer)); });
  };
  CHECK(refusal(R"({"class_name": "BatchNormalization", "config": {"name": "norm", "axis": 1},
                    "build_config": {"input_shape": [null, 4, 4, 2]}})")
            .find("'norm' (BatchNormalization): 'axis: 1' has no counterpart: it is the last here") !=
        std::string::npos);
  CHECK(refusal(R"({"class_name": "UnitNormalization", "config": {"name": "unit", "axis": [1]},
                    "build_config": {"input_shape": [null, 4, 4]}})")
            .find("'unit' (UnitNormalization): 'axis: 1' has no counterpart") != std::string::npos);
  CHECK(refusal(R"({"class_name": "LSTM", "config": {"name": "memory", "units": 2, "stateful": true}})")
            .find("'memory' (LSTM): 'stateful' has no counterpart") != std::string::npos);
  CHECK(refusal(R"({"class_name": "Activation", "config": {"name": "own", "activation": {"value": ["4wE", null]}}})")
            .find("'own' (Activation): the activation 'function of one's own' has no counterpart") !=
        std::string::npos);
  CHECK(refusal(R"({"class_name": "Dense", "registered_name": "mine>Dense", "config": {"name": "own", "units": 2}})")
            .find("'own': the layer mine>Dense has no counterpart that is known") != std::string::npos);
  CHECK(refusal(R"({"class_name": "ZeroPadding2D", "config": {"name": "pad", "data_format": "channels_first"}})")
            .find("'pad' (ZeroPadding2D): 'data_format: channels_first' has no counterpart") != std::string::npos);
  CHECK(refusal(R"({"class_name": "Bidirectional", "config": {"name": "both",
                    "layer": {"class_name": "LSTM", "config": {"name": "f", "units": 2, "activation": "tanh"}},
                    "backward_layer": {"class_name": "LSTM", "config": {"name": "b", "units": 2, "activation": "relu"}}}})")
            .find("'both' (Bidirectional): a 'backward_layer' with another 'activation' has no counterpart") !=
        std::string::npos);
  CHECK(refusal(R"({"class_name": "Dot", "config": {"name": "product"},
                    "build_config": {"input_shape": [[null, 3, 4], [null, 3, 4]]}})")
            .find("'product' (Dot): a product of more than vectors has no counterpart") != std::string::npos);
}

TEST_CASE("what a call in a model of Keras is given besides is refused, not passed over") {
  const Folder folder;
  const auto refusal = [&](const std::string& layer, const std::string& outputs) {
    return error_text([&] { keras::read_model(keras_graph(folder, layer, outputs, "{}", "[null, 5, 4]")); });
  };
  const std::string last = R"(["last", 0, 0])";
  CHECK(refusal(keras_call("LSTM", "last", R"(, "units": 4)", keras_tensor("a"),
                           R"("initial_state": [)" + keras_tensor("b") + "]"),
                last)
            .find("'last' (LSTM): is called with 'initial_state', which has no counterpart") != std::string::npos);
  CHECK(
      refusal(keras_call("LSTM", "last", R"(, "units": 4)", keras_tensor("a") + ", [" + keras_tensor("b") + "]"), last)
          .find("'last' (LSTM): reads 2 tensors") != std::string::npos);
  const std::string attention = R"(, "num_heads": 2, "key_dim": 2)";
  CHECK(refusal(keras_call("MultiHeadAttention", "last", attention, keras_tensor("a") + ", " + keras_tensor("a"),
                           R"("attention_mask": )" + keras_tensor("b")),
                last)
            .find("'last' (MultiHeadAttention): is called with 'attention_mask'") != std::string::npos);
  CHECK(refusal(keras_call("MultiHeadAttention", "last", attention, keras_tensor("a") + ", " + keras_tensor("a")),
                R"(["last", 0, 1])")
            .find("the model reads output 1 of 'last', which has one here") != std::string::npos);
  CHECK(refusal(keras_call("Transpose", "last", R"(, "axes": [0, 2, 1])", keras_tensor("a"), "", "keras.src.ops.numpy"),
                last)
            .find("'last' (Transpose): the operation has no counterpart that is known") != std::string::npos);
}
