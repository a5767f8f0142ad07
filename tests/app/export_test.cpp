// dlcli export as a user calls it: what is written compiles, and gives what dlcli computes.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "lib/base/folder.h"
#include "tests/app/run_dlcli.h"
#include "tests/npy.h"
#include "tests/paths.h"

namespace dl::testing {
namespace {

// LeNet-5 of images without meaning.
std::string images_config() {
  return "data: {train: {format: random, shape: [28, 28, 1], dtype: f32, classes: 10}, batch_size: 4}\nmodel: " +
         source_dir() + "/configs/models/lenet5.yaml" +
         "\nloss: cross_entropy\noptimizer: adam\ntrainer: {max_steps: 1}\n";
}

}  // namespace

TEST_CASE("a network exported to C compiles without a warning and gives the classes that dlcli gives") {
  if (std::system("cc --version > /dev/null 2>&1") != 0) return;
  const Folder folder;
  const std::string config = folder.write("net.yaml", images_config()).string(), out = (folder / "out").string();
  const Finished done = run_dlcli({"export", config, "--untrained", "--to", "c", "-o", out});
  CHECK_MESSAGE(done.exit == 0, done.err);
  const std::string compile = "cd " + out + " && cc -std=c99 -O2 -Wall -Wextra -Wpedantic -Werror -o model model.c -lm";
  REQUIRE(std::system(compile.c_str()) == 0);
  const std::vector<float> x = floats_of(folder / "out/expected.npz", "x"),
                           expected = floats_of(folder / "out/expected.npz", "output");
  write(folder / "out/samples", {reinterpret_cast<const char*>(x.data()), x.size() * sizeof(float)});
  REQUIRE(std::system(("cd " + out + " && ./model model.weights < samples > outputs").c_str()) == 0);
  const std::string bytes = text_of(folder / "out/outputs");
  REQUIRE(bytes.size() == expected.size() * sizeof(float));
  const float* found = reinterpret_cast<const float*>(bytes.data());
  for (size_t sample = 0; sample < expected.size() / 10; ++sample) {
    const auto best = [&](const float* of) { return std::max_element(of + sample * 10, of + sample * 10 + 10) - of; };
    CHECK(best(found) == best(expected.data()));
  }
  for (size_t i = 0; i < expected.size(); ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-5);
}

TEST_CASE("tokens that a network moves before it looks them up are whole numbers in C") {
  if (std::system("cc --version > /dev/null 2>&1") != 0) return;
  const Folder folder;
  const std::string out = (folder / "out").string();
  const std::string config =
      folder
          .write("net.yaml",
                 "data: {train: {format: random, shape: [6], vocabulary: 5, classes: 2}, batch_size: 4}\n"
                 "model: [{reshape: [2, 3]}, {permute: [2, 1]}, {reshape: [6]}, "
                 "{embedding: {num_embeddings: 5, embedding_dim: 3}}, flatten, {linear: 2}]\n"
                 "loss: cross_entropy\noptimizer: adam\ntrainer: {max_steps: 1}\n")
          .string();
  const Finished done = run_dlcli({"export", config, "--untrained", "--to", "c", "-o", out});
  REQUIRE_MESSAGE(done.exit == 0, done.err);
  const std::string compile = "cd " + out + " && cc -std=c99 -O2 -Wall -Wextra -Wpedantic -Werror -o model model.c -lm";
  REQUIRE(std::system(compile.c_str()) == 0);
  const NpyArray tokens(folder / "out/expected.npz", "x");
  std::vector<int32_t> x(static_cast<size_t>(tokens.shape().elements()));
  std::vector<std::byte> scratch(x.size() * sizeof(int64_t));
  tokens.read_values(0, tokens.shape().elements(), DType::i32, reinterpret_cast<std::byte*>(x.data()), scratch.data());
  write(folder / "out/samples", bytes(x));
  REQUIRE(std::system(("cd " + out + " && ./model model.weights < samples > outputs").c_str()) == 0);
  const std::vector<float> expected = floats_of(folder / "out/expected.npz", "output");
  const std::string outputs = text_of(folder / "out/outputs");
  REQUIRE(outputs.size() == expected.size() * sizeof(float));
  const float* found = reinterpret_cast<const float*>(outputs.data());
  for (size_t i = 0; i < expected.size(); ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-5);
}

TEST_CASE("an export tells where each tensor went, and does not write over what is there") {
  const Folder folder;
  const std::string config = folder.write("net.yaml", images_config()).string(), out = (folder / "out").string();
  const Finished done = run_dlcli({"export", config, "--untrained", "--to", "pytorch", "-o", out});
  CHECK(done.exit == 0);
  CHECK(done.out.find("here       there      shape there    change") != std::string::npos);
  CHECK(done.out.find("expected.npz, model.py, model.safetensors") != std::string::npos);
  const Finished again = run_dlcli({"export", config, "--untrained", "--to", "pytorch", "-o", out});
  CHECK(again.exit == 2);
  CHECK(
      again.err ==
      "error: " + out +
          ": expected a new or empty folder, it has expected.npz\n  help: remove it, or name another with --output\n");
}

TEST_CASE("a network of layers that Keras has is written as Keras keeps models; else those that it has not are named") {
  const Folder folder;
  const auto exported = [&](const std::string& name, const std::string& model) {
    const std::string config =
        folder
            .write(name + ".yaml",
                   "data: {train: {format: random, shape: [6, 4], dtype: f32, targets: 1}, "
                   "batch_size: 4}\nmodel: " +
                       model + "\nloss: {mse: {target: 0.5}}\noptimizer: adam\n" + "trainer: {max_steps: 1}\n")
            .string();
    return run_dlcli({"export", config, "--untrained", "--to", "keras", "-o", (folder / name).string()}).out;
  };
  const std::string known = exported("known",
                                     "[{multi_head_attention: 2}, layer_norm, {lstm: 4}, {gru: {hidden_size: 2, "
                                     "bidirectional: true}}, flatten, {linear: 2}]");
  CHECK(known.find("model.keras, model.npz, model.py") != std::string::npos);
  CHECK(known.find("no model.keras") == std::string::npos);
  const std::string unknown =
      exported("unknown", "[{lstm: {hidden_size: 3, num_layers: 2}}, celu, layer_scale, layer_scale]");
  CHECK(unknown.find(
            "no model.keras, as Keras has no layer for celu, layer_scale; load().save(\"model.keras\") of model.py "
            "makes one that needs model.py\n") != std::string::npos);
  CHECK(!std::filesystem::exists(folder / "unknown/model.keras"));
}

TEST_CASE("what an item of the model gives is exported, and a field that is named as the result is refused") {
  const Folder folder;
  const std::string arrays =
                        "data: {train: {format: random, shape: [4], dtype: f32, targets: 1}, batch_size: 4, "
                        "transforms: [{normalize: {mean: 0.5, std: 2}}]}\n",
                    model =
                        "model: [{linear: 3, name: first}, {linear: 1, name: second}]\nloss: {mse: {target: 0.5}}\n"
                        "optimizer: adam\ntrainer: {max_steps: 1}\n",
                    config = folder.write("net.yaml", arrays + model).string();
  const auto exported = [&](const std::string& to, const std::string& item) {
    return run_dlcli({"export", config, "--untrained", "--to", to, "--item", item, "-o", (folder / to).string()});
  };
  const Finished done = exported("numpy", "first");
  CHECK(done.exit == 0);
  CHECK(floats_of(folder / "numpy/expected.npz", "output").size() == 9);
  CHECK(done.out.find("its inputs are to be what these transforms make of samples: normalize: {mean: 0.5, std: 2}\n") !=
        std::string::npos);
  CHECK(text_of(folder / "numpy/model.py")
            .find("Output: float32 [batch, 3]\n\nInputs are to be what these transforms make of samples:\n"
                  "    normalize: {mean: 0.5, std: 2}\n\"\"\"\n") != std::string::npos);
  CHECK(exported("jax", "third").err.find("third: no item of the model has this name") != std::string::npos);
  CHECK(exported("lightning", "first").err ==
        "error: --item: an export to lightning is of what the run's loss reads\n"
        "  help: leave it out, or write '--to pytorch'\n");
}

TEST_CASE("a field that has the name of an export's result is refused") {
  const Folder folder;
  folder.write("table.csv", "output,b,y\np,1,2\nq,2,1\np,3,4\nq,4,4\n");
  const std::string config =
      folder
          .write("net.yaml",
                 "data: {train: {format: csv, path: table.csv, target: {column: y}, columns: {output: {as: index}}}}\n"
                 "model: [{embedding: {num_embeddings: 9, embedding_dim: 2}, from: output}, {linear: 1}]\n"
                 "loss: mse\noptimizer: adam\ntrainer: {max_steps: 1}\n")
          .string();
  const Finished done = run_dlcli({"export", config, "--untrained", "--to", "onnx", "-o", (folder / "out").string()});
  CHECK(done.exit == 2);
  CHECK(done.err.find("error: data: a field that the network is given is named 'output', as its result is where it is "
                      "exported\n  help: name the field otherwise, and where the model has it in 'from:'\n") !=
        std::string::npos);
}

TEST_CASE("an export tells what is done to columns before the network, and what its numbers are behind it") {
  const Folder folder;
  folder.write("rooms.csv", "rooms,price,town\n1,1,Ulm\n2,3,Bonn\n1,1,Ulm\n2,3,Bonn\n");
  const auto exported = [&](const std::string& name, const std::string& target, const std::string& end,
                            const std::string& to) {
    const std::string config =
        folder
            .write(name + ".yaml", "data: {train: {format: csv, path: rooms.csv, target: " + target +
                                       "}, batch_size: 2}\n" + end + "optimizer: adam\ntrainer: {max_steps: 1}\n")
            .string();
    const Finished done =
        run_dlcli({"export", config, "--untrained", "--to", to, "-o", (folder / (name + to)).string()});
    CHECK_MESSAGE(done.exit == 0, done.err);
    return done.out;
  };
  const std::string numbers = "{column: price, normalize: standard}, columns: {town: ignore}",
                    one = "model: [{linear: 1}]\nloss: mse\n", columns = "columns rooms become numbers as data.fitted",
                    units = "times 1, plus 2 it is in the data's own units\n";
  const std::string told = exported("price", numbers, one, "numpy");
  CHECK(told.find("its inputs are to be what these transforms make of samples: " + columns) != std::string::npos);
  CHECK(told.find("of its output: " + units) != std::string::npos);
  CHECK(text_of(folder / "pricenumpy/model.py").find("Output: float32 [batch, 1]\n    " + units) != std::string::npos);
  exported("price", numbers, one, "c");
  const std::string text = text_of(folder / "pricec/model.c");
  CHECK(text.find(" * Samples are to be what these transforms make: " + columns) != std::string::npos);
  CHECK(text.find(" * Of what the network gives: " + units) != std::string::npos);
  const std::string town = "{column: town, as: class}, columns: {price: ignore}";
  CHECK(exported("two", town, "model: [{linear: 2}]\nloss: cross_entropy\n", "pytorch")
            .find("of its output: its classes are [Bonn, Ulm]\n") != std::string::npos);
  CHECK(exported("one", town, "model: [{linear: 1}]\nloss: bce_with_logits\n", "pytorch")
            .find("of its output: above 0 it is 'Ulm', below 'Bonn'\n") != std::string::npos);
}

TEST_CASE("an export without a training needs a config, and refuses options that would say nothing") {
  const Folder folder;
  const Finished done = run_dlcli({"export", "some-run", "--untrained", "--to", "numpy"});
  CHECK(done.exit == 2);
  CHECK(done.err ==
        "error: --untrained: expected a config, got 'some-run'\n"
        "  help: give the config's file, or leave --untrained out\n");
  const std::string config = folder.write("net.yaml", images_config()).string();
  const auto refused = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"export", config, "--untrained", "-o", (folder / "out").string()});
    const Finished finished = run_dlcli(options);
    CHECK(finished.exit == 2);
    return finished.err;
  };
  CHECK(refused({"--to", "c", "--checkpoint", "best"}) ==
        "error: --checkpoint: is of a run, and --untrained takes the weights before any\n  help: keep one of them\n");
  CHECK(refused({"--to", "pytorch", "--layout", "nhwc"}) ==
        "error: --layout nhwc: an export to pytorch has the channels of images first\n  help: leave it out\n");
  CHECK(refused({"--to", "keras", "--layout", "nchw"}) ==
        "error: --layout nchw: an export to keras has the channels of images last\n  help: leave it out\n");
}

TEST_CASE("what Lightning has no equal of is refused before anything is written") {
  const Folder folder;
  const std::string config = folder.write("net.yaml", images_config()).string(), out = (folder / "out").string();
  const Finished done =
      run_dlcli({"export", config, "--untrained", "--to", "lightning", "-o", out, "--set", "optimizer=lion"});
  CHECK(done.exit == 2);
  CHECK(done.err ==
        "error: optimizer: 'lion' has no counterpart in torch.optim that is known here\n"
        "  help: export to pytorch, and write the training around it\n");
  CHECK(!std::filesystem::exists(folder / "out"));
  const auto refused = [&](const std::string& loss) {
    return run_dlcli({"export", config, "--untrained", "--to", "lightning", "-o", out, "--set", "loss=" + loss}).err;
  };
  CHECK(
      refused("{mse: {target: 0.5}}").find("loss.mse.target: one number as all targets is not written as Lightning") !=
      std::string::npos);
}

TEST_CASE("Lightning's losses take targets of the predictions' shape and type") {
  const Folder folder;
  const auto loss_of = [&](const std::string& name, const std::string& data, const std::string& loss) {
    const std::string config =
        folder
            .write(name + ".yaml", "data: {train: {format: random, shape: [3], dtype: f32, " + data +
                                       "}, batch_size: 4}\nmodel: [{linear: 1}]\nloss: " + loss +
                                       "\noptimizer: adam\ntrainer: {max_steps: 1, gradient_clip_val: 0.5}\n")
            .string();
    const Finished done =
        run_dlcli({"export", config, "--untrained", "--to", "lightning", "-o", (folder / name).string()});
    CHECK_MESSAGE(done.exit == 0, done.err);
    const std::string text = text_of(folder / name / "lit_model.py");
    CHECK(text.find("The run's trainer is L.Trainer(max_steps=1, gradient_clip_val=0.5).\n") != std::string::npos);
    const size_t begin = text.find("return F.");
    REQUIRE(begin != std::string::npos);
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  CHECK(loss_of("mse", "targets: 1", "mse") == "return F.mse_loss(found.reshape(y.shape), y.to(found.dtype))");
  CHECK(loss_of("two", "classes: 2", "{bce_with_logits: {pos_weight: 3}}") ==
        "return F.binary_cross_entropy_with_logits(found.reshape(y.shape), y.to(found.dtype), "
        "pos_weight=torch.tensor(3, dtype=found.dtype, device=found.device))");
}

}  // namespace dl::testing
