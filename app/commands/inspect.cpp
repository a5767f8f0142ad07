// dlcli inspect: what a file of weights holds, of whatever program it is.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/options.h"
#include "app/trained.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"
#include "lib/interop/safetensors.h"
#include "lib/interop/weights/chosen_weights.h"
#include "lib/interop/weights/stored_optimizers.h"
#include "lib/interop/weights/weights_format.h"

namespace dl {
namespace {

// Names that dots divide, as a tree; what has one part only stands on its line: "conv1.weight".
struct NameTree {
  std::string label;
  const StoredTensor* tensor = nullptr;
  std::vector<NameTree> parts;  // in the file's order

  void add(std::string_view name, const StoredTensor& stored) {
    const size_t dot = name.find('.');
    if (parts.empty() || parts.back().label != name.substr(0, dot)) parts.push_back({std::string(name.substr(0, dot))});
    if (dot == std::string_view::npos)
      parts.back().tensor = &stored;
    else
      parts.back().add(name.substr(dot + 1), stored);
  }
  void add_rows(std::vector<std::vector<std::string>>& rows, size_t depth) const {
    for (const NameTree& part : parts) {
      const NameTree* at = &part;
      std::string text = part.label;
      while (!at->tensor && at->parts.size() == 1) {
        at = &at->parts.front();
        text += "." + at->label;
      }
      std::vector<std::string> row{std::string(2 * depth, ' ') + printable(text), "", "", ""};
      if (const StoredTensor* t = at->tensor) {
        row[1] = name_of(t->type);
        row[2] = t->shape.text();
        row[3] = bytes_text(static_cast<double>(t->byte_count()));
      }
      rows.push_back(std::move(row));
      at->add_rows(rows, depth + 1);
    }
  }
};

class Inspect final : public Command {
 public:
  std::string summary() const override {
    return "what a file of weights holds: names, types and shapes, of any program's format";
  }
  std::vector<std::string> other_names() const override { return {"tensors", "weights"}; }

  void declare(CLI::App& app) override {
    app.add_option("FILE", file_,
                   "a file of weights, or a folder with model.safetensors or pytorch_model.bin; or a run, or a "
                   "checkpoint's folder")
        ->required();
    declare_runs(app, runs_);
    declare_json(app, json_);
    examples(app, {{"dlcli inspect resnet18.pth", "what 'init_from: resnet18.pth' would find"},
                   {"dlcli inspect my-1", "a run's last checkpoint, and what its optimizer keeps"},
                   {"dlcli inspect last.ckpt --json", "for scripts"}});
  }

  Exit run() override {
    const std::optional<Checkpoint> checkpoint = named_checkpoint(file_, runs_);
    const WeightsTable table = read_weights_table(checkpoint ? checkpoint->weights() : std::filesystem::path(file_));
    const std::vector<StoredOptimizer> optimizers = checkpoint ? optimizers_of(*checkpoint) : stored_optimizers(table);
    print(json_ ? json_line(as_json(table, optimizers)) : as_text(table, optimizers, standard_output().columns()));
    return Exit::done;
  }

 private:
  static std::vector<StoredOptimizer> optimizers_of(const Checkpoint& checkpoint) {
    if (SafetensorsFile(checkpoint.optimizer()).tensors().empty()) return {};
    std::vector<StoredOptimizer> found = stored_optimizers(read_weights_table(checkpoint.optimizer()), true);
    for (StoredOptimizer& optimizer : found) {
      optimizer.key = checkpoint.optimizer().filename().string();
      optimizer.step = static_cast<double>(checkpoint.state.step);
    }
    return found;
  }

  static std::string as_text(const WeightsTable& weights, const std::vector<StoredOptimizer>& optimizers,
                             size_t columns) {
    NameTree tree;
    double bytes = 0, elements = 0;
    for (const auto& [name, tensor] : weights.tensors()) {
      tree.add(name, tensor);
      bytes += static_cast<double>(tensor.byte_count());
      elements += static_cast<double>(tensor.shape.elements());
    }
    std::vector<std::vector<std::string>> rows{{"name", "type", "shape", "size"}};
    tree.add_rows(rows, 0);
    std::string text;
    if (rows.size() > 1) text += table(std::move(rows), columns) + "\n";
    if (!weights.others().empty()) {
      rows = {{"beside tensors", "value"}};
      for (const WeightsTable::Other& other : weights.others())
        rows.push_back({printable(other.name), printable(other.value)});
      text += table(std::move(rows), columns) + "\n";
    }
    std::string summary =
        concat(weights.format(), ": ", count_of(static_cast<int64_t>(weights.tensors().size()), "tensor"), ", ",
               count(elements), " elements, ", bytes_text(bytes));
    if (const WeightsPlace place = weights_place(weights, {}); !place.key.empty())
      summary += concat("; 'init_from' takes those in '", place.key, "'",
                        place.passed.empty() ? "" : ", others by 'key': " + join(place.passed));
    text += wrapped(printable(summary), columns, "  ", "");
    for (const StoredOptimizer& optimizer : optimizers)
      text += "\n" + wrapped(printable(concat("an optimizer's state",
                                              optimizer.key.empty() ? "" : " in '" + optimizer.key + "'", ": ",
                                              in_words(optimizer))),
                             columns, "  ", "");
    return text;
  }

  static Node as_json(const WeightsTable& weights, const std::vector<StoredOptimizer>& optimizers) {
    Node tensors = Node::list(), others = Node::map(), states = Node::list();
    for (const StoredOptimizer& optimizer : optimizers) {
      Node names = Node::list();
      for (const std::string& name : optimizer.states) names.items.push_back(Node::string(name));
      states.items.push_back(json_object({{"at", Node::string(optimizer.key)},
                                          {"states", std::move(names)},
                                          {"parameters", Node::integer(optimizer.parameters)},
                                          {"step", optimizer.step ? Node::number(*optimizer.step) : Node::null()}}));
    }
    for (const auto& [name, tensor] : weights.tensors())
      tensors.items.push_back(json_object({{"name", Node::string(name)},
                                           {"type", Node::string(name_of(tensor.type))},
                                           {"shape", json_sizes(tensor.shape.sizes())},
                                           {"bytes", Node::integer(static_cast<int64_t>(tensor.byte_count()))}}));
    for (const WeightsTable::Other& other : weights.others())
      others.set(printable(other.name), Node::string(printable(other.value)));
    return json_object({{"format", Node::string(weights.format())},
                        {"weights_at", Node::string(weights_place(weights, {}).key)},
                        {"tensors", std::move(tensors)},
                        {"optimizers", std::move(states)},
                        {"others", std::move(others)}});
  }

  std::string file_, runs_ = "runs";
  bool json_ = false;
};

DL_COMMAND(Inspect, "inspect");

}  // namespace
}  // namespace dl
