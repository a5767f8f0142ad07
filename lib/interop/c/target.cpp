// Export to C: model.c, one file of C99 that needs nothing but libm, and model.weights.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/graph/ops.h"
#include "lib/graph/passes.h"
#include "lib/interop/c/writer.h"
#include "lib/interop/code/dialect.h"
#include "lib/interop/code/text.h"
#include "lib/interop/export_target.h"

namespace dl::c {
namespace {

const char* type_of(DType type) { return type == DType::f32 ? "float" : type == DType::u8 ? "uint8_t" : "int32_t"; }

std::string sizes_of(const Shape& shape) {
  std::string text;
  for (const int64_t n : shape.sizes()) text += concat("[", n, "]");
  return text;
}

std::string called_functions(const std::string& body) {
  code::Dialect all;
  all.functions = functions();
  return code::functions_called(all, body);
}

// An input that nothing is computed from.
std::string unread(size_t i) { return "in_" + std::to_string(i) + "_unread"; }

struct Program {
  std::string text;
  std::vector<Writer::Stored> stored;
};

constexpr const char* frame = R"(/* {source}. Written by dlcli export; C99, needs libm only.
 *
 *   cc -O2 -o model model.c -lm && ./model model.weights < samples > outputs
 *
 * reads samples ({inputs}, one after another) and writes what the network gives of each (float{output}).{about}
 * As a part of a program compile it with -DMODEL_ONLY. One thread at a time may run a model. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int model_load(const char *path); /* the weights; 0 where it was right */
int model_run({parameters}); /* of one sample; 0 where it was right */

static float *weights;
static float memory[{memory}];{arrays}
{functions}
int model_load(const char *path) {
  const size_t wanted = {stored};
  FILE *file = fopen(path, "rb");
  if (!file) return 1;
  free(weights);
  weights = malloc((wanted + 1) * sizeof(float));
  const size_t got = weights ? fread(weights, sizeof(float), wanted + 1, file) : 0;
  fclose(file);
  return got != wanted;
}

int model_run({parameters}) {
{body}  return 0;
}

#ifndef MODEL_ONLY
int main(int argc, char **argv) {
{buffers}  static float output[{outputs}];
  if (argc != 2 || model_load(argv[1])) {
    fprintf(stderr, "usage: %s model.weights < samples > outputs\n", argv[0]);
    return 2;
  }
  while ({reads}) {
    if (model_run({arguments})) return 1;
    fwrite(output, sizeof output, 1, stdout);
  }
  return 0;
}
#endif
)";

std::string in_comment(std::string text) {
  for (size_t at = text.find("*/"); at != std::string::npos; at = text.find("*/", at)) text.insert(at + 1, " ");
  return text;
}

Program write_program(const TrainedNetwork& trained) {
  const Network& network = trained.network;
  Graph built;
  std::vector<Value> inputs;
  for (const Network::Input& i : network.inputs()) inputs.push_back(input(built, i.name, batched(i.type, 1)));
  built.output("output", network.build(built, inputs, false, {}, 0).at(trained.output));
  const std::unique_ptr<Graph> fused = fuse(built, [](const Op&, std::span<const Type>) { return false; });
  const Graph& g = *fused;
  const std::vector<char> live = live_nodes(g);
  std::vector<char> elsewhere(static_cast<size_t>(g.size()), 0);
  std::map<std::string, int> node_of_input;
  for (int i = 0; i < g.size(); ++i) {
    const std::string_view name = g.node(i).op->name();
    const Value v{fused.get(), i, 0};
    const bool flat = name == "variable" && g.node(i).op->attributes() == network.parameters().name;
    elsewhere[static_cast<size_t>(i)] = name == "input" || flat || tensor_of(network, v);
    if (name == "input") node_of_input[g.node(i).op->attributes()] = i;
  }
  const Places places = place_values(g, live, elsewhere);
  Writer w(trained, g, places);
  std::string scope;
  for (int i = 0; i < g.size(); ++i) {
    const GraphNode& node = g.node(i);
    if (!live[static_cast<size_t>(i)] || elsewhere[static_cast<size_t>(i)]) continue;
    const auto row = rows().find(node.op->name());
    DL_CHECK(row != rows().end(), "no C for ", node.op->name());
    if (node.scope != scope) w.statement("/* " + node.scope + " */\n");
    scope = node.scope;
    std::vector<Value> outputs;
    for (size_t k = 0; k < node.types.size(); ++k) outputs.push_back({fused.get(), i, static_cast<int>(k)});
    row->second(w, node, outputs);
  }
  for (size_t i = 0; i < network.inputs().size(); ++i)
    if (!node_of_input.contains(network.inputs()[i].name)) w.statement(concat("(void)", unread(i), ";\n"));
  const Value output = g.outputs()[0].value;
  w.statement(concat("memcpy(output, ", w.pointer(output), ", ", output.shape().elements(), " * sizeof(float));\n"));

  std::vector<std::string> parameters, described, reads, arguments;
  std::string buffers;
  for (const Network::Input& each : network.inputs()) {
    const auto found = node_of_input.find(each.name);
    const std::string type = type_of(each.type.dtype), argument = found == node_of_input.end()
                                                                      ? unread(parameters.size())
                                                                      : "in_" + std::to_string(found->second);
    parameters.push_back("const " + type + " *" + argument);
    described.push_back(in_comment(each.name) + ": " + type + sizes_of(each.type.shape));
    buffers += "  static " + type + " " + argument + "[" + std::to_string(each.type.shape.elements()) + "];\n";
    reads.push_back("fread(" + argument + ", sizeof " + argument + ", 1, stdin) == 1");
    arguments.push_back(argument);
  }
  parameters.push_back("float *output");
  arguments.push_back("output");
  const Type& type = network.output(trained.output);
  std::string about;
  for (const std::string& transform : transforms_before(trained))
    about += (about.empty() ? "\n * Samples are to be what these transforms make: " : ", ") + transform;
  for (const std::string& line : trained.behind) about += "\n * Of what the network gives: " + line;
  const std::string body = code::indented(w.body(), 2);
  std::string arrays;
  if (w.scratch_elements() > 0) arrays += concat("\nstatic float scratch[", w.scratch_elements(), "];");
  if (w.whole_elements() > 0) arrays += concat("\nstatic int32_t integers[", w.whole_elements(), "];");
  return {code::fill(frame, {{"source", in_comment(trained.source)},
                             {"inputs", join(described)},
                             {"output", sizes_of(type.shape)},
                             {"about", in_comment(about)},
                             {"parameters", join(parameters)},
                             {"memory", std::to_string(std::max<int64_t>(places.elements, 1))},
                             {"arrays", arrays},
                             {"functions", called_functions(body)},
                             {"stored", std::to_string(w.stored_elements())},
                             {"body", body},
                             {"buffers", buffers},
                             {"outputs", std::to_string(type.shape.elements())},
                             {"reads", join(reads, " && ")},
                             {"arguments", join(arguments)}}),
          w.stored()};
}

class C final : public ExportTarget {
 public:
  std::string summary() const override { return "one file of C99 that needs nothing else, and its weights"; }
  bool channels_first(const ExportOptions&) const override { return false; }

  std::vector<WrittenTensor> write(const TrainedNetwork& trained, const ExportOptions&,
                                   const std::filesystem::path& folder) const override {
    const Program program = write_program(trained);
    AtomicFile weights(folder / "model.weights");
    std::vector<WrittenTensor> tensors;
    for (const Writer::Stored& stored : program.stored) {
      const std::vector<float> values =
          Writer::as_stored(trained.weights(*stored.tensor), stored.tensor->shape, stored.lie);
      weights.append(values.data(), values.size() * sizeof(float));
      tensors.push_back({stored.tensor->path, concat("weights + ", stored.offset), stored.tensor->shape,
                         stored.lie == Lie::as_it_is            ? "as it is"
                         : stored.lie == Lie::matrix_transposed ? "[n, k] as [k, n], rows of a multiple of 8"
                                                                : "[o, c, kernel] as [kernel, c, o], rows likewise"});
    }
    weights.commit();
    write_file_atomic(folder / "model.c", program.text);
    return tensors;
  }
};

DL_EXPORT_TARGET(C, "c");

}  // namespace
}  // namespace dl::c
