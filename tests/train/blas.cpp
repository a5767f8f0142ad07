// Runs whose products a library makes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/blas.h"

#include <doctest/doctest.h>

#include "lib/device/cpu/isa.h"
#include "lib/device/cpu/product_verdicts.h"
#include "tests/cache_home.h"
#include "tests/train/fixture.h"

namespace dl {
namespace {

// Products of all kinds that are large enough for a library: with an epilogue and without, forward and backward.
const char* const wide = R"(
data: {train: {format: idx, images: images.idx, labels: labels.idx}, batch_size: 48}
model:
  - flatten
  - linear: 96
  - relu
  - linear: 64
  - relu
  - linear: 4
loss: cross_entropy
optimizer: {adamw: {lr: 0.003}}
trainer: {max_epochs: 3, device: cpu, threads: 2, blas: openblas}
seed: 1
)";

// The words of the products' kernels.
std::vector<std::string> ways(Plan& plan) {
  const std::unique_ptr<Device> device = make_device("cpu", plan.device_options());
  Store store(*device);
  Programs programs(plan.recipe(), store);
  programs.initialize();
  std::vector<std::string> found;
  for (const Program::KernelCall& call : programs.step(48).kernel_calls())
    if (!call.way.empty()) found.push_back(call.way);
  return found;
}

}  // namespace

TEST_CASE("a run by OpenBLAS goes on to the same bits, and says so where another computes its further steps") {
  if (Blas::find() == nullptr) return;
  const testing::Workplace place(wide);
  const auto plan = place.plan();
  CHECK(std::ranges::count(ways(*plan), Blas::find()->title()) >= 3);
  CHECK(std::ranges::count(ways(*place.plan({"trainer.blas=own"})), Blas::find()->title()) == 0);
  const Checkpoint last = testing::check_goes_on(place, *plan, 4);
  CHECK(last.state.arithmetic.ends_with(Blas::find()->title() + ", 2 threads"));

  const auto own = place.plan({"trainer.blas=own"});
  RunFolder folder = place.new_run(*own);
  testing::Record record;
  Trainer by_us(*own, {.folder = &folder, .observers = {&record}});
  by_us.resume(last);
  CHECK(std::ranges::count_if(record.warnings, [](const std::string& warning) {
          return warning.starts_with("its steps were computed by ") &&
                 warning.ends_with(": they differ in the last bits");
        }) == 1);
}

#if defined(__x86_64__)
TEST_CASE("a run by auto goes on as it began, though bench has found something else since") {
  const Blas* const blas = Blas::find();
  if (blas == nullptr) return;
  const testing::CacheHome home;
  const auto bench_found = [&](double gain) {
    ProductVerdicts verdicts;
    for (const char* product : {"48x96x36 nt epilogue", "48x64x96 nt epilogue", "96x36x48 tn"})
      verdicts.set(team_name(name_of(best_isa()), 2), product, "openblas", {blas->identity(), gain});
    verdicts.keep();
  };
  const testing::Workplace place(wide);
  const auto plan = place.plan({"trainer.blas=auto"});
  const auto by_library = [&] {
    int64_t count = 0;
    for (const std::string& way : ways(*plan)) count += way == blas->title() + "; OpenBLAS 1.20 x by bench";
    return count;
  };
  CHECK(by_library() == 0);
  bench_found(1.2);
  CHECK(by_library() == 3);
  RunFolder whole = place.new_run(*plan), stopped = place.new_run(*plan);
  Trainer uninterrupted(*plan, {.folder = &whole});
  uninterrupted.fit();
  testing::StopAfter stop(4);
  Trainer(*plan, {.folder = &stopped, .observers = {&stop}, .stop = &stop.stop}).fit();
  const Checkpoint last = *Checkpoints(stopped.paths().checkpoints()).newest({});
  CHECK(last.state.arithmetic.find(blas->title() + " for 3 products (") != std::string::npos);

  bench_found(0.8);
  CHECK(by_library() == 0);
  testing::Record record;
  Trainer resumed(*plan, {.folder = &stopped, .observers = {&record}});
  resumed.resume(last);
  resumed.fit();
  CHECK(testing::contents(resumed.store()) == testing::contents(uninterrupted.store()));
  CHECK(record.warnings.empty());

  // By own kernels it may be other bits, and is told.
  const auto own = place.plan({"trainer.blas=own"});
  RunFolder folder = place.new_run(*own);
  testing::Record by_us;
  Trainer other(*own, {.folder = &folder, .observers = {&by_us}});
  other.resume(last);
  CHECK(std::ranges::count_if(by_us.warnings, [&](const std::string& warning) {
          return warning.starts_with("its steps were computed by ") && warning.find('\n') == std::string::npos &&
                 warning.find(blas->title() + " for 3 products (") != std::string::npos;
        }) == 1);
}

TEST_CASE("where bench measured nothing, auto takes our own kernels on x86-64") {
  const testing::CacheHome home;
  const auto arithmetic = [](const std::string& blas) {
    return make_device("cpu", {.threads = 1, .blas = blas})->arithmetic();
  };
  CHECK(arithmetic("auto") == arithmetic("own"));
  if (Blas::find() != nullptr)
    CHECK(arithmetic("openblas") == arithmetic("own") + ", " + Blas::find()->title() + ", 1 thread");
}
#endif

}  // namespace dl
