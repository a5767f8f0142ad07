// The model as a resolved config has it: as it was written, with every default of every layer.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/spec/node.h"

namespace dl {

// `model` and `blocks` are a spec's (blocks may be null), free of mistakes. Each layer's keys are filled in; those of a
// layer that uses a block's parameters stay as they are.
struct ModelNodes {
  Node model, blocks;
};
ModelNodes resolved_model(const Node& model, const Node& blocks);

}  // namespace dl
