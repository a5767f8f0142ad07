// Predictions as the mean over several views of each image.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>

#include "lib/base/random.h"
#include "lib/train/inference/evaluate.h"
#include "tests/npy.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

constexpr int64_t view_samples = 12, image_side = 4, crop_side = 2;

// A linear model of crops of 2 x 2, trained for a step.
struct ViewedRun : Workplace {
  ViewedRun()
      : Workplace(R"(
data:
  train: {format: npy, fields: {x: x.npy, y: y.npy}}
  validation: {last: 6}
  batch_size: 3
  transforms: [{random_crop: 2}]
model: [flatten, linear: 1]
loss: mse
metrics: [mae]
optimizer: {sgd: {lr: 0.01}}
trainer: {max_steps: 1, device: cpu}
)") {
    std::vector<float> y;
    for (uint64_t i = 0; i < view_samples * image_side * image_side; ++i)
      x.push_back(static_cast<float>(random_bits(3, 0, i) % 64) / 16);
    for (uint64_t i = 0; i < view_samples; ++i) y.push_back(static_cast<float>(random_bits(3, 1, i) % 8));
    write("x.npy", npy("<f4", "(12, 4, 4, 1)", bytes(x)));
    write("y.npy", npy("<f4", "(12,)", bytes(y)));
    const auto trained = plan();
    RunFolder folder = new_run(*trained);
    Trainer trainer(*trained, {.folder = &folder});
    trainer.fit();
    const std::vector<float> flat = trainer.store().read("parameters");
    for (const Tensor& tensor : trained->network->tensors())
      (tensor.path.ends_with("weight") ? weight : bias)
          .assign(flat.begin() + tensor.offset, flat.begin() + tensor.offset + tensor.shape.elements());
    checkpoint = Checkpoints(folder.paths().checkpoints()).find("last", {});
  }

  // Of the window at a place of sample `i`, mirrored where asked.
  double of_window(int64_t i, int64_t top, int64_t left, bool left_right, bool up_down) const {
    double sum = double{bias[0]};
    for (int64_t r = 0; r < crop_side; ++r)
      for (int64_t c = 0; c < crop_side; ++c) {
        const int64_t row = up_down ? crop_side - 1 - r : r, column = left_right ? crop_side - 1 - c : c;
        const int64_t at = (i * image_side + top + row) * image_side + left + column;
        sum += double{weight[static_cast<size_t>(r * crop_side + c)]} * double{x[static_cast<size_t>(at)]};
      }
    return sum;
  }

  std::vector<float> x, weight, bias;
  Checkpoint checkpoint;
};

}  // namespace

TEST_CASE("predictions are the mean over the views that test_time names, in eval and predict alike") {
  const ViewedRun run;
  struct Case {
    std::string names;
    std::vector<std::pair<int64_t, int64_t>> windows;
    bool left_right = false, up_down = false;
  };
  const std::vector<std::pair<int64_t, int64_t>> middle{{1, 1}}, five{{1, 1}, {0, 0}, {0, 2}, {2, 0}, {2, 2}};
  for (const auto& [names, windows, left_right, up_down] :
       {Case{"[]", middle}, Case{"horizontal_flip", middle, true},
        Case{"[horizontal_flip, vertical_flip]", middle, true, true}, Case{"five_crop", five},
        Case{"ten_crop", five, true}, Case{"[five_crop, vertical_flip]", five, false, true}}) {
    CAPTURE(names);
    for (const std::string device : {"reference", "cpu"}) {
      const auto opened = plan_from(run.checkpoint.resolved(), {"data.test_time=" + names, "trainer.device=" + device});
      Inference inference(*opened, run.checkpoint);
      double error = 0;
      const auto check = [&, &windows = windows, left_right = left_right, up_down = up_down](const Prediction& p) {
        double sum = 0;
        int views = 0;
        for (const auto& [top, left] : windows)
          for (const bool across : {false, true})
            for (const bool over : {false, true}) {
              if ((across && !left_right) || (over && !up_down)) continue;
              sum += run.of_window(p.index + 6, top, left, across, over);
              ++views;
            }
        CHECK(double{p.output[0]} == doctest::Approx(sum / views).epsilon(1e-5));
        if (!p.target_values.empty()) error += std::abs(sum / views - p.target_values[0]) / 6;
      };
      const dl::Evaluation val = inference.evaluate("val", check);
      CHECK(val.samples == 6);
      CHECK(val.values[1].value == doctest::Approx(error).epsilon(1e-4));
      int64_t predicted = 0;
      inference.predict(opened->data.validation, [&](const Prediction& p) { ++predicted, check(p); });
      CHECK(predicted == 6);
    }
  }
}

TEST_CASE("views are refused where there is nothing to crop, and of outputs that have places") {
  const ViewedRun run;
  CHECK(
      run.refusal({"data.test_time=five_crop", "data.transforms=[]"}) ==
      "error: --set data.test_time=five_crop: data.test_time: no crop of 'transforms' leaves anything of the image out "
      "at its corners\n"
      "  help: write 'transforms: [resize: [256, 256], random_crop: 224]', or 'test_time: horizontal_flip'");
  CHECK(run.refusal({"data.test_time=horizontal_flip", "model=[{conv2d: {out_channels: 1, kernel_size: 1}}]"})
            .find("expected an output of the image as a whole, got one of its places") != std::string::npos);
  CHECK(run.refusal({"data.test_time=upside_down"}).find("expected") != std::string::npos);
}
