// ONNX models as layers: what ONNX Runtime gives for them (onnx_layer/make.py), and what is refused.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>

#include "lib/base/text.h"
#include "lib/interop/code/pytorch_module.h"
#include "lib/interop/onnx/write.h"
#include "lib/interop/onnx_layer/onnx_import.h"
#include "lib/spec/yaml.h"
#include "tests/check_layer.h"
#include "tests/folder.h"
#include "tests/interop/small_network.h"
#include "tests/paths.h"

namespace dl::testing {
namespace {

std::string from_hex(const std::string& digits) {
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return bytes;
}

// The lines of nodes.json behind the versions.
std::vector<nlohmann::json> recorded() {
  std::vector<nlohmann::json> cases;
  std::istringstream lines(text_of(source_dir() + "/tests/interop/onnx_layer/nodes.json"));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) cases.push_back(nlohmann::json::parse(line));
  return cases;
}

std::unique_ptr<Layer> onnx_layer(const std::filesystem::path& file, const std::string& more = "") {
  return read_registered_as<Layer>("onnx: {path: " + file.string() + more + "}");
}

std::vector<Type> types_of(const nlohmann::json& inputs) {
  std::vector<Type> types;
  for (const nlohmann::json& x : inputs)
    types.push_back(
        {x.at("whole").get<bool>() ? DType::i32 : DType::f32, Shape(x.at("shape").get<std::vector<int64_t>>())});
  return types;
}

}  // namespace

TEST_CASE("nodes and networks of ONNX give what ONNX Runtime gives, on every device") {
  const Folder folder;
  for (const nlohmann::json& c : recorded()) {
    CAPTURE(c.at("name"));
    folder.write("m.onnx", from_hex(c.at("model")));
    std::filesystem::last_write_time(folder.path / "m.onnx", std::filesystem::file_time_type::clock::now());
    const auto layer = onnx_layer(folder.path / "m.onnx", ", channels_first: false");
    BuiltLayer built(*layer, types_of(c.at("inputs")), false);
    int i = 0;
    for (const nlohmann::json& x : c.at("inputs")) built.feed[concat("x", i++)] = x.at("values").get<Numbers>();
    CHECK(built.y.shape() == Shape(c.at("shape").get<std::vector<int64_t>>()));
    for (const std::string& device : devices())
      check_agree(evaluate(built.graph(), {built.y}, built.feed, device), {c.at("output").get<Numbers>()}, 1e-5);
  }
}

TEST_CASE("tensors of ONNX that are called as modules of PyTorch call something of their own are written beside that") {
  const Folder folder;
  for (const nlohmann::json& c : recorded()) {
    if (c.at("name") != "a convolutional network of PyTorch") continue;
    std::string model = from_hex(c.at("model"));
    for (const auto& [was, is] : {std::pair{"0.weight", "training"}, std::pair{"7.bias", "type.b"}})
      for (size_t at = model.find(was); at != std::string::npos; at = model.find(was, at))
        model.replace(at, std::string(was).size(), is);
    folder.write("net.onnx", model);
    const SmallNetwork small("model: [{onnx: {path: '" + (folder.path / "net.onnx").string() + "'}}]",
                             {DType::f32, {6, 8, 3}});
    const std::string classes = code::pytorch_module(small.trained(), true).classes;
    CAPTURE(classes);
    const auto has = [&](const char* text) { return classes.find(text) != std::string::npos; };
    CHECK(has("        self._parameters['training'] = nn.Parameter(torch.zeros("));
    CHECK(has("        self._modules['type'] = nn.Module()\n"));
    CHECK(has("        dict(self.named_modules())['type'].b = nn.Parameter(torch.zeros("));
    CHECK(has("(x, self._parameters['training'], "));
    CHECK(has("            module.__dict__['training'] = mode\n"));
    CHECK(has("dict(self.named_modules())['type'].b\n"));
  }
}

TEST_CASE("a tensor of ONNX in a part that is named as the flag of training stands beside the part's flag") {
  const Folder folder;
  for (const nlohmann::json& c : recorded()) {
    if (c.at("name") != "a convolutional network of PyTorch") continue;
    for (const auto& [was, is, declared] :
         {std::tuple{"1.running_mean", "part1.training", "        self.part1._buffers['training'] = torch.zeros("},
          {"1.running_var", "a.training.bc", "        self.a._modules['training'] = nn.Module()\n"}}) {
      std::string model = from_hex(c.at("model"));
      for (size_t at = model.find(was); at != std::string::npos; at = model.find(was, at))
        model.replace(at, std::string(was).size(), is);
      folder.write("net.onnx", model);
      const SmallNetwork small("model: [{onnx: {path: '" + (folder.path / "net.onnx").string() + "'}}]",
                               {DType::f32, {6, 8, 3}});
      const std::string classes = code::pytorch_module(small.trained(), true).classes;
      CAPTURE(classes);
      CHECK(classes.find(declared) != std::string::npos);
      CHECK(classes.find("        for module in self.modules():\n"
                         "            module.__dict__['training'] = mode\n") != std::string::npos);
    }
  }
}

TEST_CASE("an ONNX network is trained: gradients reach all its weights, averages follow the batch") {
  const Folder folder;
  for (const nlohmann::json& c : recorded()) {
    const std::string name = c.at("name"), file = (folder.path / (name.substr(2, 4) + ".onnx")).string();
    if (name == "a network whose slopes can be measured") {
      write(file, from_hex(c.at("model")));
      check_layer({.yaml = "onnx: '" + file + "'", .input = {6, 8, 3}});
    }
    if (name != "a convolutional network of PyTorch") continue;
    folder.write("net.onnx", from_hex(c.at("model")));
    const auto layer = onnx_layer(folder.path / "net.onnx");
    const BuiltLayer built(*layer, LayerCase{.input = {6, 8, 3}}, 4, true);
    CHECK(built.sources.contains("0.weight"));
    CHECK(built.sources.contains("7.bias"));
    CHECK(built.assigned.contains("1.running_mean"));
    CHECK(built.y.shape() == Shape{4, 3});
  }
}

TEST_CASE("a network that was exported comes back as a layer that gives the same") {
  const Folder folder;
  const std::vector<std::pair<std::string, Type>> networks = {
      {"model: [{conv2d: {out_channels: 4, kernel_size: 3, padding: same}}, batch_norm, relu, {max_pool2d: 2}, "
       "flatten, {linear: 5}, softmax]",
       {DType::f32, {6, 4, 3}}},
      {"model: [{conv_transpose2d: {out_channels: 3, kernel_size: 3, stride: 2}}, {avg_pool2d: 2}, gelu, "
       "global_avg_pool2d]",
       {DType::f32, {4, 5, 2}}},
      {"model: [{lstm: 3}, {gru: {hidden_size: 4, bidirectional: true}}, layer_norm, {linear: 2}]",
       {DType::f32, {5, 3}}},
      {"model: [{embedding: {num_embeddings: 9, embedding_dim: 4}}, {multi_head_attention: 2}, {linear: 3}]",
       {DType::i32, {5}}}};
  for (const auto& [yaml, type] : networks) {
    CAPTURE(yaml);
    const SmallNetwork small(yaml, type);
    onnx::Model model = onnx::write(small.trained(), true).model;
    folder.write("back.onnx", onnx::bytes_of(model));
    std::filesystem::last_write_time(folder.path / "back.onnx", std::filesystem::file_time_type::clock::now());
    const auto layer = onnx_layer(folder.path / "back.onnx");
    std::vector<int64_t> sizes{2};
    sizes.insert(sizes.end(), type.shape.sizes().begin(), type.shape.sizes().end());
    BuiltLayer built(*layer, {Type{type.dtype, Shape(sizes)}}, false, 9);
    CHECK(built.y.shape().without_batch() == small.network->output().shape);
    for (const auto& [name, values] : built.feed) CHECK(!values.empty());
    CHECK(std::ranges::all_of(evaluate(built.graph(), {built.y}, built.feed)[0],
                              [](float x) { return std::isfinite(x); }));
  }
}

TEST_CASE("an ONNX file says of what a run's network, loss and data are") {
  const Folder folder;
  onnx::Model model{
      .graph = "g",
      .nodes = {{.op = "Softmax", .inputs = {"logits"}, .outputs = {"p"}, .attributes = {{"axis", int64_t{1}}}}},
      .inputs = {{"pixel values", onnx::Element::f32, {-1, 3, 6, 4}}},
      .outputs = {{"p", onnx::Element::f32, {-1, 3, 6, 4}}}};
  const auto imported = [&](const GivenSizes& given = {}) {
    folder.write("m.onnx", onnx::bytes_of(model));
    std::filesystem::last_write_time(folder.path / "m.onnx", std::filesystem::file_time_type::clock::now());
    return onnx::read_import(folder.path / "m.onnx", given).config;
  };
  const auto layer = [&](const Node& config) { return to_yaml(config.find("model")->items.at(0)); };
  const auto sizes = [](const Node& config) {
    std::vector<std::string> texts;
    const Node* fields = config.find("data")->find("fitted")->find("fields");
    for (const Node& n : fields->items.at(0).find("shape")->items) texts.push_back(n.text);
    return join(texts);
  };
  const std::string path = (folder.path / "m.onnx").string();

  model.nodes.insert(model.nodes.begin(), {.op = "Relu", .inputs = {"pixel values"}, .outputs = {"logits"}});
  Node config = imported();
  CHECK(config.find("loss")->text == "cross_entropy");
  CHECK(layer(config).find("output: logits") != std::string::npos);
  CHECK(sizes(config) == "6, 4, 3");

  // Along the width it is no softmax of classes.
  model.nodes[1].attributes["axis"] = int64_t{-1};
  config = imported();
  CHECK(config.find("loss")->text == "mse");
  CHECK(layer(config).find("output") == std::string::npos);

  model.nodes[1].op = "Sigmoid";
  CHECK(imported().find("loss")->text == "bce_with_logits");
  model.nodes[1].op = "Tanh";
  config = imported();
  CHECK(config.find("loss")->text == "cross_entropy");
  CHECK(layer(config).find("output") == std::string::npos);

  model.inputs[0].sizes = {-1, 28, 28, 1};  // as TensorFlow has images
  config = imported();
  CHECK(sizes(config) == "28, 28, 1");
  CHECK(layer(config).find("channels_first: false") != std::string::npos);
  CHECK(config.find("loss")->text == "mse");

  model.inputs[0].sizes = {-1, 3, -1, -1};
  const auto said = [&](const GivenSizes& given = {}) {
    return error_text([&] { imported(given); }, {{path, "FILE"}});
  };
  CHECK(said() ==
        "error: FILE: the model leaves sizes of its input 'pixel values' open: 3x?x?\n"
        "  help: write them without the batch: --shape pixel values=3x224x224");
  CHECK(sizes(imported({{"pixel values", {3, 8, 9}}})) == "8, 9, 3");
  CHECK(said({{"x", {3, 8, 9}}}).find("the model has no input 'x'\n  help: its inputs: pixel values") !=
        std::string::npos);

  model.nodes = {{.op = "Add", .inputs = {"pixel values", "mask"}, .outputs = {"p"}}};
  model.inputs = {{"pixel values", onnx::Element::f32, {-1, 7}}, {"mask", onnx::Element::f32, {-1, 7}}};
  config = imported();
  CHECK(layer(config).find("from: [x, mask]") != std::string::npos);
}

TEST_CASE("how images lie in an ONNX file is guessed and told, or is said") {
  const Folder folder;
  onnx::Model model{.graph = "g",
                    .nodes = {{.op = "Relu", .inputs = {"a"}, .outputs = {"y"}}},
                    .inputs = {{"a", onnx::Element::f32, {-1, 3, 6, 5}}},
                    .outputs = {{"y", onnx::Element::f32, {-1, 3, 6, 5}}}};
  const auto imported = [&](std::optional<bool> channels_first) {
    folder.write("m.onnx", onnx::bytes_of(model));
    std::filesystem::last_write_time(folder.path / "m.onnx", std::filesystem::file_time_type::clock::now());
    return onnx::read_import(folder.path / "m.onnx", {}, channels_first);
  };
  using Lines = std::vector<std::string>;
  CHECK(imported({}).notes ==
        Lines{"input 'a' 3x6x5: channels first by its sizes; x.npy is 6x5x3; where that is wrong, "
              "import it with --layout channels_last"});
  const FamilyNetwork last = imported(false);
  CHECK(last.notes == Lines{"input 'a' 3x6x5: channels last, as --layout says; x.npy is 3x6x5"});
  CHECK(to_yaml(last.config.find("model")->items.at(0)).find("channels_first: false") != std::string::npos);

  model.nodes[0] = {.op = "Concat", .inputs = {"a", "b"}, .outputs = {"y"}, .attributes = {{"axis", int64_t{1}}}};
  model.inputs.push_back({"b", onnx::Element::f32, {-1, 6, 5, 3}});
  const std::string refused = error_text([&] { imported({}); });
  CHECK(refused.find("its input 'a' 3x6x5 looks as if channels came first, 'b' 6x5x3 as if last\n"
                     "  help: write --layout channels_first or --layout channels_last, as the model has them") !=
        std::string::npos);

  model.inputs = {{"a", onnx::Element::f32, {-1, 4}}};
  model.nodes = {{.op = "Relu", .inputs = {"a"}, .outputs = {"y"}}, {.op = "Abs", .inputs = {"a"}, .outputs = {"z"}}};
  model.outputs = {{"y", onnx::Element::f32, {-1, 4}}, {"z", onnx::Element::f32, {-1, 4}}};
  CHECK(imported({}).notes == Lines{"of its outputs y, z the first is the result: --output names another"});
  const FamilyNetwork other = onnx::read_import(folder.path / "m.onnx", {}, {}, "z");
  CHECK(other.notes.empty());
  CHECK(to_yaml(other.config.find("model")->items.at(0)).find("output: z") != std::string::npos);
  CHECK(error_text([&] {
          onnx::read_import(folder.path / "m.onnx", {}, {}, "w");
        }).ends_with("no node of the model makes a tensor 'w'\n  help: its outputs: y, z"));
}

TEST_CASE("sizes that an ONNX file has of its example's batch are those of any batch, or are refused") {
  const Folder folder;
  onnx::Model model{.graph = "g", .outputs = {{"y", onnx::Element::f32, {-1}}}};
  const auto said = [&] {
    folder.write("m.onnx", onnx::bytes_of(model));
    std::filesystem::last_write_time(folder.path / "m.onnx", std::filesystem::file_time_type::clock::now());
    return error_text([&] { onnx::read_import(folder.path / "m.onnx", {}); });
  };
  const auto reshapes = [&](std::vector<int64_t> from, const std::vector<int64_t>& to) {
    model.inputs = {{"x", onnx::Element::f32, std::move(from)}};
    model.nodes = {{.op = "Reshape", .inputs = {"x", "sizes"}, .outputs = {"y"}}};
    model.constants = {{"sizes",
                        onnx::Element::i64,
                        {static_cast<int64_t>(to.size())},
                        {reinterpret_cast<const char*>(to.data()), 8 * to.size()}}};
  };
  reshapes({1, 2, 6}, {1, -1});  // x.view(x.size(0), -1), written with one sample
  CHECK(said() == "");
  reshapes({-1, 2, 6}, {1, -1});  // the samples behind each other
  CHECK(said().find("of 3 samples it gives [1, 36], expected [3, 12]") != std::string::npos);
  // Steps first: the batch belongs to the second axis, which the sizes do not say.
  reshapes({1, 6, 8}, {6, 2, 4});
  model.nodes.insert(model.nodes.begin(), {.op = "Transpose",
                                           .inputs = {"x"},
                                           .outputs = {"steps"},
                                           .attributes = {{"perm", std::vector<int64_t>{1, 0, 2}}}});
  model.nodes[1].inputs[0] = "steps";
  CHECK(said().find("of 3 samples: ONNX node Reshape: [6, 3, 8] has no elements for [6, 2, 4]\n"
                    "  help: export it with an open batch: torch.onnx.export(") != std::string::npos);

  // A token that all samples have, repeated for the one of the example.
  model.inputs = {{"x", onnx::Element::f32, {1, 2, 4}}};
  model.nodes = {{.op = "Concat", .inputs = {"token", "x"}, .outputs = {"y"}, .attributes = {{"axis", int64_t{1}}}}};
  model.constants.clear();
  model.initializers = {{"token", onnx::Element::f32, {1, 1, 4}, std::string(16, '\0')}};
  CHECK(said() == "");
}

TEST_CASE("what is no ONNX, or asks for what is not known, says so") {
  const Folder folder;
  const auto said = [&](const std::string& bytes, const std::string& more = "", const Shape& shape = {2, 3}) {
    folder.write("m.onnx", bytes);
    std::filesystem::last_write_time(folder.path / "m.onnx", std::filesystem::file_time_type::clock::now());
    std::vector<Problem> problems;
    const auto layer = read_registered(
        Registry<Layer>::instance(),
        parse_yaml("onnx: {path: " + (folder.path / "m.onnx").string() + more + "}", "test"), Reading(problems));
    if (!problems.empty()) return problems[0].what;
    return error_text<ShapeError>([&] {
      BuiltLayer(dynamic_cast<const Layer&>(*layer), {Type{DType::f32, shape}}, false);
    });
  };
  onnx::Model model{
      .graph = "g", .inputs = {{"x", onnx::Element::f32, {-1, 3}}}, .outputs = {{"y", onnx::Element::f32, {-1, 3}}}};
  const auto of_node = [&](const std::string& op, std::vector<std::string> inputs = {"x"}) {
    model.nodes = {{.op = op, .inputs = std::move(inputs), .outputs = {"y"}}};
    return onnx::bytes_of(model);
  };
  CHECK(said(of_node("Relu")) == "");
  CHECK(said(of_node("Hardmax")).find("operators that are not known here: Hardmax") != std::string::npos);
  CHECK(said(of_node("Erfc")) == "");  // tf2onnx's
  CHECK(said(of_node("ReduceProd")).find("of values that depend on the data is not known here") != std::string::npos);
  CHECK(said(of_node("QuantizeLinear")).find("take the model as it was before it was quantized") != std::string::npos);
  std::string before = of_node("Relu");
  const size_t of_opset = before.rfind("\x10\x11");  // 17
  REQUIRE(of_opset != std::string::npos);
  before[of_opset + 1] = 6;
  CHECK(said(before).find("is of opset 6; operators of before 7 broadcast in another way and are not read") !=
        std::string::npos);
  CHECK(said(of_node("Relu", {"z"})).find("'z' is made by no node before it") != std::string::npos);
  CHECK(said(of_node("Add", {"x"})).find("input 1 is missing") != std::string::npos);
  for (const auto& [op, attribute, value, what] :
       std::vector<std::tuple<std::string, std::string, onnx::Attribute, std::string>>{
           {"LSTM", "activations", std::vector<std::string>{"Sigmoid", "Tanh", "Relu"}, "has other functions than"},
           {"GRU", "activations", std::vector<std::string>{"HardSigmoid", "Tanh"}, "has other functions than"},
           {"RNN", "activations", std::vector<std::string>{"Softsign"}, "has other functions than"},
           {"RNN", "clip", 3.0f, "has 'clip', which there is no layer for here"},
           {"LSTM", "input_forget", int64_t{1}, "has 'input_forget', which there is no layer for here"}}) {
    CAPTURE(op);
    of_node(op, {"x", "w", "r"});
    model.nodes[0].attributes = {{"hidden_size", int64_t{1}}, {"linear_before_reset", int64_t{1}}, {attribute, value}};
    model.constants = {{"w", onnx::Element::f32, {1, 1, 1}, std::string(4, '\0')},
                       {"r", onnx::Element::f32, {1, 1, 1}, std::string(4, '\0')}};
    CHECK(said(onnx::bytes_of(model)).find(what) != std::string::npos);
  }
  model.constants.clear();
  model.inputs[0].sizes = {-1, 3, 1, 5};
  const auto resized = [&](const std::string& attribute, onnx::Attribute value, float factor) {
    of_node("Resize", {"x", "", "scales"});
    model.nodes[0].attributes = {{"mode", std::string("linear")}, {attribute, std::move(value)}};
    const std::vector<float> scales{1, 1, 1, factor};
    model.constants = {{"scales", onnx::Element::f32, {4}, {reinterpret_cast<const char*>(scales.data()), 16}}};
    return said(onnx::bytes_of(model), "", {2, 1, 5, 3});
  };
  CHECK(resized("antialias", int64_t{0}, 2) == "");
  CHECK(resized("antialias", int64_t{1}, 2).find("has 'antialias', which there is no layer for here") !=
        std::string::npos);
  CHECK(resized("antialias", int64_t{0}, 1.5f).find("makes 7.5 places of 5, which is not known here") !=
        std::string::npos);
  CHECK(resized("coordinate_transformation_mode", std::string("pytorch_half_pixel"), 0.2f)
            .find("makes one place by 'pytorch_half_pixel', the first there, which is not known here") !=
        std::string::npos);
  CHECK(resized("keep_aspect_ratio_policy", std::string("not_larger"), 2).find("keeps the ratio of its sides") !=
        std::string::npos);
  const auto nearest = [&](const std::string& places, const std::string& rounding, float factor) {
    of_node("Resize", {"x", "", "scales"});
    model.nodes[0].attributes = {{"mode", std::string("nearest")}, {"coordinate_transformation_mode", places}};
    if (!rounding.empty()) model.nodes[0].attributes["nearest_mode"] = rounding;
    const std::vector<float> scales{1, 1, 1, factor};
    model.constants = {{"scales", onnx::Element::f32, {4}, {reinterpret_cast<const char*>(scales.data()), 16}}};
    return said(onnx::bytes_of(model), "", {2, 1, 5, 3});
  };
  CHECK(nearest("asymmetric", "floor", 3) == "");
  CHECK(nearest("half_pixel", "", 3) == "");
  CHECK(nearest("asymmetric", "", 2) == "");
  // 0 0.33 0.67 1 …: the third place is nearer to the second of those before.
  CHECK(nearest("asymmetric", "", 3).find("nearest by 'asymmetric' and 'round_prefer_floor' is not known here") !=
        std::string::npos);
  CHECK(nearest("half_pixel", "floor", 2).find("nearest by 'half_pixel' and 'floor'") != std::string::npos);
  CHECK(nearest("align_corners", "", 2).find("nearest by 'align_corners'") != std::string::npos);
  model.constants.clear();
  model.inputs[0].sizes = {-1, 3};
  CHECK(said(of_node("Relu"), ", output: nothing").find("no tensor 'nothing'") != std::string::npos);
  CHECK(said(of_node("Relu"), ", xxh64: '00'").find("expected the file's hash 00") != std::string::npos);
  const std::vector<int64_t> huge{int64_t{1} << 40, int64_t{1} << 40, -1};
  model.constants = {{"sizes", onnx::Element::i64, {3}, {reinterpret_cast<const char*>(huge.data()), 24}}};
  CHECK(said(of_node("Reshape", {"x", "sizes"})).find("larger than 64 bits count") != std::string::npos);
  CHECK(said("nothing of the kind").find("expected an ONNX model") != std::string::npos);
  CHECK(said("").find("expected an ONNX model") != std::string::npos);
  // Any part of a model, and any with changed bytes, is read or refused.
  const std::string good = from_hex(recorded().back().at("model"));
  for (size_t bytes = 0; bytes < good.size(); bytes += 97) said(good.substr(0, bytes));
  for (int i = 0; i < 400; ++i) {
    std::string changed = good;
    for (int n = 0; n < 3; ++n)
      changed[random_bits(4, static_cast<uint64_t>(n), static_cast<uint64_t>(i)) % changed.size()] =
          static_cast<char>(random_bits(5, static_cast<uint64_t>(n), static_cast<uint64_t>(i)));
    folder.write("m.onnx", changed);
    try {
      said(changed);
    } catch (const std::exception&) {
    }
  }
}

}  // namespace dl::testing
