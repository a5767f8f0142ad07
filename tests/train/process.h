// Runs of the trainer as processes have them: begun, stopped, resumed.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/train/fixture.h"

namespace dl::testing {

using Contents = std::map<std::string, std::vector<float>>;

struct Run {
  RunFinished end;
  Contents contents;
  Record record;
};

// One process's part of a run: new, or resumed from the newest checkpoint of `folder`; stopped after `stop_after`.
inline Run train(Plan& plan, RunFolder* folder, int64_t stop_after = -1, bool resumed = false) {
  Run run;
  StopAfter stop(stop_after);
  Trainer trainer(plan, {.folder = folder, .observers = {&run.record, &stop}, .stop = &stop.stop});
  if (resumed) {
    const auto newest = Checkpoints(folder->paths().checkpoints()).newest([](const std::string& line) { FAIL(line); });
    REQUIRE(newest);
    trainer.resume(*newest);
  }
  run.end = trainer.fit();
  run.contents = contents(trainer.store());
  return run;
}

}  // namespace dl::testing
