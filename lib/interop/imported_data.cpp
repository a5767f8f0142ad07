// Fields of arrays, and their sizes as a fit has them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/imported_data.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/data/sample_fit.h"
#include "lib/nn/loss.h"
#include "lib/nn/network.h"
#include "lib/nn/one_sample_alone.h"
#include "lib/spec/blocks.h"

namespace dl {

namespace {

// Sizes that stand in a file, counted before anything is made of them.
void expect_counted(const ImportedInput& input) {
  constexpr int64_t most = int64_t{1} << 40;
  int64_t count = 1;
  for (const int64_t n : input.sizes) {
    if (n < 1 || n > most / count)
      throw Error(Exit::usage, Problem{.what = concat("the input '", input.name, "' is ", Shape(input.sizes).text(),
                                                      ", expected sizes above 0 that make ", most, " at most")});
    count *= n;
  }
}

// Whether the targets of a loss are classes.
bool is_of_classes(const Node& loss) {
  const std::string& name = loss.is_map() ? loss.entries.at(0).key : loss.text;
  return name == "cross_entropy" || name == "focal" || name == "multi_margin";
}

// Whether they are classes 0 and 1, or numbers.
bool takes_either(const Node& loss) {
  const std::string& name = loss.is_map() ? loss.entries.at(0).key : loss.text;
  return Registry<Loss>::make(name)->reads() == Loss::Reads::logit;
}

}  // namespace

std::map<std::string, Shape> outputs_of(const Node& model, const std::vector<ImportedInput>& inputs,
                                        const std::vector<std::string>& outputs) {
  std::vector<std::string> names;
  std::vector<Network::Input> types;
  for (const ImportedInput& input : inputs) {
    expect_counted(input);
    names.push_back(input.name);
    types.push_back({input.name, {input.whole ? DType::i32 : DType::f32, Shape(input.sizes)}});
  }
  std::vector<Problem> problems;
  const std::vector<ModelItem> items = expand_model(model, Node(), names, problems);
  const Network network(items, types, problems);
  if (!problems.empty()) throw Error(Exit::usage, std::move(problems));
  if (std::optional<Problem> problem = one_sample_alone(network)) throw Error(Exit::usage, *std::move(problem));
  std::map<std::string, Shape> shapes;
  if (outputs.size() < 2) shapes[""] = network.output().shape;
  for (const LayerSummary& layer : network.layers())
    if (outputs.size() > 1 && std::ranges::count(outputs, layer.path) > 0) shapes[layer.path] = layer.output;
  return shapes;
}

Node imported_data(const std::vector<ImportedInput>& inputs, const OutputLosses& losses,
                   const std::map<std::string, Shape>& outputs) {
  Node fields = Node::map(), fitted = Node::list();
  const auto add = [&](const std::string& name, const char* dtype, const std::vector<int64_t>& sizes, int64_t values) {
    fields.set(name, Node::string(name + ".npy"));
    Node field = Node::map(), shape = Node::list();
    for (const int64_t n : sizes) shape.items.push_back(Node::integer(n));
    field.set("name", Node::string(name));
    field.set("dtype", Node::string(dtype));
    field.set("shape", std::move(shape));
    if (values > 0) field.set("values", Node::integer(values));
    fitted.items.push_back(std::move(field));
  };
  for (const ImportedInput& input : inputs) add(input.name, input.whole ? "i32" : "f32", input.sizes, 0);
  Node fit = Node::map();
  for (const auto& [output, loss] : losses) {
    const auto given = outputs.find(output);
    if (given == outputs.end()) continue;
    std::vector<int64_t> sizes = given->second.sizes();
    const std::string target = output.empty() ? "y" : "y_" + output;
    if (is_of_classes(loss)) {
      const int64_t classes = sizes.empty() ? 1 : sizes.back();
      if (!sizes.empty()) sizes.pop_back();
      add(target, "i32", sizes, classes);
      if (output.empty()) fit.set("numbered_classes", Node::integer(classes));
    } else {
      if (output.empty() && sizes.size() == 1 && sizes[0] == 1) sizes.clear();
      add(target, takes_either(loss) ? f32_or_i32 : "f32", sizes, 0);
    }
  }
  fit.set("fields", std::move(fitted));
  Node train = Node::map(), data = Node::map();
  train.set("format", Node::string("npy"));
  train.set("fields", std::move(fields));
  data.set("train", std::move(train));
  data.set("fitted", std::move(fit));
  return data;
}

}  // namespace dl
