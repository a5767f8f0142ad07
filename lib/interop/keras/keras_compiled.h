// What a Keras model was compiled with made keys of a config.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/interop/keras/keras_items.h"

namespace dl::keras {

// The loss and metrics of `compiled`, a file's 'compile_config', or ones by what the model ends with, of several
// outputs each its own, and the losses of layers that have one; an activation that is a loss's own is taken off the
// items. `left_out`: is told what is not taken, in words. Returned is what each output that is trained is measured by.
OutputLosses add_loss(const Json& compiled, KerasItems& items, Node& config, std::vector<std::string>& left_out);

// The optimizer, adam where none is said, and the clipping of gradients that it does, a key of the trainer.
void add_optimizer(const Json& compiled, Node& config, Node& trainer, std::vector<std::string>& left_out);

}  // namespace dl::keras
