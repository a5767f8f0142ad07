// Networks written as modules of linen, and recurrent layers as those of Keras.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>

#include "lib/interop/code/flax_module.h"
#include "lib/interop/export_target.h"
#include "tests/error_text.h"
#include "tests/folder.h"
#include "tests/interop/small_network.h"

namespace dl::testing {

TEST_CASE("an item with a dash whose tensors others share is a variable of linen that Python takes") {
  const SmallNetwork small("model: [{linear: 4, name: to-code}, {linear: 4, share: to-code}]", {DType::f32, {4}});
  CHECK(code::flax_module(small.trained(), true)
            .classes.find("        the_0 = nn.Dense(4, name='to-code')\n"
                          "        x = the_0(x)\n"
                          "        x = the_0(x)\n") != std::string::npos);
  const SmallNetwork blocks(
      "{blocks: {two: {layers: [{linear: 4}, relu]}}, model: [{two: {}, name: a}, {two: {}, share: a}]}",
      {DType::f32, {4}});
  CHECK(code::flax_module(blocks.trained(), true).classes ==
        "\n\nclass Two(nn.Module):\n"
        "    @nn.compact\n"
        "    def __call__(self, x):\n"
        "        x = nn.Dense(4, name='0')(x)\n"
        "        x = nn.relu(x)\n"
        "        return x\n"
        "\n\nclass Net(nn.Module):\n"
        "    @nn.compact\n"
        "    def __call__(self, x):\n"
        "        the_a = Two(name='a')\n"
        "        x = the_a(x)\n"
        "        x = the_a(x)\n"
        "        return x\n");
}

TEST_CASE("a block is a module of linen, with fields for the numbers that differ") {
  const SmallNetwork small(R"(
blocks:
  wider:
    params: {features: }
    layers:
      - linear: ${features}
        name: inner
      - dropout: 0.5
        name: kept
      - relu
model:
  - wider: {features: 8}
    name: first
  - wider: {features: 16}
    name: second
  - linear: 2
    name: head
)",
                           {DType::f32, {4}});
  const code::FlaxModule made = code::flax_module(small.trained(), true);
  CHECK(made.net == "Net");
  CHECK(made.classes ==
        "\n\nclass Wider(nn.Module):\n"
        "    features: int\n"
        "\n"
        "    @nn.compact\n"
        "    def __call__(self, x, train: bool = False):\n"
        "        x = nn.Dense(self.features, name='inner')(x)\n"
        "        x = nn.Dropout(0.5, deterministic=not train, name='kept')(x)\n"
        "        x = nn.relu(x)\n"
        "        return x\n"
        "\n\nclass Net(nn.Module):\n"
        "    @nn.compact\n"
        "    def __call__(self, x, train: bool = False):\n"
        "        x = Wider(8, name='first')(x, train)\n"
        "        x = Wider(16, name='second')(x, train)\n"
        "        x = nn.Dense(2, name='head')(x)\n"
        "        return x\n");
  CHECK(made.tensors.arrays().at(0).name == "params.first.inner.kernel");
  CHECK(made.tensors.arrays().at(0).shape == Shape{4, 8});
}

TEST_CASE("an item that Flax would take for a collection is refused") {
  const SmallNetwork small("model: [{linear: 3, name: params}]", {DType::f32, {4}});
  const Folder folder;
  CHECK(error_text([&] { export_targets().at("flax")()->write(small.trained(), {}, folder.path); }) ==
        "error: model[0]: an item is named 'params', as Flax names all that is trained\n  help: name it otherwise");
}

TEST_CASE("copies of a block are a loop of linen's") {
  const SmallNetwork small(
      "{blocks: {twice: {layers: [{linear: 4}, relu]}}, model: [{twice: {}, name: part, repeat: 3}]}",
      {DType::f32, {4}});
  const code::FlaxModule made = code::flax_module(small.trained(), true);
  CHECK(made.classes.find("        for i in range(3):\n"
                          "            x = Twice(name=f'{i}')(x)\n") != std::string::npos);
}

TEST_CASE("a recurrent layer is linen's") {
  const SmallNetwork small(
      "model: [{gru: {hidden_size: 3, bidirectional: true}}, {rnn: {hidden_size: 2, return_sequences: false}}]",
      {DType::f32, {5, 4}});
  CHECK(code::flax_module(small.trained(), true).classes ==
        "\n\nclass Net(nn.Module):\n"
        "    @nn.compact\n"
        "    def __call__(self, x):\n"
        "        x = nn.Bidirectional(nn.RNN(nn.GRUCell(3, parent=None), parent=None), nn.RNN(nn.GRUCell(3, "
        "parent=None), "
        "parent=None), name='0')(x)\n"
        "        x = nn.RNN(nn.SimpleCell(2, parent=None), name='1')(x)[:, -1]\n"
        "        return x\n");
}

TEST_CASE("recurrent layers on top of each other are a chain of Keras's layers, and a Sequential of linen") {
  const SmallNetwork small(
      "model: [{lstm: {hidden_size: 3, num_layers: 2, bidirectional: true, return_sequences: false, dropout: 0.5}, "
      "name: rnn}]",
      {DType::f32, {5, 4}});
  CHECK(code::flax_module(small.trained(), true).classes ==
        "\n\nclass Net(nn.Module):\n"
        "    @nn.compact\n"
        "    def __call__(self, x, train: bool = False):\n"
        "        x = nn.Sequential([nn.Bidirectional(nn.RNN(nn.OptimizedLSTMCell(3, parent=None), parent=None), "
        "nn.RNN(nn.OptimizedLSTMCell(3, parent=None), parent=None), parent=None), "
        "nn.Dropout(0.5, deterministic=not train, parent=None), "
        "nn.Bidirectional(nn.RNN(nn.OptimizedLSTMCell(3, parent=None), parent=None), "
        "nn.RNN(nn.OptimizedLSTMCell(3, parent=None), parent=None), "
        "merge_fn=lambda f, b: jnp.concatenate((f[:, -1], b[:, 0]), -1), parent=None)], name='rnn')(x)\n"
        "        return x\n");
  const Folder folder;
  const std::vector<WrittenTensor> written = export_targets().at("keras")()->write(small.trained(), {}, folder.path);
  CHECK(folder.text("model.py")
            .find("    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True, name='rnn'), name='rnn.0')(x)\n"
                  "    x = layers.Dropout(0.5, name='rnn.1')(x)\n"
                  "    x = layers.Bidirectional(layers.LSTM(3, name='rnn'), name='rnn.2')(x)\n") != std::string::npos);
  CHECK(std::ranges::count(written, "rnn.2/backward_rnn/lstm_cell/recurrent_kernel", &WrittenTensor::name) == 1);
  CHECK(std::filesystem::exists(folder.path / "model.keras"));
}

TEST_CASE("what a network's output is not made of is not written, and shared layers are made where they are called") {
  const SmallNetwork small(R"(
blocks: {two: {layers: [{linear: 4}, relu, {linear: 4}]}}
model:
  - {tanh: {}, name: t}
  - {two: {}, name: judge}
  - {two: {}, name: again, from: t, share: judge}
)",
                           {DType::f32, {4}});
  const Folder folder;
  export_targets().at("keras")()->write(small.trained(), {}, folder.path);
  CHECK(folder.text("model.py")
            .find("    x = layers.Activation('tanh', name='t')(x)\n"
                  "    x = shared.setdefault('judge.0', layers.Dense(4, name='judge.0'))(x)\n"
                  "    x = shared.setdefault('judge.1', layers.ReLU(name='judge.1'))(x)\n"
                  "    x = shared.setdefault('judge.2', layers.Dense(4, name='judge.2'))(x)\n"
                  "    return keras.Model(inputs, x)\n") != std::string::npos);
}

}  // namespace dl::testing
