// Tensors of a run for TensorBoard.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/shown_tensors.h"

#include <span>
#include <vector>

#include "lib/train/kept/tensors_in_store.h"

namespace dl {

void ShownTensors::show_on(TensorBoardLog& board) {
  board_ = &board;
  if (const auto& every = plan_.run.trainer.tensorboard->histograms) cadence_.emplace(*every, plan_.steps_per_epoch());
}

void ShownTensors::images() const {
  if (board_ && plan_.run.trainer.tensorboard->images > 0)
    board_->images(*plan_.data.train, plan_.run.trainer.tensorboard->images);
}

void ShownTensors::show(int64_t step) const {
  for (const Tensor& tensor : plan_.network->tensors()) board_->tensor(step, tensor.path, values_of(tensor, store_));
  const std::vector<float> gradient =
      plan_.run.trainer.tensorboard->gradients ? updates_.gradient() : std::vector<float>();
  for (const Tensor& tensor : plan_.network->tensors())
    if (!gradient.empty() && tensor.trained && plan_.network->frozen_until(tensor.path) < step)
      board_->tensor(step, "gradient/" + tensor.path,
                     std::span(gradient).subspan(static_cast<size_t>(tensor.offset),
                                                 static_cast<size_t>(tensor.shape.elements())));
}

}  // namespace dl
