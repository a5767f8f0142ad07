// What a model says of its inputs and its end made a config.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/onnx_layer/onnx_import.h"

#include <algorithm>
#include <cctype>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/imported_data.h"
#include "lib/interop/onnx_layer/onnx_file.h"

namespace dl::onnx {
namespace {

namespace fs = std::filesystem;

// As an input is called in a config: the first x, the others by their names where these are words.
std::string input_name(const std::string& name, size_t index) {
  const bool is_word = !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) &&
                       std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  return index == 0 ? "x" : is_word && name != "x" && name != "y" ? name : concat("x", index + 1);
}

std::string sizes_text(const std::vector<int64_t>& sizes) {
  std::vector<std::string> texts;
  for (const int64_t n : sizes) texts.push_back(n > 0 ? std::to_string(n) : "?");
  return join(texts, "x");
}

class Importing {
 public:
  Importing(const fs::path& file, const GivenSizes& given, std::optional<bool> channels_first,
            const std::string& output)
      : file_(file), given_(given), said_(channels_first), model_(read_model(file)), result_(output) {}

  FamilyNetwork network() {
    for (const auto& [name, sizes] : given_)
      if (std::ranges::count(model_.inputs, name, &ReadInput::name) == 0)
        problem(concat("the model has no input '", name, "'"), concat("its inputs: ", join(model_.input_names())));
    if (model_.inputs.empty() || model_.outputs.empty()) problem("the model has no input, or no output", "");
    const bool is_made = std::ranges::any_of(
        model_.nodes, [&](const ReadNode& node) { return std::ranges::count(node.outputs, result_) > 0; });
    if (!result_.empty() && !is_made)
      problem(concat("no node of the model makes a tensor '", result_, "'"),
              concat("its outputs: ", join(model_.outputs)));
    std::vector<ImportedInput> inputs;
    for (const ReadInput& input : model_.inputs) inputs.push_back(sample_of(input, inputs.size()));
    if (problems_.empty()) put_channels_last(inputs);
    if (!problems_.empty()) throw Error(Exit::usage, std::move(problems_));
    if (result_.empty() && model_.outputs.size() > 1)
      notes_.push_back(
          concat("of its outputs ", join(model_.outputs), " the first is the result: --output names another"));
    if (result_.empty()) result_ = model_.outputs[0];
    End end = end_of();
    Node config = Node::map();
    config.set("model", Node::list({layer(inputs, end)}));
    std::map<std::string, Shape> gives = outputs_of(*config.find("model"), inputs);
    const Shape& sample = gives.at("");
    if (end.axis && !is_of_classes(end, sample.rank() + 1)) {
      notes_.push_back(concat("its last softmax is along axis ", *end.axis,
                              ", where the classes are not here: it stays, and the loss is to be chosen"));
      end = {result_, "mse", {}};
      config.set("model", Node::list({layer(inputs, end)}));
    }
    const std::string loss = !end.loss.empty()                        ? end.loss
                             : sample.rank() > 0 && sample.last() > 1 ? "cross_entropy"
                                                                      : "mse";
    config.set("loss", Node::string(loss));
    if (loss == "cross_entropy") config.set("metrics", Node::list({Node::string("accuracy")}));
    Node adamw = Node::map(), optimizer = Node::map(), trainer = Node::map();
    adamw.set("lr", Node::number(1e-4));
    optimizer.set("adamw", std::move(adamw));
    config.set("optimizer", std::move(optimizer));
    trainer.set("max_epochs", Node::integer(1));
    config.set("trainer", std::move(trainer));
    config.set("data", imported_data(inputs, {{"", *config.find("loss")}}, gives));
    return {.architecture = "ONNX model", .config = std::move(config), .notes = std::move(notes_)};
  }

 private:
  // What the run takes as the model's result, and the loss that the operation behind it is part of.
  struct End {
    std::string tensor, loss;
    std::optional<int64_t> axis;  // of a softmax
  };
  // Whether a softmax is along the axis that is the last here.
  bool is_of_classes(const End& end, int rank) const {
    const int64_t axis = *end.axis < 0 ? *end.axis + rank : *end.axis;
    const bool spans_the_rest = model_.opset < 13 && axis != rank - 1;  // as one axis
    return rank > 1 && !spans_the_rest && axis == (rank > 3 && !channels_last_ ? 1 : rank - 1);
  }
  End end_of() const {
    std::string last = result_;
    for (auto each = model_.nodes.rbegin(); each != model_.nodes.rend(); ++each) {
      const ReadNode& node = *each;
      if (node.outputs.empty() || node.outputs[0] != last || node.inputs.empty()) continue;
      if (node.op == "Identity") last = node.inputs[0];
      if (node.op == "Softmax" || node.op == "LogSoftmax") return {node.inputs[0], "cross_entropy", axis_of(node)};
      if (node.op == "Sigmoid") return {node.inputs[0], "bce_with_logits", {}};
    }
    return {result_, "", {}};
  }

  int64_t axis_of(const ReadNode& node) const {
    const auto found = node.attributes.find("axis");
    const int64_t* said = found == node.attributes.end() ? nullptr : std::get_if<int64_t>(&found->second);
    return said ? *said : model_.opset < 13 ? 1 : -1;
  }

  // Without its batch.
  ImportedInput sample_of(const ReadInput& input, size_t index) {
    std::vector<int64_t> sizes = input.sizes;
    if (const auto found = given_.find(input.name); found != given_.end()) {
      sizes = found->second;
    } else if (!input.has_sizes || sizes.empty()) {
      problem(concat("the model does not say how many axes its input '", input.name, "' has"),
              concat("write its sizes without the batch: --shape ", input.name, "=3x224x224"));
    } else {
      sizes.erase(sizes.begin());
      if (std::ranges::count(sizes, -1) > 0)
        problem(concat("the model leaves sizes of its input '", input.name, "' open: ", sizes_text(sizes)),
                concat("write them without the batch: --shape ", input.name, "=", example_of(sizes)));
    }
    return {.name = input_name(input.name, index), .sizes = std::move(sizes), .whole = input.whole};
  }

  // Images and volumes as they lie here. Where their channels stand in the file is guessed of sizes that channels have,
  // where it is not said.
  void put_channels_last(std::vector<ImportedInput>& inputs) {
    const auto few = [](int64_t n) { return n == 1 || n == 3 || n == 4; };
    std::string first, last;  // inputs whose sizes say it
    for (size_t i = 0; i < inputs.size(); ++i) {
      const std::vector<int64_t>& sizes = inputs[i].sizes;
      if (sizes.size() < 3 || few(sizes.front()) == few(sizes.back())) continue;
      (few(sizes.front()) ? first : last) = concat("'", model_.inputs[i].name, "' ", sizes_text(sizes));
    }
    if (!said_ && !first.empty() && !last.empty())
      problem(concat("its input ", first, " looks as if channels came first, ", last, " as if last"),
              "write --layout channels_first or --layout channels_last, as the model has them");
    channels_last_ = said_ ? !*said_ : !last.empty();
    for (size_t i = 0; i < inputs.size(); ++i) {
      std::vector<int64_t>& sizes = inputs[i].sizes;
      if (sizes.size() < 3) continue;
      const std::string there = sizes_text(sizes);
      if (!channels_last_) std::ranges::rotate(sizes, sizes.begin() + 1);
      notes_.push_back(concat("input '", model_.inputs[i].name, "' ", there, ": channels ",
                              channels_last_ ? "last" : "first", said_ ? ", as --layout says" : " by its sizes", "; ",
                              inputs[i].name, ".npy is ", sizes_text(sizes),
                              said_ ? ""
                                    : concat("; where that is wrong, import it with --layout ",
                                             channels_last_ ? "channels_first" : "channels_last")));
    }
  }

  static std::string example_of(std::vector<int64_t> sizes) {
    std::ranges::replace(sizes, -1, sizes.size() > 2 ? 224 : 128);
    return sizes_text(sizes);
  }

  Node layer(const std::vector<ImportedInput>& inputs, const End& end) const {
    Node keys = Node::map(), item = Node::map();
    keys.set("path", Node::string(fs::absolute(file_).string()));
    if (end.tensor != model_.outputs[0]) keys.set("output", Node::string(end.tensor));
    if (channels_last_) keys.set("channels_first", Node::boolean(false));
    item.set("onnx", std::move(keys));
    Node from = Node::list();
    for (const ImportedInput& input : inputs) from.items.push_back(Node::string(input.name));
    if (inputs.size() > 1) item.set("from", std::move(from));
    return item;
  }

  void problem(std::string what, std::string help) {
    problems_.push_back({.where = {.file = file_.string()}, .what = std::move(what), .help = std::move(help)});
  }

  const fs::path file_;
  const GivenSizes& given_;
  const std::optional<bool> said_;
  const ReadModel model_;
  std::string result_;          // the tensor
  bool channels_last_ = false;  // as TensorFlow's are
  std::vector<std::string> notes_;
  std::vector<Problem> problems_;
};

}  // namespace

FamilyNetwork read_import(const fs::path& file, const GivenSizes& given, std::optional<bool> channels_first,
                          const std::string& output) {
  return Importing(file, given, channels_first, output).network();
}

}  // namespace dl::onnx
