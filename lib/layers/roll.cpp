// Roll: the places of axes moved on, the last that fall out at the end coming in at the beginning, as torch.roll has it
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"
#include "lib/spec/one_or_more.h"

namespace dl {
namespace {

struct Roll final : Layer {
  OneOrMore<int64_t> shifts, axes{{1}};

  void describe(Schema& s) override {
    s.summary("moves the places of axes on, those that fall out coming in at the other end");
    s.also_known_as({"circular_shift", "cyclic_shift"});
    s.required("shifts", shifts, "by how many places; below 0 towards the beginning").positional().known_as({"shift"});
    s.optional("axes", axes, axis_help).known_as({"dims", "axis"});
    s.example("roll: 1");
    s.example("roll: {shifts: [-2, 3], axes: [1, -1]}");
    s.check([this](const Report& report) {
      if (shifts.values.size() != axes.values.size())
        report.at("axes",
                  concat("expected as many axes as shifts, ", shifts.values.size(), ", got ", axes.values.size()),
                  "name an axis for each shift: {shifts: [1, 2], axes: [1, 2]}");
    });
  }

  Value build(Builder& b, Value x) const override {
    for (size_t i = 0; i < axes.values.size(); ++i) {
      const int along = axis_of(x.shape(), axes.values[i]);
      if (along == 1 && x.shape().rank() > 2) refuse_decoding(b, name);
      x = rolled(x, along, shifts.values[i]);
    }
    return x;
  }
};
DL_LAYER(Roll, "roll");

}  // namespace
}  // namespace dl
