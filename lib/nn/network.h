// A model spec made buildable: the tree of layers, with shapes inferred and every tensor named.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/graph/ops.h"
#include "lib/nn/frozen.h"
#include "lib/nn/layer.h"
#include "lib/nn/model_tensors.h"
#include "lib/nn/number_limits.h"
#include "lib/spec/blocks.h"

namespace dl {

struct LayerSummary {
  std::string path;  // "3", "layer1.0.conv1"
  std::string type;  // "conv2d"
  Shape output;      // without the batch
  int64_t parameters = 0;
  double flops = 0;   // forward, a sample
  std::string label;  // "model[3]": in the spec, at `where`; notes say which blocks it stands in
  Where where;
  std::vector<std::string> notes;
  Layer::Gives gives = Layer::Gives::values;
  DoubtList doubts;  // of its keys; one that stands in a block has them each time
};

// What a network gives for a batch: what it ends with, what each item of its list gives, and all on the way.
struct NetworkOutputs {
  Value last;
  std::map<std::string, Value> items;  // by path: "3", "head"
  struct Part {
    std::string path, type;  // "layer1.0.conv1", "conv2d"; a block, and what repeats one, has no type
    Value value;
  };
  std::vector<Part> parts;  // every layer, and every block behind what is in it, as they are computed

  // Of an item, or without one what the network ends with.
  Value at(const std::optional<std::string>& item) const { return item ? items.at(*item) : last; }
};

// The type of a batch of samples: [batch, …].
Type batched(const Type& sample, int64_t batch);

class Network {
 public:
  struct Input {
    std::string name;  // of the data's field; programs know it by this name
    Type type;         // without the batch
  };

  // Builds every layer once to infer shapes. Adds every mistake (unknown layers, keys, shapes) to `problems`, with its
  // place, and goes on with the next layer where it can; a network with problems must not be used.
  Network(const std::vector<ModelItem>& items, std::vector<Input> inputs, std::vector<Problem>& problems);
  ~Network();

  const std::vector<Input>& inputs() const;  // one at least
  // Without the batch: of what it ends with, or of an item of its list, by its path.
  Type output(const std::optional<std::string>& item = {}) const;
  std::vector<std::string> items() const;      // their paths
  const std::vector<Tensor>& tensors() const;  // parameters in the arena's order, then buffers
  Variable parameters() const;                 // all of them, flat: f32[arena_elements()]
  int64_t arena_elements() const;              // length of "parameters", gaps included
  int64_t parameter_count() const;             // without gaps
  std::vector<LayerSummary> layers() const;
  std::vector<NumberLimit> number_limits() const;

  // Lays the parameters out anew: those of the least group first, within a group in the order they were. Nothing that
  // is saved depends on it. No program may have been built before.
  void arrange(const std::function<size_t(const Tensor&)>& group);

  // From now on a parameter that fits is not trained until so many updates were made (frozen_until()), and layers of
  // which all tensors do, or that fit by their own path, are built as in evaluation until then: their running averages
  // stay, and they drop nothing. A pattern is of a tensor's path, or the path of what it is in: "layer1", "*.bn1.*"; a
  // tensor of several layers, by `tie` or `share`, is frozen by what each of them would call it. Of several that fit,
  // the last to end counts. Returns those that nothing fits.
  std::vector<std::string> freeze(const std::vector<Frozen>& frozen);
  int64_t frozen_until(const std::string& tensor) const;  // 0: it never is
  std::vector<int64_t> thaws() const;  // the updates after which something that was frozen is trained, ascending

  // The network applied to its inputs, each [batch, …], in `graph`; training decides dropout, batch statistics and
  // their updates, and `updates`, those made before, what is frozen. `step` numbers random draws (unset where not
  // training). With `decoding` the inputs are one position [batch, 1, …] of their sequences, and what layers carry goes
  // on to the next; ShapeError where a layer cannot.
  NetworkOutputs build(Graph& graph, std::span<const Value> inputs, bool training, Value step, uint64_t seed,
                       const Decoding* decoding = nullptr, int64_t updates = 0) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dl
