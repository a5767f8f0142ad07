// The learning rate as it is given, or a part of it, as PyTorch's ConstantLR has it
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/warmup.h"

namespace dl {
namespace {

struct ConstantSchedule final : WarmupSchedule {
  double scale = 1;

  void describe(Schema& s) override {
    s.summary("the learning rate stays as it is, after a warm-up where asked");
    s.also_known_as({"ConstantLR"});
    s.optional("factor", scale, "on the learning rate: for a part of a 'sequence'").above(0).at_most(1);
    describe_warmup(s);
    s.example("constant: {warmup: 500 steps}");
    s.example("constant: {factor: 0.1}");
  }
  bool stays() const override { return true; }
  double after(double, double, const Progress&) const override { return scale; }
};
DL_SCHEDULE(ConstantSchedule, "constant");

}  // namespace
}  // namespace dl
