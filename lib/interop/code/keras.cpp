// Export to Keras 3: model.py, a functional model with a layer for each of ours, and model.npz. A layer without a twin
// is a class of its operations, as keras.ops has them.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/graph/ops/leaf.h"
#include "lib/interop/code/assignments.h"
#include "lib/interop/code/foreign_tensors.h"
#include "lib/interop/code/keras_file.h"
#include "lib/interop/code/ops.h"
#include "lib/interop/code/python_files.h"
#include "lib/interop/code/text.h"
#include "lib/interop/code/twin_text.h"
#include "lib/interop/export_target.h"

namespace dl::code {
namespace {

// What a call calls; without a constructor it is an expression.
struct KerasObject {
  std::string name, constructor;  // of the layer: its item's, or that of one of several
  bool is_shared = false;         // with another item
};

// The calls of a model, one after another, whatever blocks they stand in.
class KerasModel {
 public:
  KerasModel(const TrainedNetwork& trained, bool twins) : trained_(trained), twins_(twins), tensors_(trained) {
    std::vector<size_t> inputs;
    for (const std::string& name : arguments_for(trained.network)) {
      inputs.push_back(values_.size());
      values_.push_back({trained.network.inputs()[inputs.size() - 1].type, name});
    }
    inputs_ = inputs.size();
    result_ = list(trained.items, inputs, true);
  }

  std::string build() const {
    std::vector<std::string> names;
    std::string text = "def build():\n", given;
    for (size_t i = 0; i < inputs_; ++i) {
      const Network::Input& input = trained_.network.inputs()[i];
      names.push_back(values_[i].name);
      const char* type = input.type.dtype == DType::i32  ? ", dtype='int32'"
                         : input.type.dtype == DType::u8 ? ", dtype='uint8'"
                                                         : "";
      std::vector<std::string> sizes;
      for (const int64_t n : input.type.shape.sizes()) sizes.push_back(std::to_string(n));
      text += "    " + names[i] + " = keras.Input(" + tuple(sizes) + type +
              ", name=" + quoted(input_layer_name(input.name)) + ")\n";
      given += (given.empty() ? "" : ", ") + names[i];
    }
    const std::string inputs = inputs_ == 1 ? given : "[" + given + "]";
    text += "    inputs = " + inputs + "\n";
    const Assignments made = assignments(names, with_objects(), result_);
    for (const std::string& line : made.lines) text += "    " + line + "\n";
    return text + "    return keras.Model(inputs, " + made.result + ")\n";
  }

  const std::string& classes() const { return classes_; }
  const ForeignTensors& tensors() const { return tensors_; }
  // The types of layers that Keras has none of, each once.
  const std::vector<std::string>& without_twin() const { return without_twin_; }
  // Where there are none of these.
  void write_file(const std::filesystem::path& file) const {
    write_keras_file(file, trained_.network.inputs(), keras_calls_, result_, tensors_.arrays());
  }

 private:
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
    const TwinnedLayer made(item, types, trained_.network.inputs().at(0).type.shape, twins_);
    if (const Twin* twin = made.twins.find("keras")) return as_twin(item, made, *twin, inputs);
    if (std::ranges::count(without_twin_, made.layer->name) == 0) without_twin_.push_back(made.layer->name);
    return as_operations(item, made, inputs);
  }

  // The value that a call of {self} gives, an object of this constructor.
  size_t called(const std::string& text, KerasObject self, const std::vector<size_t>& inputs, const Type& type) {
    calls_.push_back({text, inputs, {}});
    objects_.push_back(std::move(self));
    values_.push_back({type, {}});
    return values_.size() - 1;
  }

  // The calls with their objects: the constructor where the first call of a layer's name stands that is written. An
  // item that shares another's tensors calls its layer again.
  std::vector<CallText> with_objects() const {
    const std::vector<char> is_read = values_read(inputs_, calls_, result_);
    std::vector<CallText> calls = calls_;
    std::set<std::string> known;
    for (size_t i = 0; i < calls.size(); ++i) {
      const auto& [name, constructor, shared] = objects_[i];
      if (constructor.empty() || is_read[inputs_ + i] == 0) continue;
      const bool is_first = known.insert(name).second, empty = constructor.ends_with("()");
      const std::string named =
          constructor.substr(0, constructor.size() - 1) + (empty ? "" : ", ") + "name='" + name + "')";
      const std::string self = !is_first ? "shared['" + name + "']"
                               : shared  ? "shared.setdefault('" + name + "', " + named + ")"
                                         : named;
      calls[i].text = fill(calls[i].text, {{"self", self}});
    }
    return calls;
  }
  bool shares(const ModelItem& item) const { return is_shared(trained_.items, tensors_path(item)); }
  static bool is_shared(const std::vector<ModelItem>& items, const std::string& path) {
    return std::ranges::any_of(items, [&](const ModelItem& item) {
      return (item.is_layer() && item.path != path && item.tensors == path) || is_shared(item.children, path);
    });
  }

  // One call, or as many as the twin's chain is long, whose values between nothing else reads.
  size_t as_twin(const ModelItem& item, const TwinnedLayer& made, const Twin& twin, std::vector<size_t> inputs) {
    const std::map<std::string, std::string> values = made.values();
    const std::string call = fill_call(twin.call, values), &path = tensors_path(item);
    for (const Twin::Place& place : twin.tensors) keep(item, place, twin.chain.empty() ? '/' : '.');
    const auto add = [&](const std::string& name, const std::string& constructor, std::optional<Shape> output) {
      const std::string module = fill_call(constructor, values);
      keras_calls_.push_back({name, with_keywords(module), with_keywords(call), inputs, std::move(output)});
      inputs = {called(without_names(call), {name, without_names(module), shares(item)}, inputs, made.lone.output)};
    };
    for (size_t i = 0; i + 1 < twin.chain.size(); ++i) add(concat(path, ".", i), twin.chain[i], std::nullopt);
    if (twin.chain.empty())
      add(path, twin.module, made.lone.output.shape);
    else
      add(concat(path, ".", twin.chain.size() - 1), twin.chain.back(), made.lone.output.shape);
    return inputs[0];
  }

  size_t as_operations(const ModelItem& item, const TwinnedLayer& made, const std::vector<size_t>& given) {
    const auto shape_text = [](const Shape& shape) {
      std::vector<std::string> sizes;
      for (const int64_t n : shape.sizes()) sizes.push_back(std::to_string(n));
      return tuple(sizes);
    };
    std::string text = "    def __init__(self, **kwargs):\n        super().__init__(**kwargs)\n        self.p = {\n";
    const auto add = [&](const std::string& name, const Shape& shape, const char* more) {
      text += concat("            '", name, "': self.add_weight(shape=", shape_text(shape), ", initializer='zeros'",
                     more, ", name='", name, "'),\n");
      keep(item, {.ours = name, .theirs = name, .arrow = {}, .seen = {}}, '/');
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
    return called("{self}(" + inputs + ")",
                  {tensors_path(item), define(pascal_case(made.layer->name), text) + "()", shares(item)}, given,
                  made.lone.output);
  }

  std::string define(const std::string& wanted, const std::string& body) {
    std::string& name = names_[wanted + body];
    if (!name.empty()) return name;
    name = wanted;
    for (int number = 2; !taken_.insert(name).second; ++number) name = concat(wanted, number);
    classes_ += "\n\nclass " + name + "(layers.Layer):\n" + body;
    return name;
  }

  // A tensor of the item, under the path of Keras's variable: behind the layer's name, or the rest of that.
  void keep(const ModelItem& item, const Twin::Place& place, char behind) {
    tensors_.keep(item, place, concat(tensors_path(item), behind, place.theirs));
  }

  const TrainedNetwork& trained_;
  const bool twins_;
  std::vector<Made> values_;
  std::vector<CallText> calls_;
  std::vector<KerasObject> objects_;  // of each call
  std::vector<KerasCall> keras_calls_;
  std::vector<std::string> without_twin_;
  size_t inputs_ = 0, result_ = 0;
  std::set<std::string> taken_;
  std::string classes_;
  std::map<std::string, std::string> names_;
  ForeignTensors tensors_;
};

class Keras final : public ExportTarget {
 public:
  std::string summary() const override { return "a functional model of Keras 3, and its weights"; }
  bool channels_first(const ExportOptions&) const override { return false; }

  std::vector<WrittenTensor> write(const TrainedNetwork& trained, const ExportOptions& options,
                                   const std::filesystem::path& folder) const override {
    const KerasModel model(trained, options.twins);
    write_arrays(folder / "model.npz", model.tensors().arrays());
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
            variable.assign(weights[variable.path])
    return model


def predict(inputs):
    """What the network gives for NumPy arrays, by the names of the inputs."""
    given = [inputs[name] for name in INPUTS]
    return np.asarray(load()(given[0] if len(given) == 1 else given, training=False))
)";
    write_file_atomic(folder / "model.py", text + check_at_end());
    if (model.without_twin().empty()) model.write_file(folder / "model.keras");
    return model.tensors().written();
  }

  std::string left_out(const TrainedNetwork& trained, const ExportOptions& options) const override {
    const KerasModel model(trained, options.twins);
    if (model.without_twin().empty()) return {};
    return concat("no model.keras, as Keras has no layer for ", join(model.without_twin()),
                  "; load().save(\"model.keras\") of model.py makes one that needs model.py");
  }
};

DL_EXPORT_TARGET(Keras, "keras");

}  // namespace
}  // namespace dl::code
