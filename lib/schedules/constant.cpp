// The learning rate as it is given
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/warmup.h"

namespace dl {
namespace {

struct ConstantSchedule final : WarmupSchedule {
  void describe(Schema& s) override {
    s.summary("the learning rate stays as it is, after a warm-up where asked");
    describe_warmup(s);
    s.example("constant: {warmup: 500 steps}");
  }
  bool stays() const override { return true; }
  double after(double, double, const Progress&) const override { return 1; }
};
DL_SCHEDULE(ConstantSchedule, "constant");

}  // namespace
}  // namespace dl
