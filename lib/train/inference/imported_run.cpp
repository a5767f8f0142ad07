// A checkpoint of weights that were given.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/inference/imported_run.h"

#include "lib/train/inference/evaluate.h"
#include "lib/train/kept/tensors_in_store.h"
#include "lib/train/programs/measures.h"

namespace dl {

Checkpoint keep_imported(const Plan& plan, const RunFolder& folder, const ImportedValues& values) {
  const auto device = make_device(plan.run.trainer.device, plan.device_options());
  Store store(*device);
  Programs programs(inference_recipe(plan), store);
  if (values) {
    programs.create();
    for (const Tensor& tensor : plan.network->tensors()) set_values(tensor, store, values(tensor));
  } else {
    programs.initialize();
  }
  const TrainState state{.seed = plan.seed(), .batch_size = plan.run.data.batch_size};
  const auto measures = [](const Append& append) { write_measures({}, append); };
  return Checkpoints(folder.paths().checkpoints())
      .save(state, plan.network->tensors(), store, plan.resolved(), measures);
}

}  // namespace dl
