// Filling the variables of the training set.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/resident_data.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/train/plan/loading.h"

namespace dl {

void put_on_device(const Plan& plan, Store& store) {
  const Dataset& data = *plan.data.train;
  int64_t bytes = 0;
  for (const Variable& v : store.of_role(Role::data)) bytes += v.type.bytes();
  const int64_t free = store.device().free_bytes();
  if (bytes > free)
    throw Error(Exit::failed,
                Problem{.where = plan.run.data.cache->where,
                        .path = "data.cache",
                        .what = concat("the training set takes ", bytes >> 20, " MiB on the device '",
                                       store.device().name(), "', ", free >> 20, " MiB of its memory are free"),
                        .help = "leave 'cache' out: batches then go to the device when they are needed"});
  LoaderOptions options = sample_loading(plan);
  options.shuffle = options.drop_last = options.augment = false;
  options.weights.clear();  // each sample once, in its place
  Loader loader(plan.data.train, options);
  for (int64_t first = 0; first < data.size();) {
    const Batch& batch = loader.next();
    for (size_t i = 0; i < data.fields().size(); ++i) {
      const SampleField& field = data.fields()[i];
      const std::string name = concat("data/", field.name);
      const int64_t elements = field.type.shape.elements();
      if (store.has(name)) store.write_kept(name, first * elements, batch.count * elements, batch.fields[i]);
    }
    first += batch.count;
  }
}

std::optional<std::string> non_finite_samples(const Plan& plan, const Cursor& batch) {
  Loader loader(plan.data.train, sample_loading(plan));
  loader.seek(batch);
  loader.next();
  return loader.non_finite();
}

}  // namespace dl
