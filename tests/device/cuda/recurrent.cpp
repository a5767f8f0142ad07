// Recurrent layers on the emulated device against the reference device, their products by either way.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/recurrent.h"

#include <doctest/doctest.h>

#include "tests/device/cuda/run_kernel.h"

using namespace dl;
using namespace dl::cuda;
using dl::testing::Numbers;

namespace {

struct Sizes {
  int64_t batch, steps, hidden;
};

std::vector<Numbers> random_inputs(const std::vector<Type>& types, uint64_t seed) {
  std::vector<Numbers> inputs;
  for (size_t i = 0; i < types.size(); ++i)
    inputs.push_back(testing::random_numbers(types[i].shape.elements(), seed + i, -0.8f, 0.8f));
  return inputs;
}

void check_op(const Op& op, const std::vector<Type>& types) {
  const std::vector<Numbers> inputs = random_inputs(types, 3);
  const std::unique_ptr<Device> reference = make_device("reference", {});
  const std::vector<Numbers> expected = outputs_of_op(*reference, op, types, inputs);
  for (const bool libraries : {false, true}) {
    CAPTURE(libraries);
    std::vector<Numbers> made[2];
    for (unsigned seed = 0; seed < 2; ++seed) {
      const auto device = make_emulated_device({}, {.seed = seed}, {.cublas_lt = libraries});
      made[seed] = outputs_of_op(*device, op, types, inputs);
    }
    CHECK(made[0] == made[1]);
    testing::check_agree(made[0], expected, 2e-6);
  }
}

void check(Cell cell, const Sizes& s, bool reverse) {
  CAPTURE(static_cast<int>(cell));
  CAPTURE(s.steps);
  const int64_t width = gates_of(cell) * s.hidden;
  const Type state{DType::f32, {s.batch, s.hidden}}, states{DType::f32, {s.batch, s.steps, s.hidden}};
  const Type gates{DType::f32, {s.batch, s.steps, width}}, weight{DType::f32, {width, s.hidden}};
  std::vector<Type> types{gates, weight, state};
  if (cell == Cell::lstm) types.push_back(state);
  if (cell == Cell::gru) types.push_back({DType::f32, {width}});
  check_op(Recurrent(cell, reverse), types);
  for (const bool from_last : {false, true}) {
    std::vector<Type> of_gradient{gates, states, weight};
    if (keeps_of(cell)) of_gradient.push_back(states);
    if (cell == Cell::lstm) of_gradient.push_back(state);
    of_gradient.push_back(from_last ? state : states);
    if (cell == Cell::lstm && from_last) of_gradient.push_back(state);
    check_op(RecurrentGrad(cell, reverse, !from_last, from_last, cell == Cell::lstm && from_last), of_gradient);
  }
}

}  // namespace

TEST_CASE("recurrent layers and their gradients agree with the reference device") {
  for (const Cell cell : {Cell::rnn_tanh, Cell::rnn_relu, Cell::lstm, Cell::gru}) {
    check(cell, {.batch = 3, .steps = 4, .hidden = 5}, false);
    check(cell, {.batch = 2, .steps = 3, .hidden = 8}, true);
    check(cell, {.batch = 1, .steps = 1, .hidden = 1}, false);
  }
  check(Cell::lstm, {.batch = 35, .steps = 2, .hidden = 66}, false);  // two blocks of rows, more than one step of depth
  for (const Cell cell : {Cell::lstm, Cell::gru})                     // products of their own
    check(cell, {.batch = 66, .steps = 3, .hidden = 3}, cell == Cell::gru);
}

TEST_CASE("what nobody reads of a recurrent layer is not written") {
  const Recurrent op(Cell::gru, false);
  const std::vector<Type> types{
      {DType::f32, {2, 3, 12}}, {DType::f32, {12, 4}}, {DType::f32, {2, 4}}, {DType::f32, {12}}};
  const std::vector<Numbers> inputs = random_inputs(types, 9);
  const auto device = make_emulated_device({});
  const std::vector<Numbers> all = outputs_of_op(*device, op, types, inputs);
  const auto kernel = device->compile(op, types, op.infer(types));
  for (const int output : {Recurrent::before, Recurrent::gates, Recurrent::kept}) kernel->unread(output);
  const std::vector<Numbers> some = outputs_of_kernel(*device, *kernel, types, inputs, op.infer(types));
  CHECK(some[Recurrent::y] == all[Recurrent::y]);
  CHECK(some[Recurrent::last] == all[Recurrent::last]);
  for (const int output : {Recurrent::before, Recurrent::gates, Recurrent::kept})
    CHECK(std::isnan(some[static_cast<size_t>(output)][0]));
}
