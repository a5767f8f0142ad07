// Networks written as code, and what layers say of themselves for it.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "lib/base/error.h"
#include "lib/interop/c/loop_text.h"
#include "lib/interop/code/arrow.h"
#include "lib/interop/code/call_text.h"
#include "lib/interop/code/dialect.h"
#include "lib/interop/code/flax_module.h"
#include "lib/interop/code/function_text.h"
#include "lib/interop/code/known_twins.h"
#include "lib/interop/code/lone_layer.h"
#include "lib/interop/code/ops.h"
#include "lib/interop/code/python_files.h"
#include "lib/interop/code/pytorch_module.h"
#include "lib/interop/code/text.h"
#include "lib/interop/export_target.h"
#include "tests/error_text.h"
#include "tests/folder.h"
#include "tests/interop/operations.h"
#include "tests/interop/small_network.h"
#include "tests/read_registered.h"

namespace dl::testing {
namespace {

// The functions that a text calls by a bare name.
bool has_all_functions(const code::Dialect& dialect) {
  for (const code::Dialect* other : {&code::torch_dialect(), &code::numpy_dialect(), &code::jax_dialect()})
    for (const auto& [name, definition] : other->functions)
      if (name != "padded" && name != "windows" && !dialect.functions.contains(name)) return false;
  return true;
}

bool is_balanced(const std::string& text) {
  std::string open;
  for (const char c : text) {
    if (c == '(' || c == '[') open += c;
    if (c != ')' && c != ']') continue;
    if (open.empty() || open.back() != (c == ')' ? '(' : '[')) return false;
    open.pop_back();
  }
  return open.empty();
}

}  // namespace

TEST_CASE("every operation that an evaluation has, and every whole but recurrent layers, is known to Python's table") {
  const std::vector<std::string_view> known = code::known_operations();
  for (const std::string& name : operations_of_evaluation())
    CHECK_MESSAGE(std::ranges::count(known, std::string_view(name)) == 1, name);
  for (const std::string_view name : names_of_wholes())
    CHECK_MESSAGE((name == "recurrent_layer" || std::ranges::count(known, name) == 1), name);
}

TEST_CASE("every library of arrays has the functions that code calls") {
  CHECK(has_all_functions(code::torch_dialect()));
  CHECK(has_all_functions(code::numpy_dialect()));
  CHECK(has_all_functions(code::jax_dialect()));
  CHECK(has_all_functions(code::keras_dialect()));
}

TEST_CASE(
    "every layer leaves the number of samples open, and its twins name keys, tensors and permutations that there are") {
  int64_t said = 0;
  for (const std::string& name : Registry<Layer>::instance().names()) {
    const std::unique_ptr<Layer> described = Registry<Layer>::make(name);
    const Schema examples = schema_of(*described);
    for (const std::string& example : examples.examples())
      for (const Type& sample : {Type{DType::f32, {6, 6, 4}}, Type{DType::f32, {6}}, Type{DType::f32, {6, 8}},
                                 Type{DType::f32, {4, 4, 6, 2}}, Type{DType::i32, {6}}})
        for (const size_t inputs : {1u, 2u}) {
          const std::unique_ptr<Layer> layer = read_registered_as<Layer>(example);
          CAPTURE(example);
          try {
            const code::LoneLayer lone(*layer, std::vector<Type>(inputs, sample));
            CHECK(lone.open.is_open());  // whatever the number of samples
            Twins twins(std::vector<Type>(inputs, batched(sample, 1)), batched(lone.output, 1));
            layer->twins(twins);
            const Schema schema = schema_of(*layer);
            for (const Twin& twin : twins.all()) {
              ++said;
              std::vector<std::string> texts = twin.chain;
              texts.insert(texts.end(), {twin.module, twin.call, twin.plain});
              for (const std::string& text : texts) {
                CHECK(is_balanced(text));
                for (size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1)) {
                  const std::string key = text.substr(at + 1, text.find_first_of("|}", at) - at - 1);
                  const bool known = key == "self" || key == "in" || key == "x" || key == "x1" ||
                                     twins.said().contains(key) || schema.field(key) != nullptr;
                  CHECK_MESSAGE(known, key);
                }
              }
              for (const Twin::Place& place : twin.tensors) {
                const auto is_named = [&](const auto& tensor) { return tensor.first == place.ours; };
                CHECK((std::ranges::any_of(lone.parameters, is_named) || std::ranges::any_of(lone.buffers, is_named)));
                std::string from = place.arrow.substr(0, place.arrow.find(" -> ")), to = place.arrow;
                to = place.arrow.empty() ? "" : to.substr(to.find(" -> ") + 4);
                std::ranges::sort(from);
                std::ranges::sort(to);
                CHECK(from == to);
              }
            }
          } catch (const ShapeError&) {  // it takes other inputs
          } catch (const Error&) {       // it reads a file
          }
        }
  }
  CHECK(said > 60);
}

TEST_CASE("arguments of a twin that are as the other framework has them anyway are left out") {
  CHECK(code::fill_call("nn.Conv2d({in}, {out}, stride={stride|1}, bias={bias|True})",
                        {{"in", "3"}, {"out", "8"}, {"stride", "1"}, {"bias", "False"}}) ==
        "nn.Conv2d(3, 8, bias=False)");
  CHECK(code::fill_call("nn.ELU(alpha={alpha|1})", {{"alpha", "1"}}) == "nn.ELU()");
  CHECK(code::fill_call("f(a={a|1}, b={b|2})", {{"a", "1"}, {"b", "3"}}) == "f(b=3)");
}

TEST_CASE("a chain of layers is an nn.Sequential whose keys are dlcli's") {
  const SmallNetwork small(
      "model: [{conv2d: {out_channels: 4, kernel_size: 3, padding: same}}, batch_norm, relu, flatten, {linear: 5}]",
      {DType::f32, {6, 4, 3}});
  const code::PyTorchModule made = code::pytorch_module(small.trained(), true);
  CHECK(made.net == "Net");
  CHECK(made.classes ==
        "\n\nclass Net(nn.Sequential):\n"
        "    def __init__(self):\n"
        "        super().__init__(\n"
        "            nn.Conv2d(3, 4, 3, padding='same'),\n"
        "            nn.BatchNorm2d(4),\n"
        "            nn.ReLU(),\n"
        "            nn.Flatten(),\n"
        "            nn.Linear(96, 5),)\n");
}

TEST_CASE("a block is a class, with a name for what is read again") {
  const SmallNetwork small(R"(
blocks:
  basic:
    layers:
      - linear: 4
        name: inner
      - relu: {}
        name: bent
      - add: {}
        from: [bent, x]
model:
  - basic: {}
    repeat: 3
)",
                           {DType::f32, {4}});
  const code::PyTorchModule made = code::pytorch_module(small.trained(), true);
  CHECK(made.classes.find("class Basic(nn.Module):\n"
                          "    def __init__(self):\n"
                          "        super().__init__()\n"
                          "        self.inner = nn.Linear(4, 4)\n"
                          "\n"
                          "    def forward(self, x):\n"
                          "        inner = self.inner(x)\n"
                          "        inner = torch.relu(inner)\n"
                          "        inner = inner + x\n"
                          "        return inner\n") != std::string::npos);
  CHECK(made.classes.find("nn.Sequential(*[Basic() for _ in range(3)])") != std::string::npos);
}

TEST_CASE("items that are called as modules of PyTorch call something of their own stand in a ModuleDict beside that") {
  const SmallNetwork small(R"(
blocks:
  both:
    layers:
      - linear: 4
        name: forward
      - linear: 4
        name: backward
      - add:
        from: [forward, backward]
  net:
    layers:
      - linear: 4
        name: keys
model: [{both: {}, name: type}, {net: {}, name: values}]
)",
                           {DType::f32, {4}});
  const code::PyTorchModule made = code::pytorch_module(small.trained(), true);
  CHECK(made.net == "Net");
  CHECK(made.classes ==
        "\n\nclass Both(nn.ModuleDict):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self._modules.update({  # also names of what modules have\n"
        "            'forward': nn.Linear(4, 4),\n"
        "            'backward': nn.Linear(4, 4),\n"
        "        })\n"
        "\n"
        "    def forward(self, x):\n"
        "        x = self['forward'](x)\n"
        "        backward = self['backward'](x)\n"
        "        x = x + backward\n"
        "        return x\n"
        "\n\nclass NetBlock(nn.ModuleDict):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self._modules.update({  # also names of what modules have\n"
        "            'keys': nn.Linear(4, 4),\n"
        "        })\n"
        "\n"
        "    def forward(self, x):\n"
        "        x = self['keys'](x)\n"
        "        return x\n"
        "\n\nclass Net(nn.ModuleDict):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self._modules.update({  # also names of what modules have\n"
        "            'type': Both(),\n"
        "            'values': NetBlock(),\n"
        "        })\n"
        "\n"
        "    def forward(self, x):\n"
        "        x = self['type'](x)\n"
        "        x = self['values'](x)\n"
        "        return x\n");
}

TEST_CASE("an item that is named as the flag of training stands beside the flag, and those with _ in a ModuleDict") {
  const SmallNetwork small(
      "model: [{linear: 4, name: training}, {relu: {}, name: bent}, {linear: 4, name: __out}, "
      "{add: {}, from: [bent, __out]}]",
      {DType::f32, {4}});
  CHECK(code::pytorch_module(small.trained(), true).classes ==
        "\n\nclass Net(nn.ModuleDict):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self._modules.update({  # also names of what modules have\n"
        "            'training': nn.Linear(4, 4),\n"
        "            '__out': nn.Linear(4, 4),\n"
        "        })\n"
        "\n"
        "    def train(self, mode=True):  # the flag is beside what has its name\n"
        "        self.__dict__['training'] = mode\n"
        "        for module in self.children():\n"
        "            module.train(mode)\n"
        "        return self\n"
        "\n"
        "    def forward(self, x):\n"
        "        x = self['training'](x)\n"
        "        x = torch.relu(x)\n"
        "        __out = self['__out'](x)\n"
        "        x = x + __out\n"
        "        return x\n");
}

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

TEST_CASE("classes that differ in numbers only are one, which is given the numbers that differ") {
  const SmallNetwork small(R"(
blocks:
  wider:
    params: {features: }
    layers:
      - linear: ${features}
        name: inner
      - layer_norm: {eps: 0.001}
        name: norm
      - mul: {}
        from: [norm, norm]
model:
  - wider: {features: 8}
  - wider: {features: 16}
)",
                           {DType::f32, {4}});
  const std::string classes = code::pytorch_module(small.trained(), true).classes;
  CHECK(classes.find("class Wider(nn.Module):\n"
                     "    def __init__(self, inputs, outputs):\n"
                     "        super().__init__()\n"
                     "        self.inner = nn.Linear(inputs, outputs)\n"
                     "        self.norm = nn.LayerNorm(outputs, eps=0.001)\n") != std::string::npos);
  CHECK(classes.find("Wider(4, 8),\n            Wider(8, 16),") != std::string::npos);
}

TEST_CASE("a layer without a twin is a class of its operations, with parameters of its own names") {
  const SmallNetwork small("model: [layer_scale]", {DType::f32, {4}});
  const std::string classes = code::pytorch_module(small.trained(), true).classes;
  CHECK(classes.find("nn.Parameter(torch.zeros(4))") != std::string::npos);
  CHECK(classes.find("return x * self.") != std::string::npos);
}

TEST_CASE("a layer that is written by itself knows the size of the model's image") {
  const SmallNetwork small("model: [{max_pool2d: 2}, {ssd_head: {anchors: [[3, 3]], classes: 1}}]",
                           {DType::f32, {8, 8, 1}});
  for (const std::string& classes :
       {code::pytorch_module(small.trained(), true).classes, code::flax_module(small.trained(), true).classes}) {
    CAPTURE(classes);
    CHECK(classes.find("+ 0.5) * 2.0") != std::string::npos);  // a place of the head is two pixels of the image
  }
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

TEST_CASE("a part of a tensor is seen with other axes") {
  const Twin::Place place{.ours = "in_proj_weight",
                          .theirs = "key.kernel",
                          .arrow = "hdi -> ihd",
                          .part = 1,
                          .parts = 3,
                          .seen = {2, 1, 3}};
  std::vector<float> values(18);
  std::iota(values.begin(), values.end(), 0.0f);
  const code::Arranged made = code::placed(values, {6, 3}, place);
  CHECK(made.shape == Shape{3, 2, 1});
  CHECK(made.values == std::vector<float>{6, 9, 7, 10, 8, 11});
}

TEST_CASE("blocks stand elsewhere in another order and rows behind each other, and come back") {
  Twin::Place place;
  place.arrow = "oi -> io";
  place.blocks = {1, 0, 2};
  const std::vector<float> ours{0, 1, 2, 3, 4, 5};
  const code::Arranged made = code::placed(ours, {3, 2}, place);
  CHECK(made.shape == Shape{2, 3});
  CHECK(made.values == std::vector<float>{2, 0, 4, 3, 1, 5});
  std::vector<float> back(6, -1.0f);
  code::put_back(made.values, place, {3, 2}, back);
  CHECK(back == ours);

  Twin::Place second;
  second.row = 1;
  second.rows = 2;
  CHECK(code::placed_shape({3}, second) == Shape{2, 3});
  std::vector<float> row(3);
  code::put_back(ours, second, {3}, row);
  CHECK(row == std::vector<float>{3, 4, 5});
}

TEST_CASE(
    "where another framework has one bias for two of a recurrent layer it is their sum, and comes back as the first") {
  const SmallNetwork small("model: [{lstm: 3}]", {DType::f32, {5, 4}});
  const std::vector<code::NamedArray> arrays = code::flax_module(small.trained(), true).tensors.arrays();
  const auto bias = std::ranges::find(arrays, "params.0.cell.hf.bias", &code::NamedArray::name);
  REQUIRE(bias != arrays.end());
  CHECK(bias->values == std::vector<float>{2 * 3.0f / 8, 2 * 4.0f / 8, 2 * 5.0f / 8});
  Twin::Place place;
  place.added = true;
  std::vector<float> second{1, 2, 3};
  code::put_back(bias->values, place, {3}, second);
  CHECK(second == std::vector<float>{0, 0, 0});
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

TEST_CASE("arguments without a keyword have a name where one is wanted") {
  const std::string call =
      "layers.Conv2D(filters:4, kernel_size:(3, 3), name='a')(layers.Permute(dims:(3, 1, 2))({x}))";
  CHECK(code::without_names(call) == "layers.Conv2D(4, (3, 3), name='a')(layers.Permute((3, 1, 2))({x}))");
  const code::CallTree read = code::read_call(code::with_keywords(call));
  REQUIRE(read.kind == code::CallTree::Kind::call);
  REQUIRE(read.items.size() == 2);
  CHECK(read.items[0].items[0].text == "layers.Conv2D");
  CHECK(read.items[0].named[1].first == "kernel_size");
  CHECK(read.items[0].named[1].second.items[1].text == "3");
  CHECK(read.items[1].items[1].text == "{x}");
}

TEST_CASE("layers are known by what they are called elsewhere") {
  CHECK(code::names_elsewhere("conv2d") ==
        std::map<std::string, std::string>{{"flax", "nn.Conv"}, {"keras", "layers.Conv2D"}, {"pytorch", "nn.Conv2d"}});
  CHECK(code::names_elsewhere("add").at("pytorch") == "x + x1");
  CHECK(code::names_elsewhere("layer_scale").empty());
}

TEST_CASE("a network is one function of arrays") {
  const SmallNetwork small("model: [{linear: 2}, relu]", {DType::f32, {3}});
  const std::string text = code::function_text(small.trained(), code::numpy_dialect());
  CHECK(text.find("def network(p, x):\n"
                  "    return relu(x @ p['0.weight'].transpose((1, 0)) + p['0.bias'])\n") != std::string::npos);
  CHECK(text.find("def relu(x):\n    return np.maximum(x, 0.0)\n") != std::string::npos);
}

TEST_CASE("numbers of C are floats, whatever they are") {
  CHECK(c::literal(1) == "1.0f");
  CHECK(c::literal(-0.5) == "(-0.5f)");
  CHECK(c::literal(1e-8) == "1e-08f");
}

TEST_CASE("what depends on a channel only is computed once in C, before the loop over places") {
  const SmallNetwork small("model: [{conv2d: {out_channels: 4, kernel_size: 3}}, batch_norm, relu]",
                           {DType::f32, {6, 6, 2}});
  const Folder folder;
  export_targets().at("c")()->write(small.trained(), {}, folder.path);
  std::string text = folder.text("model.c");
  text.erase(0, text.rfind("int model_run("));
  const size_t rows = text.find("for (long r = 0");
  REQUIRE(rows != std::string::npos);
  CHECK(text.find("sqrtf(") < rows);
  CHECK(text.find("sqrtf(", rows) == std::string::npos);
  CHECK(text.find("EACH(c, 4) {", rows) != std::string::npos);
}

}  // namespace dl::testing
