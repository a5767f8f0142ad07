// Where two networks part: what `predict --activations` saves, and `compare` makes of it.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "lib/interop/weights/layouts.h"
#include "lib/interop/weights/weights_format.h"
#include "lib/interop/weights/weights_writer.h"
#include "tests/app/run_dlcli.h"

namespace dl::testing {
namespace {

using nlohmann::json;

const std::string parting_config =
    "data: {train: digits, batch_size: 32}\n"
    "blocks: {pair: {params: {channels: required}, layers: [{conv2d: {out_channels: '${channels}', kernel_size: 3, "
    "padding: same}, name: conv}, relu]}}\n"
    "model:\n"
    "  - {conv2d: {out_channels: 3, kernel_size: 3}, name: stem}\n"
    "  - {batch_norm: {}, name: norm}\n"
    "  - {pair: {channels: 4}, name: layer1}\n"
    "  - global_avg_pool2d\n"
    "  - {linear: 10, name: head}\n"
    "loss: cross_entropy\n"
    "optimizer: {sgd: {lr: 0.1}}\n"
    "trainer: {max_steps: 3, threads: 1}\n";

void train(const Folder& folder, const std::string& name, const std::vector<std::string>& sets = {}) {
  folder.write(name + ".yaml", parting_config);
  std::vector<std::string> arguments{"train", name + ".yaml", "-q"};
  for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
  const Finished done = run_dlcli(arguments, folder);
  REQUIRE_MESSAGE(done.exit == 0, done.err);
}

// A file of tensors made another.
void rewrite(const Folder& folder, const std::string& from, const std::string& to,
             const std::function<void(WeightsTable::Entry&)>& change) {
  WeightsWriter::Tensors tensors = read_weights_table(folder / from).tensors();
  for (WeightsTable::Entry& entry : tensors) change(entry);
  write_weights_file(folder / to, tensors);
}

// The same with every element one larger.
StoredTensor raised(const StoredTensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.shape.elements()));
  TensorReader(tensor).read_f32(0, values);
  for (float& value : values) value += 1;
  return {.type = ElementType::f32,
          .shape = tensor.shape,
          .bytes = StoredBytes::in_memory({reinterpret_cast<const char*>(values.data()), values.size() * 4})};
}

Finished compared(const Folder& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "compare");
  return run_dlcli(arguments, folder);
}

std::string last_line(const std::string& text) {
  const size_t end = text.find_last_not_of('\n'), begin = text.rfind('\n', end);
  return text.substr(begin + 1, end - begin);
}

}  // namespace

TEST_CASE("activations that a run saved are its own, layer by layer") {
  const Folder folder;
  train(folder, "one");
  REQUIRE(run_dlcli({"predict", "one", "--data", "train", "--activations", "mine.npz"}, folder).exit == 0);
  const WeightsTable saved = read_weights_table(folder / "mine.npz");
  std::string names;
  for (const auto& [name, tensor] : saved.tensors()) names += name + " " + tensor.shape.text() + "; ";
  CHECK(names ==
        "x [8, 8, 8, 1]; stem [8, 6, 6, 3]; norm [8, 6, 6, 3]; layer1.conv [8, 6, 6, 4]; layer1.1 [8, 6, 6, 4]; "
        "layer1 [8, 6, 6, 4]; 3 [8, 4]; head [8, 10]; ");
  for (const std::vector<std::string>& sides : {std::vector<std::string>{"one", "mine.npz"},
                                                {"mine.npz", "one"},
                                                {"mine.npz", "mine.npz"},
                                                {"one", "one", "--activations"}}) {
    const Finished done = compared(folder, sides);
    CHECK_MESSAGE(done.exit == 0, done.err);
    CHECK(last_line(done.out) == "no layer is off by more than 1e-04 of its largest value");
  }
  const Finished few =
      run_dlcli({"predict", "one", "--data", "train", "--first", "3", "--activations", "few.safetensors"}, folder);
  CHECK(few.exit == 0);
  CHECK(read_weights_table(folder / "few.safetensors").find("head")->shape.text() == "[3, 10]");
}

TEST_CASE("the layer whose weights another run has otherwise is the one that they part at") {
  const Folder folder;
  train(folder, "one");
  REQUIRE(run_dlcli({"convert", "one", "one.safetensors"}, folder).exit == 0);
  for (const auto& [tensor, layer] : {std::pair("stem.bias", "stem (conv2d)"),
                                      {"norm.running_var", "norm (batch_norm)"},
                                      {"layer1.conv.weight", "layer1.conv (conv2d)"},
                                      {"head.weight", "head (linear)"}}) {
    CAPTURE(tensor);
    rewrite(folder, "one.safetensors", "other.safetensors", [&](WeightsTable::Entry& entry) {
      if (entry.name == tensor) entry.tensor = raised(entry.tensor);
    });
    // So that it trains, but not to be seen.
    train(folder, "other",
          {"init_from=other.safetensors", "optimizer.sgd.lr=1e-30", "trainer.max_steps=1", "freeze=[norm]"});
    const Finished done = compared(folder, {"one", "other", "--activations"});
    CHECK_MESSAGE(done.exit == 1, done.err);
    CHECK(last_line(done.out).starts_with(std::string("they part at ") + layer + ", off by "));
    const json told = json::parse(compared(folder, {"one", "other", "--activations", "--json"}).out);
    CHECK(told["parts_at"].get<std::string>() == std::string(layer).substr(0, std::string(layer).find(' ')));
    for (const json& each : told["layers"]) {
      if (each["layer"] == told["parts_at"]) break;
      CHECK(each["off_by"] == 0);
    }
  }
}

TEST_CASE("another program's file may have its channels first, names of its own, and layers that do not fit") {
  const Folder folder;
  train(folder, "one");
  REQUIRE(run_dlcli({"predict", "one", "--data", "train", "--activations", "mine.npz"}, folder).exit == 0);
  const auto channels_first = [](WeightsTable::Entry& entry) {
    if (entry.tensor.shape.rank() == 4) entry.tensor = turned(entry.tensor, {0, 3, 1, 2});
  };
  rewrite(folder, "mine.npz", "first.npz", [&](WeightsTable::Entry& entry) {
    channels_first(entry);
    if (entry.name != "x") entry.name = "net." + entry.name;
  });
  CHECK(compared(folder, {"one", "first.npz"}).exit == 0);

  rewrite(folder, "mine.npz", "features.npz", [&](WeightsTable::Entry& entry) {
    channels_first(entry);
    entry.name = "features." + entry.name;  // its input too, so that the data's are taken
  });
  const Finished unknown = compared(folder, {"one", "features.npz"});
  CHECK(unknown.exit == 2);
  CHECK(unknown.err ==
        "error: dlcli compare: no layer has the same name in both\n"
        "  one: stem, norm, layer1.conv, layer1.1, layer1 and 2 more\n"
        "  features.npz: features.x, features.stem, features.norm, features.layer1.conv, features.layer1.1 and 3 more\n"
        "  help: write --rename 'THEIRS=OURS', with '*' for what stays: 'features.*=*'\n");
  const Finished renamed = compared(folder, {"one", "features.npz", "--rename", "features.*=*"});
  CHECK_MESSAGE(renamed.exit == 0, renamed.out);
  CHECK(renamed.out.find("in features.npz alone: features.x\n") != std::string::npos);

  rewrite(folder, "mine.npz", "short.npz", [&](WeightsTable::Entry& entry) {
    if (entry.name == "head") entry.tensor.shape = {8, 9};
  });
  const Finished misfit = compared(folder, {"one", "short.npz"});
  CHECK(misfit.exit == 1);
  CHECK(last_line(misfit.out) == "they part at head (linear): [8, 10] beside [8, 9]");

  rewrite(folder, "mine.npz", "wrong.npz", [&](WeightsTable::Entry& entry) {
    if (entry.name == "x") entry.tensor.shape = {8, 64};
  });
  const Finished wrong = compared(folder, {"one", "wrong.npz"});
  CHECK(wrong.exit == 3);
  CHECK(wrong.err ==
        "error: wrong.npz: tensor 'x': is [8, 64]; expected the network's input [batch, 8, 8, 1]\n"
        "  help: save what the network is given for a batch\n");
}

TEST_CASE("values that are not finite part, wherever they stand") {
  const Folder folder;
  train(folder, "one");
  REQUIRE(run_dlcli({"predict", "one", "--data", "train", "--activations", "mine.npz"}, folder).exit == 0);
  rewrite(folder, "mine.npz", "nan.npz", [&](WeightsTable::Entry& entry) {
    if (entry.name != "norm") return;
    std::vector<float> values(static_cast<size_t>(entry.tensor.shape.elements()));
    TensorReader(entry.tensor).read_f32(0, values);
    values.back() = std::numeric_limits<float>::quiet_NaN();
    entry.tensor.bytes = StoredBytes::in_memory({reinterpret_cast<const char*>(values.data()), values.size() * 4});
    entry.tensor.offset = 0;
  });
  const Finished done = compared(folder, {"one", "nan.npz", "--tolerance", "1"});
  CHECK(done.exit == 1);
  CHECK(last_line(done.out).starts_with("they part at norm (batch_norm), off by "));
  CHECK(compared(folder, {"one", "mine.npz", "nan.npz"}).err ==
        "error: dlcli compare: expected two runs or files of activations, got 3\n  help: name two\n");
}

}  // namespace dl::testing
