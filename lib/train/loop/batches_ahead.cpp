// Fetching ahead.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/batches_ahead.h"

#include <utility>

#include "lib/base/error.h"

namespace dl {

const Batch& BatchesAhead::next() {
  of_present_ = cursor();
  const Batch* fetched = std::exchange(fetched_, nullptr);
  return fetched ? *fetched : loader_.next();
}

const Batch* BatchesAhead::fetch() {
  try {
    of_fetched_ = cursor();
    if (!fetched_) fetched_ = &loader_.next();
  } catch (const Error&) {  // it belongs to the update that will ask for the batch
  }
  return fetched_;
}

std::optional<std::string> BatchesAhead::non_finite(const Cursor& batch) {
  if (std::exchange(fetched_, nullptr) || !(batch == of_present_)) {
    of_present_ = batch;
    loader_.seek(batch);
    loader_.next();
  }
  return loader_.non_finite();
}

}  // namespace dl
