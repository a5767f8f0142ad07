// Who is told what happens in a run: those that the trainer was given, and once there is a folder what is kept there.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/train/kept/observer.h"
#include "lib/train/kept/run_folder.h"
#include "lib/train/kept/run_log.h"
#include "lib/train/kept/run_state.h"
#include "lib/train/kept/tensorboard_log.h"
#include "lib/train/plan/plan.h"

namespace dl {

class Listeners {
 public:
  explicit Listeners(std::vector<Observer*> observers) : all_(std::move(observers)) {}
  Listeners(const Listeners&) = delete;  // its logs warn through it
  Listeners& operator=(const Listeners&) = delete;

  // Each, one after another: tell(&Observer::stepped, step).
  template <class Event>
  void tell(void (Observer::*of)(const Event&), const Event& event) {
    for (Observer* one : all_) (one->*of)(event);
  }
  void warn(const std::string& text) { tell(&Observer::warned, text); }

  // From now on the logs, the record and what TensorBoard reads are kept there, and told before and behind the others.
  void keep_in(const RunFolder& folder, const Plan& plan);
  // Null before; the last also where the config does not ask for it.
  RunLog* log() { return log_ ? &*log_ : nullptr; }
  RunRecord* record() { return record_ ? &*record_ : nullptr; }
  TensorBoardLog* board() { return board_ ? &*board_ : nullptr; }

 private:
  std::vector<Observer*> all_;
  std::optional<RunLog> log_;
  std::optional<TensorBoardLog> board_;
  std::optional<RunRecord> record_;
};

}  // namespace dl
