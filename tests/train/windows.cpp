// Models of windows over sequences, images and volumes, from the config to what they have learnt.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "lib/data/reader.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

constexpr int64_t size_of_axis = 6;

// Noise [6, …, 1] over one to three axes, brighter in one half of the first, which is the class.
class Halves final : public Dataset {
 public:
  explicit Halves(int64_t axes) : fields_{{"x", {DType::f32, Shape(sizes(axes))}}, {"y", {DType::i32, {}}, 2}} {}
  int64_t size() const override { return 64; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return 3; }
  void get(int64_t index, Sample& into) const override {
    const auto label = static_cast<int32_t>(index % 2);
    const int64_t count = fields_[0].type.shape.elements();
    std::vector<float> x(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i)
      x[static_cast<size_t>(i)] =
          random_uniform(5, static_cast<uint64_t>(i), static_cast<uint64_t>(index)) + (2 * i / count == label ? 1 : 0);
    std::memcpy(into.fields[0], x.data(), x.size() * sizeof(float));
    std::memcpy(into.fields[1], &label, sizeof label);
  }

 private:
  static std::vector<int64_t> sizes(int64_t axes) {
    std::vector<int64_t> all(static_cast<size_t>(axes), size_of_axis);
    all.push_back(1);
    return all;
  }
  const std::vector<SampleField> fields_;
  const std::vector<std::string> classes_{"first", "second"};
};

struct HalvesReader final : Reader {
  int64_t axes = 1;
  void describe(Schema& s) override {
    s.summary("for this test");
    s.required("axes", axes, "of a sample");
  }
  DatasetPointer open(const Folders&) const override { return std::make_shared<Halves>(axes); }
};
DL_READER(HalvesReader, "halves");

std::string windows_config(int axes, const std::string& model) {
  std::string text = "data: {train: {format: halves, axes: N}, batch_size: 16}\nmodel:\n" + model +
                     "optimizer: {adam: {lr: 0.02}}\ntrainer: {max_epochs: 10}\n";
  for (size_t at; (at = text.find("N")) != std::string::npos;) text.replace(at, 1, std::to_string(axes));
  return text;
}

// Of each step, the same on both devices.
std::vector<double> losses_of(const std::string& config) {
  const Workplace place(config);
  std::vector<std::vector<double>> of_device;
  for (const char* device : {"reference", "cpu"}) {
    Record record;
    const auto plan = place.plan({std::string("trainer.device=") + device});
    Trainer(*plan, {.observers = {&record}}).fit();
    of_device.push_back(record.losses);
  }
  REQUIRE(of_device[0].size() == 40);
  for (size_t i = 0; i < of_device[0].size(); ++i)
    CHECK(of_device[1][i] == doctest::Approx(of_device[0][i]).epsilon(1e-3));
  return of_device[1];
}

double mean_of_last(const std::vector<double>& losses) {
  double sum = 0;
  for (size_t i = losses.size() - 4; i < losses.size(); ++i) sum += losses[i];
  return sum / 4;
}

}  // namespace

TEST_CASE("convolutions and pools over one, two and three axes learn to tell classes apart") {
  for (int axes = 1; axes <= 3; ++axes) {
    CAPTURE(axes);
    const std::vector<double> losses = losses_of(windows_config(axes, R"(
  - convNd: {out_channels: 4, kernel_size: 3, padding: same}
  - relu
  - max_poolNd: 2
  - conv_transposeNd: {out_channels: 3, kernel_size: 3, stride: 2, padding: same}
  - relu
  - avg_poolNd: {kernel_size: 3, stride: 2}
  - flatten
  - linear: ${data.classes}
loss: cross_entropy
)"));
    CHECK(losses.front() > 0.5);
    CHECK(mean_of_last(losses) < 0.2);
  }
}

TEST_CASE("global pools over one, two and three axes learn what is in channels") {
  for (int axes = 1; axes <= 3; ++axes) {
    for (const std::string pool : {"avg", "max"}) {
      if (pool == "max" && axes > 1) continue;
      CAPTURE(axes);
      CAPTURE(pool);
      const std::vector<double> losses = losses_of(windows_config(axes, R"(
  - convNd: {out_channels: 6, kernel_size: 5, padding: 1, stride: 2}
  - relu
  - global_)" + pool + R"(_poolNd
  - linear: ${data.classes}
loss: cross_entropy
)"));
      CHECK(mean_of_last(losses) < 0.9 * losses.front());
    }
  }
}

TEST_CASE("a metric that does not fit its target is told of that which the loss reads") {
  const Workplace place(windows_config(1,
                                       "  - conv1d: {out_channels: 1, kernel_size: 3, padding: same}\n"
                                       "loss: {mse: {target: x}}\nmetrics: [rmse]\n"));
  CHECK(place.refusal() ==
        "error: small.yaml:5:11: metrics[0] (rmse): expected numbers as targets, the data's are classes: i32 []\n"
        "  help: write 'rmse: {target: x}', which is what the loss reads");
}

TEST_CASE("an encoder and a decoder of windows learn to give back what they were given") {
  for (int axes = 1; axes <= 3; ++axes) {
    CAPTURE(axes);
    const std::vector<double> losses = losses_of(windows_config(axes, R"(
  - convNd: {out_channels: 4, kernel_size: 3, stride: 2, padding: same}
  - relu
  - convNd: {out_channels: 6, kernel_size: 2}
  - relu
  - conv_transposeNd: {out_channels: 4, kernel_size: 2}
  - relu
  - conv_transposeNd: {out_channels: 1, kernel_size: 4, stride: 2, padding: 1}
loss: {mse: {target: x}}
)"));
    CHECK(mean_of_last(losses) < 0.4 * losses.front());
  }
}
