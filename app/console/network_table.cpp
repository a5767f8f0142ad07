// Layers as rows.
// SPDX-License-Identifier: Apache-2.0
#include "app/console/network_table.h"

#include <algorithm>
#include <span>
#include <vector>

#include "app/console/text.h"
#include "lib/base/text.h"

namespace dl {
namespace {

struct Row {
  std::string path, type;
  Shape output;
  int64_t layers = 0, parameters = 0;
  double flops = 0;
};

// The first `depth` names of "layer1.0.conv1".
std::string upper(const std::string& path, size_t depth) {
  size_t end = 0;
  for (; depth > 0 && end != path.npos; --depth) end = path.find('.', end == 0 ? 0 : end + 1);
  return path.substr(0, end);
}

// Neighbours whose first `depth` names are the same, as one.
std::vector<Row> rows_of(const Network& network, size_t depth) {
  std::vector<Row> rows;
  for (const LayerSummary& layer : network.layers()) {
    const std::string path = upper(layer.path, depth);
    if (rows.empty() || rows.back().path != path) rows.push_back({.path = path, .type = layer.type});
    Row& row = rows.back();
    row.output = layer.output;
    row.layers += 1;
    row.parameters += layer.parameters;
    row.flops += layer.flops;
  }
  return rows;
}

}  // namespace

std::string network_table(const Network& network, size_t columns, size_t most_rows) {
  size_t depth = 1;
  for (const LayerSummary& layer : network.layers())
    depth = std::max<size_t>(depth, 1 + static_cast<size_t>(std::ranges::count(layer.path, '.')));
  std::vector<Row> layers = rows_of(network, depth);
  while (layers.size() > most_rows && depth > 1) layers = rows_of(network, --depth);
  std::vector<std::vector<std::string>> rows{{"layer", "type", "output", "parameters", "FLOPs"}};
  for (const Network::Input& input : network.inputs())
    rows.push_back({network.inputs().size() > 1 ? input.name : "", "input", input.type.shape.text(), "", ""});
  for (const Row& row : std::span(layers).first(std::min(layers.size(), most_rows)))
    rows.push_back({row.path, row.layers > 1 ? count_of(row.layers, "layer") : row.type, row.output.text(),
                    row.parameters > 0 ? count(static_cast<double>(row.parameters)) : "",
                    row.flops > 0 ? short_count(row.flops) : ""});
  if (layers.size() > most_rows) rows.push_back({concat("and ", layers.size() - most_rows, " more")});
  return table(rows, columns);
}

}  // namespace dl
