// Runs whose parameters are kept in bf16: what their checkpoints hold, that they go on, what is evaluated.
#include <doctest/doctest.h>

#include "lib/interop/safetensors.h"
#include "lib/train/evaluate.h"
#include "tests/train/fixture.h"

namespace dl {
namespace {

const std::vector<std::string> narrow{"trainer.precision=bf16-true", "trainer.device=cpu", "trainer.threads=2"};

}  // namespace

TEST_CASE(
    "a run in bf16-true keeps its weights as BF16 and its optimizer's state as F32, and goes on to the same bits") {
  const test::Workplace place;
  const auto plan = place.plan(narrow);
  RunFolder whole = place.new_run(*plan), stopped = place.new_run(*plan);
  Trainer uninterrupted(*plan, {.folder = &whole});
  uninterrupted.fit();
  test::StopAfter stop(11);
  Trainer(*plan, {.folder = &stopped, .observers = {&stop}, .stop = &stop.stop}).fit();
  const Checkpoint last = *Checkpoints(stopped.paths().checkpoints()).newest({});
  const SafetensorsFile weights(last.weights()), state(last.optimizer());
  for (const auto& [name, entry] : weights.tensors())
    CHECK(entry.dtype == (name.find("running_") == std::string::npos ? "BF16" : "F32"));
  for (const auto& [name, entry] : state.tensors()) CHECK(entry.dtype == "F32");
  Trainer resumed(*plan, {.folder = &stopped});
  resumed.resume(last);
  resumed.fit();
  CHECK(test::contents(resumed.store()) == test::contents(uninterrupted.store()));
}

TEST_CASE("what a run in bf16-true validates is what its checkpoint gives, with an average of the weights too") {
  for (const bool averaged : {false, true}) {
    const test::Workplace place;
    std::vector<std::string> sets = narrow;
    if (averaged) sets.push_back("trainer.ema=0.9");
    const auto plan = place.plan(sets);
    RunFolder folder = place.new_run(*plan);
    test::Record record;
    Trainer(*plan, {.folder = &folder, .observers = {&record}}).fit();
    const Checkpoint last = *Checkpoints(folder.paths().checkpoints()).newest({});
    CHECK(Inference(*plan, last).evaluate("val").values.at(0).value == record.validations.back().values.at(0).value);
  }
}

}  // namespace dl
