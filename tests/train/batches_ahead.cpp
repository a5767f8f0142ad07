// Fetching the next batch while the device computes changes neither what is delivered nor where a checkpoint goes on.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/batches_ahead.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "lib/train/plan/loading.h"
#include "tests/npy.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("batches fetched ahead are those that come without, and the cursor is of the batch after the present one") {
  const Workplace place;
  for (const char* workers : {"data.workers=0", "data.workers=2"}) {
    CAPTURE(workers);
    const auto plan = place.plan({workers});
    Loader plain(plan->data.train, training_loading(*plan)), loader(plan->data.train, training_loading(*plan));
    BatchesAhead ahead(loader);
    for (int i = 0; i < 20; ++i) {
      CAPTURE(i);
      CHECK(ahead.fetched() == (i % 3 == 1));
      const Batch &batch = ahead.next(), &expected = plain.next();
      CHECK(batch.epoch == expected.epoch);
      CHECK(batch.index == expected.index);
      REQUIRE(batch.count == expected.count);
      CHECK(std::memcmp(batch.fields[0], expected.fields[0], static_cast<size_t>(batch.count * 36 * 4)) == 0);
      const Batch* fetched = i % 3 == 0 ? ahead.fetch() : nullptr;
      if (fetched) CHECK(fetched->index == plain.cursor().batch);
      CHECK(ahead.cursor() == plain.cursor());
    }
  }
}

TEST_CASE("a batch whose memory was used for the next is looked at again, and the next comes after it") {
  const Folder folder;
  std::vector<float> x(6 * 3, 0.5f);
  x[2 * 3 + 1] = NAN;
  write(folder.path / "x.npy", npy("<f4", "(6, 3)", bytes(x)));
  write(folder.path / "y.npy", npy("<i4", "(6,)", bytes(std::vector<int32_t>{0, 1, 0, 1, 0, 1})));
  write(folder.path / "c.yaml",
        "data: {train: {format: npy, fields: {x: x.npy, y: y.npy}}, batch_size: 2, shuffle: false}\n"
        "model: [linear: 2]\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
  const auto plan = plan_run(folder.path / "c.yaml", {});
  for (const int threads : {0, 2}) {
    LoaderOptions options = training_loading(*plan);
    options.threads = threads;
    Loader loader(plan->data.train, options);
    BatchesAhead ahead(loader);
    ahead.next();
    ahead.fetch();
    CHECK_FALSE(ahead.non_finite(ahead.present()));
    CHECK(ahead.next().index == 1);
    ahead.fetch();
    const Cursor second = ahead.present();
    CHECK(ahead.non_finite(second) == "sample 2: value 1 of 'x' is .nan");
    CHECK(ahead.next().index == 2);
    CHECK(ahead.non_finite(second) == "sample 2: value 1 of 'x' is .nan");
    CHECK(ahead.next().index == 2);
  }
}
