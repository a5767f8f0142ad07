// Checkpoints of a few tensors, without a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/train/kept/checkpoint.h"
#include "lib/train/programs/measures.h"
#include "tests/train/fixture.h"

namespace dl::testing {

inline void no_measures(const Append& append) { write_measures({}, append); }

// A store with a weight, a bias, a buffer and Adam's state, without a network.
struct Weights {
  Weights() : device(make_device("reference", {})), store(*device) {
    tensors = {{"0.weight", {2, 3}, true, 0, "linear", nullptr},
               {"0.bias", {2}, true, 16, "linear", nullptr},
               {"1.running_mean", {2}, false, 0, "batch_norm", nullptr}};
    store.declare({"parameters", {DType::f32, {32}}, Role::parameter});
    for (const char* name : {"exp_avg", "exp_avg_sq"}) store.declare({name, {DType::f32, {32}}, Role::optimizer_state});
    store.declare({"1.running_mean", {DType::f32, {2}}});
  }
  void fill(float x) {
    for (const Variable& v : store.variables()) {
      std::vector<float> values(static_cast<size_t>(v.type.shape.elements()), 0);
      for (size_t i = 0; i < values.size(); ++i)
        if (i < 6 || (i >= 16 && i < 18)) values[i] = x += 0.25f;  // the gaps stay 0
      store.write(v.name, values.data(), static_cast<int64_t>(values.size()));
    }
  }
  TrainState state(int64_t step) const {
    TrainState s;
    s.step = step;
    s.best_step = 2;
    s.monitor = "val/loss";
    return s;
  }
  Checkpoint save(const Checkpoints& checkpoints, int64_t step) {
    fill(static_cast<float>(step));
    return checkpoints.save(state(step), tensors, store, "name: small\n", no_measures);
  }

  std::unique_ptr<Device> device;
  Store store;
  Tensors tensors;
};

inline void none_passed_over(const std::string& line) { FAIL(line); }

inline std::vector<std::string> names(const std::filesystem::path& folder) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) out.push_back(entry.path().filename());
  std::ranges::sort(out);
  return out;
}

}  // namespace dl::testing
