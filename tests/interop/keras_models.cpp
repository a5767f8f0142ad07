// Models of Keras by hand: what becomes of their losses and names, and what a file that is no honest one says.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/interop/keras/keras_model.h"
#include "lib/spec/node.h"
#include "tests/keras_files.h"

namespace dl::testing {
namespace {

using Lines = std::vector<std::string>;

std::string keras_dense(const std::string& activation) {
  return R"({"class_name": "Dense", "config": {"name": "head", "units": 3, "activation": ")" + activation + "\"}}";
}

// The loss of such a model compiled with `loss`, JSON: "huber delta=2.5".
struct TakenLoss {
  explicit TakenLoss(const std::string& loss, const std::string& activation = "linear") {
    const Folder folder;
    const FamilyNetwork network =
        keras::read_model(keras_file(folder, keras_dense(activation), R"({"loss": )" + loss + "}"));
    const Node& ours = *network.config.find("loss");
    text = ours.is_map() ? ours.entries.at(0).key : ours.text;
    if (ours.is_map())
      for (const Node::Entry& key : ours.entries.at(0).value.entries) text += " " + key.key + "=" + key.value.text;
    left_out = network.left_out;
    end = network.config.find("model")->items.back().entries.at(0).key;
    const Node& target = network.config.find("data")->find("fitted")->find("fields")->items.back();
    target_type = target.find("dtype")->text;
    is_class = target_type == "i32";
  }
  std::string text, end, target_type;
  Lines left_out;
  bool is_class = false;
};

// The items of a model by their names, or what it is refused for.
Lines item_names(const std::filesystem::path& file) {
  const FamilyNetwork network = keras::read_model(file);
  Lines names;
  for (const Node& item : network.config.find("model")->items) names.push_back(item.find("name")->text);
  return names;
}

}  // namespace

TEST_CASE("losses of Keras are ours by all the names that they have") {
  const std::vector<std::pair<std::string, Lines>> of_numbers = {
      {"mse", {"mean_squared_error", "mse", "MSE", "MeanSquaredError"}},
      {"l1", {"mean_absolute_error", "mae", "MAE", "MeanAbsoluteError"}},
      {"msle", {"mean_squared_logarithmic_error", "msle", "MSLE", "MeanSquaredLogarithmicError"}},
      {"log_cosh", {"log_cosh", "logcosh", "LogCosh"}},
      {"huber", {"huber", "Huber"}},
      {"hinge", {"hinge", "Hinge"}},
      {"squared_hinge", {"squared_hinge", "SquaredHinge"}},
      {"cosine_similarity", {"cosine_similarity", "CosineSimilarity"}},
      {"poisson_nll log_input=false eps=1e-07", {"poisson", "Poisson"}}};
  for (const auto& [ours, names] : of_numbers)
    for (const std::string& name : names) {
      CAPTURE(name);
      const TakenLoss taken("\"" + name + "\"");
      CHECK(taken.text == ours);
      CHECK(taken.left_out.empty());
      CHECK(!taken.is_class);
    }
  for (const std::string name : {"mean_absolute_percentage_error", "mape", "MAPE"}) {
    CAPTURE(name);
    const TakenLoss taken("\"" + name + "\"");
    CHECK(taken.text == "mape");
    REQUIRE(taken.left_out.size() == 1);
    CHECK(taken.left_out[0].ends_with(" counts hundredths: it is 100 times the one here"));
  }
  // As a class with settings, and as a function.
  CHECK(TakenLoss(R"({"class_name": "Huber", "config": {"delta": 2.5}})").text == "huber delta=2.5");
  CHECK(TakenLoss(R"({"class_name": "function", "config": "mean_absolute_error"})").text == "l1");
  CHECK(TakenLoss(R"({"class_name": "MeanSquaredError", "config": {"reduction": "sum"}})").left_out ==
        Lines{"its loss's 'reduction: \"sum\"'"});
}

TEST_CASE("losses of probabilities of Keras take what stands before the activation here") {
  for (const std::string name : {"binary_crossentropy", "bce", "BCE"}) {
    CAPTURE(name);
    const TakenLoss taken("\"" + name + "\"", "sigmoid");
    CHECK(taken.text == "bce_with_logits");
    CHECK(taken.end == "linear");
    CHECK(taken.target_type == "f32_or_i32");
    CHECK(taken.left_out.empty());
  }
  for (const std::string name : {"kl_divergence", "kld", "KLD", "KLDivergence"}) {
    CAPTURE(name);
    const TakenLoss taken("\"" + name + "\"", "softmax");
    CHECK(taken.text == "kl_div");
    CHECK(taken.target_type == "f32");
    CHECK(taken.end == "log_softmax");
    CHECK(!taken.is_class);
  }
  CHECK(TakenLoss(R"("kld")").left_out == Lines{"its loss 'kld': mse is in its place"});
  const TakenLoss binary(
      R"({"class_name": "BinaryFocalCrossentropy",
          "config": {"gamma": 1.5, "alpha": 0.75, "apply_class_balancing": true}})",
      "sigmoid");
  CHECK(binary.text == "binary_focal gamma=1.5 alpha=0.75");
  CHECK(binary.end == "linear");
  CHECK(binary.left_out.empty());
  const TakenLoss focal(R"("categorical_focal_crossentropy")", "softmax");
  CHECK(focal.text == "focal");
  CHECK(focal.is_class);
  CHECK(focal.left_out == Lines{"its loss's 'alpha: 0.25'"});
  CHECK(TakenLoss(R"("categorical_crossentropy")", "softmax").text == "cross_entropy");
  const TakenLoss margins(R"("categorical_hinge")");
  CHECK(margins.text == "multi_margin");
  CHECK(margins.is_class);
  CHECK(margins.left_out == Lines{"its loss 'categorical_hinge': multi_margin is in its place"});
  for (const std::string name : {"ctc", "dice", "tversky", "circle"}) {
    CAPTURE(name);
    CHECK(TakenLoss("\"" + name + "\"").left_out == Lines{"its loss '" + name + "': mse is in its place"});
  }
}

TEST_CASE("a model of Keras whose only layer belongs to its loss gives what it is given") {
  const Folder folder;
  for (const auto& [activation, loss] :
       {std::pair<std::string, std::string>("softmax", "cross_entropy"), {"sigmoid", "bce_with_logits"}}) {
    CAPTURE(activation);
    const FamilyNetwork network = keras::read_model(keras_file(
        folder, R"({"class_name": "Activation", "config": {"name": "p", "activation": ")" + activation + "\"}}"));
    CHECK(network.config.find("loss")->text == loss);
    const std::vector<Node>& items = network.config.find("model")->items;
    REQUIRE(items.size() == 1);
    CHECK(items[0].entries.at(0).key == "identity");
    CHECK(items[0].find("name")->text == "p");
  }
  // One that does not read what stands before it does not leave that as the end.
  const FamilyNetwork network = keras::read_model(
      keras_graph(folder,
                  keras_call("Dense", "body", R"(, "units": 2)", keras_tensor("a")) + ", " +
                      keras_call("Dense", "unread", R"(, "units": 5)", keras_tensor("b")) + ", " +
                      keras_call("Activation", "p", R"(, "activation": "softmax")", keras_tensor("body")),
                  R"(["p", 0, 0])"));
  const Node& last = network.config.find("model")->items.back();
  CHECK(last.entries.at(0).key == "identity");
  CHECK(last.find("from")->text == "body");
}

TEST_CASE("layers of Keras whose names differ in what no item's can have are two") {
  const Folder folder;
  const auto dense = [](const std::string& name, const std::string& of) {
    return keras_call("Dense", name, R"(, "units": 4)", keras_tensor(of));
  };
  CHECK(item_names(keras_graph(folder, dense("a/b", "a") + ", " + dense("a.b", "a/b") + ", " + dense("a_b_2", "a.b"),
                               R"(["a_b_2", 0, 0])")) == Lines{"a_b", "a_b_2", "a_b_2_2"});
  // An item is put behind the last where that is not the output, under a name that is free.
  CHECK(item_names(keras_graph(folder, dense("output", "a") + ", " + dense("unread", "b"), R"(["output", 0, 0])")) ==
        Lines{"output", "unread", "output_2"});
  CHECK(item_names(keras_graph(folder, dense("last", "b"), R"([["last", 0, 0], ["a", 0, 0]])")) ==
        Lines{"last", "output"});
  // Each stands behind what it reads, wherever it is in the file.
  CHECK(item_names(keras_graph(folder,
                               dense("third", "second") + ", " + dense("second", "first") + ", " + dense("first", "a"),
                               R"(["third", 0, 0])")) == Lines{"first", "second", "third"});
}

TEST_CASE("attention that is the first layer of a Sequential model of Keras reads the input") {
  const Folder folder;
  const FamilyNetwork network = keras::read_model(
      keras_archive(folder, R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "InputLayer",
                 "config": {"name": "in", "batch_shape": [null, 5, 4], "dtype": "float32"}},
                 {"class_name": "MultiHeadAttention", "config": {"name": "look", "num_heads": 2, "key_dim": 2}}]}})"));
  const std::vector<Node>& items = network.config.find("model")->items;
  REQUIRE(items.size() == 1);
  CHECK(items[0].find("from") == nullptr);
}

TEST_CASE("numbers that Keras kept as f32 are those that were written, and none loses digits") {
  const Folder folder;
  const std::string layers =
      R"({"class_name": "LeakyReLU", "config": {"name": "leaky", "negative_slope": 0.01234567891}},
         {"class_name": "BatchNormalization",
          "config": {"name": "norm", "epsilon": 1.2345678e-05, "momentum": 0.9900000095367432}},
         {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.30000001192092896}}, )" +
      keras_dense("softmax");
  const auto read = [&](const std::string& optimizer) {
    return keras::read_model(keras_file(
        folder, layers,
        R"({"loss": "sparse_categorical_crossentropy", "loss_weights": null, "optimizer": )" + optimizer + "}"));
  };
  const FamilyNetwork network = read(
      R"({"class_name": "Adam", "config": {"learning_rate": 0.0010000000474974513, "beta_1": 0.8999999761581421,
          "beta_2": 0.999, "epsilon": 1e-07, "global_clipnorm": 0.10000000149011612}})");
  const std::vector<Node>& items = network.config.find("model")->items;
  CHECK(items.at(0).find("leaky_relu")->text == "0.01234567891");
  CHECK(items.at(1).find("batch_norm")->find("eps")->text == "1.2345678e-05");
  CHECK(items.at(1).find("batch_norm")->find("momentum")->text == "0.01");
  CHECK(items.at(2).find("dropout")->text == "0.3");
  const Node& adam = *network.config.find("optimizer")->find("adam");
  CHECK(adam.find("lr")->text == "0.001");
  CHECK(adam.find("betas")->items.at(0).text == "0.9");
  CHECK(network.config.find("trainer")->find("gradient_clip_val")->text == "0.1");

  // A schedule is left out, and the rate that it begins at is not.
  const FamilyNetwork falling = read(
      R"({"class_name": "SGD", "config": {"learning_rate": {"class_name": "ExponentialDecay",
          "config": {"initial_learning_rate": 0.05, "decay_steps": 10}}, "clipnorm": 0.20000000298023224}})");
  CHECK(falling.config.find("optimizer")->find("sgd")->find("lr")->text == "0.05");
  CHECK(falling.left_out == Lines{"the schedule of its learning rate", "its optimizer's 'clipnorm: 0.2'"});
}

TEST_CASE("an activity that Keras keeps small is a loss of its own here") {
  const Folder folder;
  const FamilyNetwork network = keras::read_model(
      keras_file(folder,
                 R"({"class_name": "ActivityRegularization", "config": {"name": "few", "l1": 0.5, "l2": 0.25}}, )" +
                     keras_dense("softmax"),
                 R"({"loss": "sparse_categorical_crossentropy"})"));
  CHECK(network.config.find("loss") == nullptr);
  const Node& losses = *network.config.find("losses");
  CHECK(losses.keys() == Lines{"fit", "few"});
  CHECK(losses.find("fit")->keys() == Lines{"cross_entropy"});
  CHECK(losses.find("few")->find("activity")->find("output")->text == "few");
  CHECK(losses.find("few")->find("activity")->find("l1")->text == "0.5");
  CHECK(losses.find("few")->find("activity")->find("l2")->text == "0.25");
  CHECK(network.left_out.empty());
}

TEST_CASE("outputs of a model of Keras take one loss for all, a list in their order, or what each ends with") {
  const Folder folder;
  const std::string layers = keras_call("Dense", "p", R"(, "units": 3, "activation": "softmax")", keras_tensor("a")) +
                             ", " + keras_call("Dense", "v", R"(, "units": 2)", keras_tensor("b")),
                    outputs = R"([["p", 0, 0], ["v", 0, 0]])";
  const auto losses = [&](const std::string& compiled, Lines* left_out = nullptr) {
    const FamilyNetwork network = keras::read_model(keras_graph(folder, layers, outputs, compiled));
    if (left_out) *left_out = network.left_out;
    std::string text;
    for (const Node::Entry& loss : network.config.find("losses")->entries)
      text += (text.empty() ? "" : ", ") + loss.key + ": " + loss.value.entries.at(0).key;
    return text;
  };
  Lines told;
  CHECK(losses("{}", &told) == "p: cross_entropy, v: mse");
  CHECK(told.empty());
  CHECK(losses(R"({"loss": "mae"})", &told) == "p_activation: l1, v: l1");
  CHECK(told.empty());
  CHECK(losses(R"({"loss": ["categorical_crossentropy", "huber"], "loss_weights": [1, 2]})", &told) ==
        "p: cross_entropy, v: huber");
  CHECK(told.empty());
  CHECK(losses(R"({"loss": {"v": "mse"}})", &told) == "v: mse");
  CHECK(told == Lines{"that 'p' is an output: it has no loss"});
  CHECK(losses(R"({"loss": {"p": "mse", "v": "dice"}})", &told) == "p_activation: mse, v: mse");
  CHECK(told == Lines{"the loss 'dice' of 'v': mse is in its place"});
  CHECK(losses(R"({"loss": ["mse"]})", &told) == "p: cross_entropy, v: mse");
  CHECK(told == Lines{"its losses, which are not those of its outputs: each has one by what it ends with"});
}

TEST_CASE("models that Keras saved before its version 3 count the calls of models in them from 1") {
  const Folder folder;
  const auto old = [](const std::string& kind, const std::string& name, const std::string& nodes,
                      const std::string& config = "") {
    return R"({"class_name": ")" + kind + R"(", "inbound_nodes": )" + nodes + R"(, "config": {"name": ")" + name +
           "\"" + config + "}}";
  };
  const std::string inner =
      old("Sequential", "s", R"([[["a", 0, 0, {}]], [["b", 0, 0, {}]]])",
          R"(, "layers": [{"class_name": "InputLayer", "config": {"name": "i", "batch_input_shape": [null, 4]}},
               {"class_name": "Dense", "config": {"name": "d", "units": 3}}])");
  const std::string sum = old("Add", "sum", R"([[["s", 1, 0, {}], ["s", 2, 0, {}]]])");
  CHECK(item_names(keras_graph(folder, inner + ", " + sum, R"([["sum", 0, 0]])")) == Lines{"s_d", "s_d_call1", "sum"});
  // An operation of TensorFlow's reads one tensor, which stands there alone.
  const std::string relu = old("TFOpLambda", "tf.nn.relu", R"([["sum", 0, 0, {"name": null}]])");
  CHECK(error_text([&] {
          keras::read_model(keras_graph(folder, inner + ", " + sum + ", " + relu, R"([["tf.nn.relu", 0, 0]])"));
        }).ends_with("'tf.nn.relu': the layer TFOpLambda has no counterpart that is known"));
}

TEST_CASE("parts of attention that Keras saved before its version 3 have other names") {
  const Folder folder;
  const auto first_part = [&](const std::string& version) {
    const FamilyNetwork network = keras::read_model(keras_archive(
        folder, R"({"class_name": "Sequential", "config": {"name": "m", "layers": [{"class_name": "InputLayer",
                "config": {"name": "in", "batch_shape": [null, 5, 8], "dtype": "float32"}}, {"class_name":
                "MultiHeadAttention", "config": {"name": "look", "num_heads": 2, "key_dim": 4}}]}})",
        version));
    return network.tensors.at("look.in_proj_weight").from.at(0);
  };
  CHECK(first_part("3.15.1") == "layers.multi_head_attention.query_dense.vars.0");
  CHECK(first_part("2.21.0") == "layers.multi_head_attention._query_dense.vars.0");
}

TEST_CASE("a model of Keras that is nested, large or called without end is refused") {
  const Folder folder;
  const auto refusal = [&](const std::string& config) {
    return error_text([&] { keras::read_model(keras_archive(folder, config)); }, {{folder.path.string(), "DIR"}});
  };
  const auto deep = [](size_t levels, const std::string& inner) {
    return std::string(levels, '[') + inner + std::string(levels, ']');
  };
  CHECK(refusal(R"({"class_name": "Sequential", "config": )" + deep(100000, "") + "}") ==
        "error: DIR/model.keras: its config.json is nested deeper than 200");
  // Each model calls the one in it twice.
  std::string model = R"({"class_name": "Functional", "config": {"name": "m0", "layers": [
      {"class_name": "InputLayer", "inbound_nodes": [], "config": {"name": "i", "batch_shape": [null, 4]}}, )" +
                      keras_call("Activation", "last", R"(, "activation": "tanh")", keras_tensor("i")) +
                      R"(], "input_layers": [["i", 0, 0]], "output_layers": [["last", 0, 0]]})";
  for (int level = 1; level <= 20; ++level) {
    const std::string inner = concat("m", level - 1);
    model +=
        R"(, "inbound_nodes": [{"args": [)" + keras_tensor("i") + R"(]}, {"args": [)" + keras_tensor(inner) + R"(]}]})";
    model = concat(R"({"class_name": "Functional", "config": {"name": "m)", level, R"(", "layers": [
      {"class_name": "InputLayer", "inbound_nodes": [], "config": {"name": "i", "batch_shape": [null, 4]}}, )",
                   model, R"(], "input_layers": [["i", 0, 0]], "output_layers": [[")", inner, R"(", 1, 0]]})");
  }
  CHECK(refusal(model + "}").find("the model calls layers 20000 times or more") != std::string::npos);
  const auto sequential = [](const std::string& size, const std::string& units) {
    return R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "InputLayer",
        "config": {"name": "in", "batch_shape": [null, )" +
           size + R"(]}}, {"class_name": "Dense",
        "config": {"name": "head", "units": )" +
           units + "}}]}}";
  };
  CHECK(refusal(sequential("0", "1")) ==
        "error: the input 'x' is [0], expected sizes above 0 that make 1099511627776 at most");
  CHECK(refusal(sequential("1e300", "1")) ==
        "error: the input 'x' is [9007199254740992], expected sizes above 0 that make 1099511627776 at most");
  const auto graph = [&](const std::string& layers, const std::string& outputs) {
    return error_text([&] { keras::read_model(keras_graph(folder, layers, outputs)); });
  };
  const std::string dense = keras_call("Dense", "head", R"(, "units": 2)", keras_tensor("a"));
  CHECK(graph(dense, R"([["nobody", 0, 0]])").find("the output 'nobody' is made by no layer") != std::string::npos);
  CHECK(graph(keras_call("Dense", "head", R"(, "units": 2)", ""), R"([["head", 0, 0]])")
            .find("'head' reads what no layer makes") != std::string::npos);
  CHECK(graph(keras_call("Dense", "one", R"(, "units": 2)", keras_tensor("two")) + ", " +
                  keras_call("Dense", "two", R"(, "units": 2)", keras_tensor("one")),
              R"([["two", 0, 0]])")
            .find("what 'one' reads is made by no layer") != std::string::npos);
}

}  // namespace dl::testing
