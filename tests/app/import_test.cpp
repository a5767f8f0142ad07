// dlcli import of an ONNX file as a user calls it.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "lib/base/error.h"
#include "tests/app/run_dlcli.h"
#include "tests/npy.h"
#include "tests/paths.h"

namespace dl::testing {
namespace {

constexpr const char* network = R"(
data: {train: {format: random, shape: [9, 8, 1], dtype: f32, classes: 5}, batch_size: 4}
model: [{conv2d: {out_channels: 4, kernel_size: 3}}, batch_norm, relu, {max_pool2d: 2}, flatten, {linear: 5}]
loss: cross_entropy
optimizer: adam
trainer: {max_steps: 1}
)";

}  // namespace

TEST_CASE("an ONNX file becomes a run that predicts what the file's network gives, and is trained further") {
  const Folder folder;
  folder.write("net.yaml", network);
  Finished done = run_dlcli({"export", "net.yaml", "--untrained", "--to", "onnx", "-o", "out"}, folder.path);
  REQUIRE_MESSAGE(done.exit == 0, done.err);
  done = run_dlcli({"import", "out/model.onnx", "--name", "back"}, folder.path);
  REQUIRE_MESSAGE(done.exit == 0, done.err);
  CHECK(done.out.starts_with("imported ONNX model: "));
  CHECK(done.out.find("run folder: runs/back-1\n") != std::string::npos);

  const std::vector<float> x = floats_of(folder / "out/expected.npz", "x"),
                           logits = floats_of(folder / "out/expected.npz", "output");
  const size_t samples = logits.size() / 5;
  write(folder / "runs/back-1/x.npy", npy("<f4", concat("(", samples, ", 9, 8, 1)"), bytes(x)));
  write(folder / "runs/back-1/y.npy", npy("<i4", concat("(", samples, ",)"), bytes(std::vector<int32_t>(samples, 1))));
  done = run_dlcli({"predict", "back-1", "--data", "train", "--format", "npy", "-o", "p.npy"}, folder.path);
  REQUIRE_MESSAGE(done.exit == 0, done.err);
  const std::vector<float> found = floats_of(folder / "p.npy", "");
  REQUIRE(found.size() == logits.size());
  for (size_t s = 0; s < samples; ++s) {
    double sum = 0;
    for (size_t i = 0; i < 5; ++i) sum += std::exp(double{logits[s * 5 + i]});
    for (size_t i = 0; i < 5; ++i)
      CHECK(found[s * 5 + i] == doctest::Approx(std::exp(double{logits[s * 5 + i]}) / sum).epsilon(1e-5));
  }
  done = run_dlcli({"train", "runs/back-1/config.yaml", "--set", "trainer.max_steps=2"}, folder.path);
  CHECK_MESSAGE(done.exit == 0, done.err);

  // Bytes would be divided by 255, as they are not for the file's network.
  write(folder / "runs/back-1/x.npy", npy("|u1", concat("(", samples, ", 9, 8, 1)"), std::string(samples * 72, 'x')));
  done = run_dlcli({"predict", "back-1", "--data", "train"}, folder.path);
  CHECK(done.exit == 2);
  CHECK(done.err.find("expected 'x' of type f32, as 'data.fitted' says, found u8 [9, 8, 1]\n") != std::string::npos);
  CHECK(done.err.find("help: save it as float32; or take 'data.fitted' out, where bytes divided by 255 are meant\n") !=
        std::string::npos);

  // Classes as Keras's categorical_crossentropy takes them.
  write(folder / "runs/back-1/x.npy", npy("<f4", concat("(", samples, ", 9, 8, 1)"), bytes(x)));
  write(folder / "runs/back-1/y.npy",
        npy("<f4", concat("(", samples, ", 5)"), bytes(std::vector<float>(samples * 5, 0.2f))));
  done = run_dlcli({"check", "runs/back-1/config.yaml"}, folder.path);
  CHECK(done.exit == 2);
  CHECK(done.err.find("expected 'y' of type i32, as 'data.fitted' says, found f32 [5]\n"
                      "  help: save the numbers of the classes, y.argmax(-1), or take 'data.fitted' out\n") !=
        std::string::npos);
}

TEST_CASE("targets of a sigmoid that an ONNX file ends with are classes or numbers, as the data have them") {
  const Folder folder;
  folder.write("net.yaml",
               "data: {train: {format: random, shape: [4], dtype: f32, targets: 1, samples: 4}, batch_size: 4}\n"
               "model: [{linear: 1}, sigmoid]\nloss: mse\noptimizer: adam\ntrainer: {max_steps: 1}\n");
  Finished done = run_dlcli({"export", "net.yaml", "--untrained", "--to", "onnx", "-o", "out"}, folder.path);
  REQUIRE_MESSAGE(done.exit == 0, done.err);
  done = run_dlcli({"import", "out/model.onnx", "--name", "back"}, folder.path);
  REQUIRE_MESSAGE(done.exit == 0, done.err);
  const std::string config = text_of(folder / "runs/back-1/config.yaml");
  CHECK(config.find("loss: bce_with_logits\n") != std::string::npos);
  CHECK(config.find("dtype: f32_or_i32\n") != std::string::npos);
  write(folder / "runs/back-1/x.npy", npy("<f4", "(8, 4)", bytes(std::vector<float>(32, 0.5f))));
  const auto trained = [&](const std::string& run) {
    done = run_dlcli({"train", "runs/back-1/config.yaml", "--set", "metrics=[accuracy]"}, folder.path);
    CHECK_MESSAGE(done.exit == 0, done.err);
    CHECK(text_of(folder / ("runs/" + run + "/resolved.yaml")).find("f32_or_i32") == std::string::npos);
    done = run_dlcli({"eval", run, "--split", "train"}, folder.path);
    CHECK_MESSAGE(done.exit == 0, done.err);
  };
  write(folder / "runs/back-1/y.npy", npy("<i8", "(8,)", bytes(std::vector<int64_t>{0, 1, 0, 1, 1, 0, 0, 1})));
  trained("back-2");
  write(folder / "runs/back-1/y.npy", npy("<f4", "(8,)", bytes(std::vector<float>{0, 1, 0, 0.5f, 1, 0.25f, 0, 1})));
  trained("back-3");
}

TEST_CASE("a softmax that an ONNX file ends with becomes part of the loss, also before an Identity") {
  const Folder folder;
  folder.write("net.yaml",
               "data: {train: {format: random, shape: [4], dtype: f32, classes: 3}, batch_size: 4}\n"
               "model: [{linear: 3}, softmax]\nloss: nll\noptimizer: adam\ntrainer: {max_steps: 1}\n");
  Finished done = run_dlcli({"export", "net.yaml", "--untrained", "--to", "onnx", "-o", "out"}, folder.path);
  REQUIRE_MESSAGE(done.exit == 0, done.err);
  done = run_dlcli({"import", "out/model.onnx", "--name", "back"}, folder.path);
  REQUIRE_MESSAGE(done.exit == 0, done.err);
  const std::string config = text_of(folder / "runs/back-1/config.yaml");
  CHECK(config.find("loss: cross_entropy\n") != std::string::npos);
  CHECK(config.find("output: ") != std::string::npos);
}

TEST_CASE("what is no network is refused with what to write instead") {
  const Folder folder;
  folder.write("weights.pt", "PK");
  CHECK(run_dlcli({"import", "weights.pt"}, folder.path).err ==
        "error: weights.pt: is neither a .keras nor an .onnx file, which say what the network is\n"
        "  help: of a file of weights alone write the network as YAML, and init_from: FILE\n");
  std::filesystem::copy_file(source_dir() + "/tests/interop/files/legacy.h5", folder / "old.h5");
  CHECK(run_dlcli({"import", "old.h5"}, folder.path).err ==
        "error: old.h5: is a model in the older format of Keras, which is read as weights alone\n"
        "  help: save it as .keras: keras.models.load_model(\"old.h5\").save(\"model.keras\")\n");
  std::filesystem::create_directory(folder / "saved");
  folder.write("saved/saved_model.pb", "");
  CHECK(run_dlcli({"import", "saved"}, folder.path).err ==
        "error: saved: is a SavedModel of TensorFlow, a program that is not read\n"
        "  help: save the model as .keras; or make an ONNX file of it: python -m tf2onnx.convert --saved-model saved "
        "--output model.onnx\n");
  CHECK(run_dlcli({"import", "weights.pt", "--shape", "x=3"}, folder.path).err ==
        "error: --shape: only files of ONNX and Keras leave sizes open\n");
  CHECK(run_dlcli({"import", "weights.pt", "--output", "y"}, folder.path).err ==
        "error: --output: only of ONNX files is a tensor chosen\n");
  CHECK(run_dlcli({"import", "weights.pt", "--layout", "channels_last"}, folder.path).err ==
        "error: --layout: only ONNX files do not say how their images lie\n");
  CHECK(run_dlcli({"import", "net.onnx", "--layout", "nchw"}, folder.path).err ==
        "error: --layout: expected channels_first or channels_last, got 'nchw'\n");
  CHECK(run_dlcli({"import", "gpt3"}, folder.path).err == "error: gpt3: there is no such file or folder\n");
  for (const std::string given : {"x", "x=", "x=3x", "x=3xx4", "x=0", "x=-3", "x=3,4"}) {
    CAPTURE(given);
    const Finished done = run_dlcli({"import", "net.onnx", "--shape", given}, folder.path);
    CHECK(done.exit == 2);
    CHECK(done.err == "error: --shape: expected an input's name and sizes above 0, got '" + given +
                          "'\n  help: write x=3x224x224\n");
  }
}

}  // namespace dl::testing
