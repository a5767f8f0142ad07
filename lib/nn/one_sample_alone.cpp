// Networks that hold the batch of an example, as a layer out of a file may.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/one_sample_alone.h"

#include "lib/base/text.h"

namespace dl {

std::optional<Problem> one_sample_alone(const Network& network) {
  for (const int64_t samples : {3, 5}) {  // one of which may be another size of the network
    Graph graph;
    std::vector<Value> given;
    for (const Network::Input& each : network.inputs())
      given.push_back(input(graph, each.name, batched(each.type, samples)));
    std::string what;
    try {
      const Shape found = network.build(graph, given, false, {}, 0).last.shape();
      const Shape wanted = batched(network.output(), samples).shape;
      if (found == wanted) continue;
      what = concat("of ", samples, " samples it gives ", found.text(), ", expected ", wanted.text());
    } catch (const ShapeError& error) {
      what = concat("of ", samples, " samples: ", error.what());
    }
    return Problem{.path = "model",
                   .what = std::move(what),
                   .help =
                       "export it with an open batch: torch.onnx.export(…, input_names=[\"x\"], dynamic_axes={\"x\": "
                       "{0: \"batch\"}})"};
  }
  return std::nullopt;
}

}  // namespace dl
