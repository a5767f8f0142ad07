// A graph whose number of samples is left open: what a network is written from for other programs, which choose it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/graph/graph.h"

namespace dl {

// The size of an axis: `n`, or n times the number of samples.
struct OpenSize {
  int64_t n = 1;
  bool of_batch = false;
  bool operator==(const OpenSize&) const = default;
};
using OpenShape = std::vector<OpenSize>;

class OpenGraph {
 public:
  // Writes the graph of a batch of so many samples, its outputs too.
  using Build = std::function<void(Graph& g, int64_t batch)>;

  // Builds it for two numbers of samples that nothing else is a multiple of. Where the two differ in more than sizes
  // along the batch, the graph is one of a single sample, and nothing is open.
  explicit OpenGraph(const Build& build);

  const Graph& graph() const { return *graph_; }
  bool is_open() const { return batch_ > 0; }
  // What a size in the graph stands for.
  OpenSize size(int64_t n) const;
  OpenShape shape(const Shape& shape) const;
  // How many live nodes and outputs read a value.
  int uses(const Value& v) const;

 private:
  std::unique_ptr<Graph> graph_;
  int64_t batch_ = 0;  // 0: nothing is open
  std::vector<std::vector<int>> uses_;
};

}  // namespace dl
