// The graph of all layers together.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/function_text.h"

#include "lib/base/text.h"
#include "lib/graph/ops.h"
#include "lib/interop/code/ops.h"
#include "lib/interop/code/python_files.h"
#include "lib/interop/code/text.h"

namespace dl::code {

std::string function_text(const TrainedNetwork& trained, const Dialect& dialect) {
  const Network& network = trained.network;
  std::vector<std::string> names = arguments_for(network);
  std::map<std::string, std::string> name_of_input;
  for (size_t i = 0; i < names.size(); ++i) {
    while (dialect.functions.contains(names[i])) names[i] += "_";
    name_of_input[network.inputs()[i].name] = names[i];
  }
  names.insert(names.begin(), "p");
  const OpenGraph open([&](Graph& g, int64_t batch) {
    std::vector<Value> inputs;
    for (const Network::Input& i : network.inputs()) inputs.push_back(input(g, i.name, batched(i.type, batch)));
    g.output("output", network.build(g, inputs, false, {}, 0).at(trained.output));
  });
  const OpsText ops = write_ops(open, dialect, [&](const Value& v) -> std::string {
    if (const Tensor* tensor = tensor_of(network, v)) return "p['" + tensor->path + "']";
    const auto found = name_of_input.find(v.graph->node(v.node).op->attributes());
    return found == name_of_input.end() ? "0" : found->second;
  });
  std::string body;
  for (const std::string& line : ops.lines) body += "    " + line + "\n";
  body += "    return " + ops.result + "\n";
  const std::string functions = functions_called(dialect, body);
  std::string text = head(trained, "as a function", false);
  if ((functions + body).find("math.") != std::string::npos) text += "import math\n";
  text += "from pathlib import Path\n\n" + dialect.imports +
          "\nHERE = Path(__file__).parent\nINPUTS = " + input_names(network) + "\n" +
          (functions.empty() ? "" : "\n" + functions);
  text += "\n\ndef network(" + join(names) + "):\n" + body;
  text += fill(R"(

def predict(inputs):
    """What the network gives for NumPy arrays, by the names of the inputs."""
    p = dict(np.load(HERE / "model.npz"))
    return np.asarray({call}(p, *[inputs[name] for name in INPUTS]))
)",
               {{"call", dialect.np == "jnp" ? "jax.jit(network)" : "network"}});
  return text + check_at_end();
}

}  // namespace dl::code
