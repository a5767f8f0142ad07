// Trying the examples on inputs of all kinds.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/known_twins.h"

#include "lib/base/error.h"
#include "lib/interop/code/lone_layer.h"
#include "lib/interop/code/text.h"
#include "lib/nn/layer.h"
#include "lib/nn/network.h"
#include "lib/spec/registry.h"
#include "lib/spec/yaml.h"

namespace dl::code {
namespace {

// Images first: what a layer is called may say how many axes it has.
const std::vector<Type>& tried_samples() {
  static const std::vector<Type> samples{
      {DType::f32, {6, 6, 4}}, {DType::f32, {6, 8}}, {DType::f32, {6}}, {DType::f32, {4, 4, 6, 2}}, {DType::i32, {6}}};
  return samples;
}

std::string shown(const Twin& twin, const Twins& twins) {
  std::map<std::string, std::string> values = twins.said();
  for (size_t i = 0; i < twins.inputs.size(); ++i) values[input_name(i)] = input_name(i);
  const std::string& made = twin.chain.empty() ? twin.module : twin.chain[0];
  const std::string text = fill(made.empty() ? twin.call : made, values);
  const bool is_whole = text.starts_with("x") || text.starts_with("nn.Sequential(");
  return is_whole ? text : text.substr(0, text.find('('));
}

}  // namespace

std::map<std::string, std::string> names_elsewhere(const std::string& name) {
  std::map<std::string, std::string> names;
  const std::unique_ptr<Layer> described = Registry<Layer>::make(name);
  const Schema schema = schema_of(*described);
  for (const std::string& example : schema.examples())
    for (const size_t inputs : {1u, 2u})
      for (const Type& sample : tried_samples()) {
        std::vector<Problem> problems;
        const Node spec = parse_yaml(example, name);
        const std::unique_ptr<Layer> layer = Registry<Layer>::read(spec, Reading(problems, name));
        if (!layer || !problems.empty()) continue;
        try {
          const std::vector<Type> samples(inputs, sample);
          const LoneLayer lone(*layer, samples);
          Twins twins(std::vector<Type>(inputs, batched(sample, 1)), batched(lone.output, 1));
          layer->twins(twins);
          for (const Twin& twin : twins.all())
            if (const std::string there = shown(twin, twins); !there.empty()) names.try_emplace(twin.target, there);
        } catch (const ShapeError&) {  // it takes other inputs
        } catch (const Error&) {       // it reads a file
        }
      }
  return names;
}

}  // namespace dl::code
