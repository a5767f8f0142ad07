// What the network is given as images.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/one_sample.h"
#include "lib/data/streamed.h"
#include "lib/graph/ops/leaf.h"
#include "lib/train/plan/doubts/doubts.h"

namespace dl {
namespace {

// Whether these values are the input's, rearranged or not.
bool is_of_input(Value v, const std::string& input) {
  const GraphNode& node = v.graph->node(v.node);
  if (const auto* given = dynamic_cast<const Input*>(node.op.get())) return given->key == input;
  const std::string_view op = node.op->name();
  if (!node.op->is_view() && op != "transpose" && op != "cast") return false;
  return std::ranges::any_of(node.inputs, [&](const Value& part) { return is_of_input(part, input); });
}

// The largest value of the first samples, where all are whole numbers of a byte and one is above 100; else 0.
float most_of_bytes(const Dataset& data, size_t field) {
  constexpr int64_t looked_at = 4;
  OneSample sample(data);
  float most = 0;
  for (int64_t i = 0; i < std::min(data.size(), looked_at); ++i) {
    sample.read(i);
    const auto* values = reinterpret_cast<const float*>(sample.bytes(field));
    for (int64_t k = 0; k < data.fields()[field].type.shape.elements(); ++k) {
      if (!(values[k] >= 0 && values[k] <= 255) || values[k] != std::floor(values[k])) return 0;
      most = std::max(most, values[k]);
    }
  }
  return most > 100 ? most : 0;
}

// Bytes that were saved as floats: they are a hundred times what layers are begun for.
void doubt_floats_of_bytes(const Plan& plan, Doubts& doubts) {
  constexpr int64_t most_loaded_bytes = int64_t{1} << 30;  // for this alone, where a config is checked
  const Dataset& data = *plan.data.train;
  const SampleField* x = training_field(plan, "x");
  if (!x || x->type.dtype != DType::f32 || x->type.shape.rank() != 3 || x->pixels || data.size() == 0) return;
  if (capability<Streamed>(data) || (data.in_memory() && data.size() > most_loaded_bytes / x->type.bytes())) return;
  if (const int64_t channels = x->type.shape[2]; channels != 1 && channels != 3 && channels != 4) return;
  Graph g;
  build_for_one_sample(*plan.network, g);
  for (int i = 0; i < g.size(); ++i) {
    const GraphNode& node = g.node(i);
    if (node.op->name() != "matmul" && node.op->name() != "convolution") continue;
    if (std::ranges::none_of(node.inputs, [](const Value& v) { return is_of_input(v, "x"); })) continue;
    const float most = most_of_bytes(data, static_cast<size_t>(field_index(data, "x")));
    if (most == 0) return;
    return doubts.at_layer(node.scope,
                           concat("takes images of whole numbers up to ", number_text(static_cast<double>(most)),
                                  " as they are, where bytes are brought to 0 to 1"),
                           "save them by .astype(numpy.uint8), or write 'normalize: {mean: 127.5, std: 127.5}' in "
                           "'data.transforms'");
  }
}
DL_DOUBT(doubt_floats_of_bytes);

}  // namespace
}  // namespace dl
