// Axes in a spec, and moving what lies along them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "lib/nn/layer.h"

namespace dl {

// How axes are counted, for a key's help.
constexpr const char* axis_help = "1 is the first behind the batch, -1 the last";

// The axis of x that a spec's number names; ShapeError where it is the batch or there is none. With `more` axes that x
// does not have yet.
int axis_of(const Shape& x, int64_t axis, int more = 0);

// x at these places of an axis, in this order; places may be missing or come several times. Very many of a long axis in
// an order of their own are a ShapeError.
Value take(Value x, int axis, const std::vector<int64_t>& places);
// The places of an axis moved on by so many, those that fall out coming in at the other end: y[(i + by) mod n] = x[i].
Value rolled(Value x, int axis, int64_t by);
// The product of an axis of x with a matrix [wanted, size of the axis], as a value or given row by row.
Value along_axis(Value x, int axis, Value matrix);
Value along_axis(Value x, int axis, int64_t wanted, std::vector<float> matrix);

// ShapeError while a sequence is made position by position: the layer looks at others.
void refuse_decoding(const Builder& b, const std::string& layer);

}  // namespace dl
