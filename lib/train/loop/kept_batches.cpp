// Copying batches.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/kept_batches.h"

namespace dl {

void KeptBatches::add_copy(const Batch& batch, int64_t tick) {
  if (kept_.size() == copies_.size()) copies_.emplace_back();
  Copy& copy = copies_[kept_.size()];
  copy.type = *batch.type;
  copy.fields.resize(batch.fields.size());
  copy.batch.fields.resize(batch.fields.size());
  for (size_t i = 0; i < batch.fields.size(); ++i) {
    const SampleField& field = data_.fields()[i];
    const int64_t bytes = batch.type->sample(field.name, field.type).bytes() * batch.count;
    copy.fields[i].assign(batch.fields[i], batch.fields[i] + bytes);
    copy.batch.fields[i] = copy.fields[i].data();
  }
  copy.batch.count = batch.count;
  copy.batch.type = &copy.type;
  add(copy.batch, tick);
}

}  // namespace dl
