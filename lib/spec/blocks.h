// The model list made plain: blocks with their parameters filled in, repeats written out, inputs resolved.
//
//   blocks:
//     basic:
//       params: {channels: , stride: 1}      # without a value: must be given
//       layers:
//         - conv2d: {out_channels: ${channels}, kernel_size: 3, stride: ${stride}, padding: 1}
//           name: conv1
//         - add:
//           from: [conv1, x]                 # x is what the block was given
//     decoder:
//       inputs: [memory]                     # what it is given besides x
//       layers:
//         - multi_head_attention: {num_heads: 4}
//           from: [x, memory]
//   model:
//     - linear: {out_features: 10, bias: false}
//       tie: {weight: embedding.weight}      # its weight is that of the item named embedding: one tensor, trained by
//       both
//     - basic: {channels: 16}
//       name: layer1
//       repeat: 3                            # layer1.0, layer1.1, layer1.2, each fed by the one before
//     - decoder:
//       from: {memory: layer1}               # x is the item before, where it is not given
//       name: first
//     - decoder:
//       from: {x: first, memory: layer1}
//       share: first                         # its tensors are those of the item named first, trained by both
//
// `model:` is such a list, or a map {blocks:, layers:} (a model in a file of its own). Its `from:` may name the inputs
// that the data have; a single one is x, whatever its name.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <string>
#include <vector>

#include "lib/spec/node.h"

namespace dl {

// What may stand beside an item's layer or block.
constexpr std::array<const char*, 5> item_keys{"name", "from", "repeat", "tie", "share"};

// One item of the list: a layer (`layer` is not null), or a chain of children: a block's layers or a repeat's copies.
// The output of a chain is its last child's, or its input where it has none.
struct ModelItem {
  static constexpr int input = -1;  // in `from`: the first input of this list, x; the next are -2, -3, …
  static constexpr size_t input_number(int from) { return static_cast<size_t>(-1 - from); }  // of a negative `from`

  std::string path;  // "3", "layer1.0.conv1"
  // The path that its tensors' names begin with: its own, or that of the item that it shares them with.
  std::string tensors;
  std::string label;  // in messages: "model[3]", "blocks.basic.layers[0]"
  Node layer;         // `relu` or {conv2d: {…}}: for Registry<Layer>::read
  // Indices of earlier items of the same list, or its inputs. Of a chain its own list's inputs: x, then the block's
  // others.
  std::vector<int> from;
  struct Tie {
    std::string parameter;  // of this layer: "weight"
    std::string path;       // of the tensor that it is, made by a layer before: "wte.weight"
    Where where;
  };
  std::vector<Tie> ties;
  Where where;
  std::vector<std::string> notes;  // inside a block: "used by model[3] at FILE:LINE:COLUMN", for each problem
  std::vector<ModelItem> children;

  bool is_layer() const { return !layer.is_null(); }
};

// `model` and `blocks` as they stand in the spec (blocks may be null). Adds every problem; what is returned is complete
// only where there was none. References to anything but block parameters must have been put in before. `inputs` are the
// names that the model is given; without any, they are not known and every name that nothing else has is one.
std::vector<ModelItem> expand_model(const Node& model, const Node& blocks, const std::vector<std::string>& inputs,
                                    std::vector<Problem>& problems);

}  // namespace dl
