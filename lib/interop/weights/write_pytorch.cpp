// Writing .pt files and Lightning's .ckpt.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/training_state.h"
#include "lib/interop/weights/python_value.h"

namespace dl {
namespace {

class PytorchWriter : public WeightsWriter {
 public:
  std::string ending() const override { return ".pt"; }
  std::string name() const override { return "PyTorch"; }
  bool has(ElementType type) const override { return torch_has(type); }
  bool has_training() const override { return true; }
  void write(const Tensors& tensors, const Append& append) const override {
    write_torch_archive(state_dict(tensors), append);
  }
  void write_training(const Tensors& tensors, const TrainingState& training, const Append& append) const override {
    write_torch_archive(torch_checkpoint(tensors, training), append);
  }
};
DL_WEIGHTS_WRITER(PytorchWriter);

struct PthWriter final : PytorchWriter {
  std::string ending() const override { return ".pth"; }
};
DL_WEIGHTS_WRITER(PthWriter);

class LightningWriter final : public PytorchWriter {
 public:
  std::string ending() const override { return ".ckpt"; }
  std::string name() const override { return "Lightning"; }
  bool always_has_training() const override { return true; }
  void write(const Tensors& tensors, const Append& append) const override { write_training(tensors, {}, append); }
  void write_training(const Tensors& tensors, const TrainingState& training, const Append& append) const override {
    write_torch_archive(lightning_checkpoint(tensors, training), append);
  }
};
DL_WEIGHTS_WRITER(LightningWriter);

}  // namespace
}  // namespace dl
