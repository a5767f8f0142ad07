// A loader's batches, of which the next is fetched while the device computes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>

#include "lib/data/loader.h"

namespace dl {

class BatchesAhead {
 public:
  explicit BatchesAhead(Loader& loader) : loader_(loader) {}

  // The batch after the present one, which it becomes. Throws what Loader::next() throws, again when called again.
  const Batch& next();
  // The same batch that next() will give, fetched already; none where that is to throw. The memory of the present one
  // is used for others from now on.
  const Batch* fetch();
  bool fetched() const { return fetched_ != nullptr; }
  // Of the batch after the present one, for a checkpoint.
  Cursor cursor() const { return fetched_ ? of_fetched_ : loader_.cursor(); }
  // Of the present batch, for non_finite().
  const Cursor& present() const { return of_present_; }
  // Loader::non_finite() of the present batch, or of one before it, which then is the present one; it is assembled once
  // more where its memory is gone.
  std::optional<std::string> non_finite(const Cursor& batch);

 private:
  Loader& loader_;
  const Batch* fetched_ = nullptr;
  Cursor of_present_, of_fetched_;
};

}  // namespace dl
