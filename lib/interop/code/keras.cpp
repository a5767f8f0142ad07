// Export to Keras 3: model.py, a functional model with a layer for each of ours, and model.npz. A layer without a twin
// is a class of its operations, as keras.ops has them.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/graph/ops/leaf.h"
#include "lib/interop/code/arrow.h"
#include "lib/interop/code/ops.h"
#include "lib/interop/code/python_files.h"
#include "lib/interop/code/text.h"
#include "lib/interop/code/twin_text.h"
#include "lib/interop/export_target.h"

namespace dl::code {
namespace {

// The calls of a model, one after another, whatever blocks they stand in.
class KerasModel {
 public:
  KerasModel(const TrainedNetwork& trained, bool twins) : trained_(trained), twins_(twins) {
    std::vector<size_t> inputs;
    for (const Network::Input& input : trained.network.inputs()) {
      inputs.push_back(values_.size());
      values_.push_back({input.type, is_identifier(input.name) ? input.name : input_name(inputs.size() - 1)});
    }
    inputs_ = inputs.size();
    result_ = list(trained.items, inputs, true);
  }

  std::string build() const {
    std::vector<size_t> last(values_.size(), 0);
    for (size_t i = 0; i < calls_.size(); ++i)
      for (const size_t v : calls_[i].inputs) last[v] = i + 1;
    last[result_] = calls_.size() + 1;
    std::vector<std::string> names(values_.size());
    std::string text = "def build():\n", given;
    for (size_t i = 0; i < inputs_; ++i) {
      const Network::Input& input = trained_.network.inputs()[i];
      names[i] = values_[i].name;
      const char* type = input.type.dtype == DType::i32  ? ", dtype='int32'"
                         : input.type.dtype == DType::u8 ? ", dtype='uint8'"
                                                         : "";
      std::vector<std::string> sizes;
      for (const int64_t n : input.type.shape.sizes()) sizes.push_back(std::to_string(n));
      text += "    " + names[i] + " = keras.Input(" + tuple(sizes) + type + ", name='" + input.name + "')\n";
      given += (given.empty() ? "" : ", ") + names[i];
    }
    const std::string inputs = inputs_ == 1 ? given : "[" + given + "]";
    text += "    inputs = " + inputs + "\n";
    for (size_t i = 0; i < calls_.size(); ++i) {
      const Call& call = calls_[i];
      const auto is_live = [&](const std::string& name) {
        for (size_t v = 0; v < names.size(); ++v)
          if (names[v] == name && last[v] > i + 1) return true;
        return false;
      };
      std::string name = names[call.inputs[0]];
      for (int number = 1; is_live(name); ++number) name = number == 1 ? "y" : concat("y", number);
      std::map<std::string, std::string> fillings;
      for (size_t k = 0; k < call.inputs.size(); ++k) fillings[input_name(k)] = names[call.inputs[k]];
      const std::string value = fill(call.text, fillings);
      names[call.output] = name;
      if (value != name) text += "    " + name + " = " + value + "\n";
    }
    return text + "    return keras.Model(inputs, " + names[result_] + ")\n";
  }

  const std::string& classes() const { return classes_; }
  const std::vector<NamedArray>& arrays() const { return arrays_; }
  const std::vector<WrittenTensor>& written() const { return written_; }

 private:
  struct Call {
    std::string text;  // of {x}, {x1}, …
    std::vector<size_t> inputs;
    size_t output;
  };
  struct Made {
    Type type;
    std::string name;
  };

  size_t list(const std::vector<ModelItem>& items, const std::vector<size_t>& given, bool top) {
    std::vector<size_t> made;
    size_t result = given[0];
    for (const ModelItem& item : items) {
      std::vector<size_t> inputs;
      for (const int from : item.from)
        inputs.push_back(from < 0 ? given.at(ModelItem::input_number(from)) : made.at(static_cast<size_t>(from)));
      made.push_back(item.is_layer() ? layer(item, inputs) : list(item.children, inputs, false));
    }
    if (!made.empty()) result = made.back();
    for (size_t i = 0; top && trained_.output && i < items.size(); ++i)
      if (items[i].path == *trained_.output) result = made[i];
    return result;
  }

  size_t layer(const ModelItem& item, const std::vector<size_t>& inputs) {
    std::vector<Type> types;
    for (const size_t v : inputs) types.push_back(values_[v].type);
    const TwinnedLayer made(item, types, twins_);
    const Twin* twin = made.twins.find("keras");
    const std::string text = twin ? as_twin(item, made, *twin) : as_operations(item, made);
    calls_.push_back({text, inputs, values_.size()});
    values_.push_back({made.lone.output, {}});
    return calls_.back().output;
  }

  // The constructor with the layer's name, once: an item that shares another's tensors calls its layer again.
  std::string object(const ModelItem& item, const std::string& constructor) {
    const std::string path = item.tensors.empty() ? item.path : item.tensors;
    const bool is_first = known_.insert(path).second;
    if (!is_first) return "shared['" + path + "']";
    const bool empty = constructor.ends_with("()");
    const std::string named =
        constructor.substr(0, constructor.size() - 1) + (empty ? "" : ", ") + "name='" + path + "')";
    return is_shared(trained_.items, path) ? "shared.setdefault('" + path + "', " + named + ")" : named;
  }
  static bool is_shared(const std::vector<ModelItem>& items, const std::string& path) {
    return std::ranges::any_of(items, [&](const ModelItem& item) {
      return (item.is_layer() && item.path != path && item.tensors == path) || is_shared(item.children, path);
    });
  }

  std::string as_twin(const ModelItem& item, const TwinnedLayer& made, const Twin& twin) {
    const std::map<std::string, std::string> values = made.values();
    if (twin.module.empty()) return fill_call(twin.call, values);
    const std::string self = object(item, fill_call(twin.module, values));
    for (const Twin::Place& place : twin.tensors) keep(item, place.ours, place.theirs, place.arrow);
    return fill(fill_call(twin.call, values), {{"self", self}});
  }

  std::string as_operations(const ModelItem& item, const TwinnedLayer& made) {
    const auto shape_text = [](const Shape& shape) {
      std::vector<std::string> sizes;
      for (const int64_t n : shape.sizes()) sizes.push_back(std::to_string(n));
      return tuple(sizes);
    };
    std::string text = "    def __init__(self, **kwargs):\n        super().__init__(**kwargs)\n        self.p = {\n";
    const auto add = [&](const std::string& name, const Shape& shape, const char* more) {
      text += concat("            '", name, "': self.add_weight(shape=", shape_text(shape), ", initializer='zeros'",
                     more, ", name='", name, "'),\n");
      keep(item, name, name, {});
    };
    for (const auto& [name, shape] : made.lone.parameters) add(name, shape, "");
    for (const auto& [name, shape] : made.lone.buffers) add(name, shape, ", trainable=False");
    text += "        }\n";
    std::vector<std::string> arguments{"self"};
    for (size_t i = 0; i < made.twins.inputs.size(); ++i) arguments.push_back(input_name(i));
    const Shape& output = made.lone.output.shape;
    std::vector<std::string> sizes{"x_shape[0]"};
    for (const int64_t n : output.sizes()) sizes.push_back(std::to_string(n));
    text += "\n    def compute_output_shape(self, x_shape, *others, **named):\n        return " + tuple(sizes) + "\n";
    text += "\n    def call(" + join(arguments) + "):\n";
    const OpsText ops = write_ops(made.lone.open, keras_dialect(), [](const Value& v) {
      const GraphNode& node = v.graph->node(v.node);
      const auto* variable = dynamic_cast<const VariableOp*>(node.op.get());
      return variable ? "self.p['" + variable->variable.name + "']" : node.op->attributes();
    });
    for (const std::string& line : ops.lines) text += "        " + line + "\n";
    text += "        return " + ops.result + "\n";
    std::string inputs;
    for (size_t i = 0; i < made.twins.inputs.size(); ++i) inputs += concat(i == 0 ? "" : ", ", "{", input_name(i), "}");
    return object(item, define(pascal_case(made.layer->name), text) + "()") + "(" + inputs + ")";
  }

  std::string define(const std::string& wanted, const std::string& body) {
    std::string& name = names_[wanted + body];
    if (!name.empty()) return name;
    name = wanted;
    for (int number = 2; !taken_.insert(name).second; ++number) name = concat(wanted, number);
    classes_ += "\n\nclass " + name + "(layers.Layer):\n" + body;
    return name;
  }

  // A tensor of the item, under the name of its layer and of Keras's variable.
  void keep(const ModelItem& item, const std::string& ours, const std::string& theirs, const std::string& arrow) {
    const std::string layer = item.tensors.empty() ? item.path : item.tensors, name = layer + "/" + theirs;
    std::string path = layer + "." + ours;
    for (const ModelItem::Tie& tie : item.ties)
      if (tie.parameter == ours) path = tie.path;
    const bool there = std::ranges::any_of(arrays_, [&](const NamedArray& array) { return array.name == name; });
    const auto& tensors = trained_.network.tensors();
    const auto found = std::ranges::find(tensors, path, &Tensor::path);
    DL_CHECK(found != tensors.end(), "no tensor ", path);
    if (there) return;
    Arranged made = arranged(trained_.weights(*found), found->shape, arrow);
    arrays_.push_back({name, made.shape, std::move(made.values)});
    written_.push_back({path, name, made.shape, arrow.empty() ? "as it is" : arrow});
  }

  const TrainedNetwork& trained_;
  const bool twins_;
  std::vector<Made> values_;
  std::vector<Call> calls_;
  size_t inputs_ = 0, result_ = 0;
  std::set<std::string> known_, taken_;
  std::string classes_;
  std::map<std::string, std::string> names_;
  std::vector<NamedArray> arrays_;
  std::vector<WrittenTensor> written_;
};

class Keras final : public ExportTarget {
 public:
  std::string summary() const override { return "a functional model of Keras 3, and its weights"; }
  bool channels_first(const ExportOptions&) const override { return false; }

  std::vector<WrittenTensor> write(const TrainedNetwork& trained, const ExportOptions& options,
                                   const std::filesystem::path& folder) const override {
    const KerasModel model(trained, options.twins);
    write_arrays(folder / "model.npz", model.arrays());
    const std::string body = model.classes() + "\n\n" + model.build(),
                      functions = functions_called(keras_dialect(), body);
    std::string text = head(trained, "as a Keras model", false);
    if ((functions + body).find("math.") != std::string::npos) text += "import math\n";
    text += "from pathlib import Path\n\nimport keras\nimport numpy as np\nfrom keras import layers, ops\n";
    text += "\nHERE = Path(__file__).parent\nINPUTS = " + input_names(trained.network) + "\n";
    text += (body.find("shared") == std::string::npos ? "" : "shared = {}\n") +
            (functions.empty() ? "" : "\n" + functions) + body;
    text += R"(

def load(path=HERE / "model.npz"):
    """The trained network; model.save("model.keras") keeps it as Keras does."""
    model = build()
    weights = np.load(path)
    for layer in model.layers:
        for variable in layer.weights:
            variable.assign(weights[f"{layer.name}/{variable.name}"])
    return model


def predict(inputs):
    """What the network gives for NumPy arrays, by the names of the inputs."""
    given = [inputs[name] for name in INPUTS]
    return np.asarray(load()(given[0] if len(given) == 1 else given, training=False))
)";
    write_file_atomic(folder / "model.py", text + check_at_end());
    return model.written();
  }
};

DL_EXPORT_TARGET(Keras, "keras");

}  // namespace
}  // namespace dl::code
