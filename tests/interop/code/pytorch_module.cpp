// Networks written as modules of PyTorch.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/interop/code/flax_module.h"
#include "lib/interop/code/pytorch_module.h"
#include "tests/interop/small_network.h"

namespace dl::testing {

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
        "        for module in self.modules():\n"
        "            module.__dict__['training'] = mode\n"
        "        return self\n"
        "\n"
        "    def forward(self, x):\n"
        "        x = self['training'](x)\n"
        "        x = torch.relu(x)\n"
        "        __out = self['__out'](x)\n"
        "        x = x + __out\n"
        "        return x\n");
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

}  // namespace dl::testing
