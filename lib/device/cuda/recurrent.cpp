// Recurrent layers: a step is one kernel, product and gates together, where the rows are few; else a product of the
// states with the weight and a kernel for the gates of all rows. All steps are launched one after another; while a
// program is captured they become part of its graph.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/recurrent.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/kernels/recurrent.h"
#include "lib/device/cuda/product.h"
#include "lib/device/cuda/scratch.h"

namespace dl::cuda {
namespace {

struct Sizes {
  int64_t batch = 0, steps = 0, width = 0, hidden = 0;  // width: of all gates
  int64_t units() const { return batch * hidden; }
  int64_t gate_row() const { return steps * width; }
  int64_t state_row() const { return steps * hidden; }
};

Sizes sizes_of(const Shape& gates, const Shape& weight) { return {gates[0], gates[1], gates[2], weight[1]}; }

// So few rows and units that a step's time is what its launches and the way of its numbers to the blocks take.
bool joins(const Sizes& s) { return s.batch <= 64 && s.hidden <= 1024; }
// Of the batch in a lane of a joined step; there are four lanes.
int64_t lane_rows(const Sizes& s) { return std::min<int64_t>(8, ceil_div(s.batch, int64_t{4})); }

std::string kind_of(Cell cell) {
  const std::string_view kinds[] = {"rnn_tanh", "rnn_relu", "lstm", "gru"};
  return concat("CellKind::", kinds[static_cast<size_t>(cell)]);
}

constexpr int threads_of_step = 128;

template <class Arguments>
Launch<Arguments> step_of(CudaDevice& device, std::string_view kernel, Cell cell, const Sizes& s,
                          std::string arguments) {
  const KernelSource source{.header = "recurrent.h",
                            .call = concat(kernel, "<", kind_of(cell), ">"),
                            .arguments = std::move(arguments),
                            .threads = threads_of_step};
  const int64_t blocks = ceil_div(s.units(), int64_t{threads_of_step});
  return {device, source, {.x = static_cast<int>(blocks), .threads = threads_of_step}};
}

// `depth`: of the product, whose right factor has `columns` columns a unit.
template <class Arguments>
Launch<Arguments> joined_step_of(CudaDevice& device, std::string_view kernel, Cell cell, const Sizes& s, int64_t depth,
                                 int64_t columns, std::string arguments) {
  const int64_t rows = 4 * lane_rows(s);
  const KernelSource source{
      .header = "recurrent.h",
      .call = concat(kernel, "<", kind_of(cell), ", ", lane_rows(s), ", ", depth % 4 == 0 ? "true" : "false", ">"),
      .arguments = std::move(arguments),
      .threads = joined_warps * 32};
  Grid grid{.x = static_cast<int>(ceil_div(s.hidden, int64_t{joined_units})), .threads = source.threads};
  grid.y = static_cast<int>(ceil_div(s.batch, rows));
  const int64_t ring = 3 * (rows + joined_units * columns) * joined_pitch;
  const int64_t parts = joined_warps * rows * (joined_units * columns + 8);
  grid.shared_bytes = static_cast<int>(4 * std::max(ring, parts));
  return {device, source, grid};
}

// Bytes of which pointers to rows of so many floats are multiples, wherever the row.
int64_t alignment_of(int64_t floats) { return floats % 4 == 0 ? 16 : floats % 2 == 0 ? 8 : 4; }

const float* f32(std::span<void* const> buffers, size_t i) { return static_cast<const float*>(buffers[i]); }
float* f32_out(std::span<void* const> buffers, size_t i) { return static_cast<float*>(buffers[i]); }

class RecurrentKernel final : public Kernel {
 public:
  RecurrentKernel(const Recurrent& op, const Sizes& s, CudaDevice& device)
      : cell_(op.cell), reverse_(op.reverse), s_(s) {
    if (s.units() == 0 || s.steps == 0) return;
    if (joins(s)) {
      step_.emplace(joined_step_of<RecurrentStep>(device, "recurrent_step_joined", cell_, s, s.hidden, gates_of(cell_),
                                                  "RecurrentStep"));
      return;
    }
    first_.emplace(device, product(s, s.hidden));
    if (s.steps > 1) later_.emplace(device, product(s, s.state_row()));
    step_.emplace(step_of<RecurrentStep>(device, "recurrent_step", cell_, s, "RecurrentStep"));
    product_at_ = scratch_.floats(s.batch * s.width);
    workspace_at_ = scratch_.bytes(std::max(first_->scratch_bytes(), later_ ? later_->scratch_bytes() : 0));
  }

  int64_t scratch_bytes() const override { return scratch_.size_bytes(); }
  std::string way() const override { return first_ ? first_->way() : "joined"; }
  bool in_place(int in, int out) const override { return in == 0 && out == Recurrent::gates; }
  void unread(int output) override {
    if (output == Recurrent::before) before_ = false;
    if (output == Recurrent::gates) gates_ = false;
    if (output == Recurrent::kept && cell_ == Cell::gru) inner_ = false;
  }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    if (!step_) return;
    float* y = f32_out(out, Recurrent::y);
    float* kept = keeps_of(cell_) && inner_ ? f32_out(out, Recurrent::kept) : nullptr;
    float* sums = floats_at(scratch, product_at_);
    RecurrentStep p{.product = sums, .weight = f32(in, 1), .bias = cell_ == Cell::gru ? f32(in, 3) : nullptr};
    p.batch = static_cast<int>(s_.batch), p.hidden = static_cast<int>(s_.hidden);
    p.state_row = s_.state_row(), p.gate_row = s_.gate_row();
    for (int64_t k = 0; k < s_.steps; ++k) {
      const int64_t t = at(k);
      const bool begins = k == 0, ends = k + 1 == s_.steps;
      p.h = begins ? f32(in, 2) : y + at(k - 1) * s_.hidden;
      p.h_row = begins ? s_.hidden : s_.state_row();
      if (first_) (begins ? *first_ : *later_).run(p.h, in[1], sums, bytes_at(scratch, workspace_at_));
      p.x = f32(in, 0) + t * s_.width;
      p.y = y + t * s_.hidden;
      p.before = before_ ? f32_out(out, Recurrent::before) + t * s_.hidden : nullptr;
      p.gates = gates_ ? f32_out(out, Recurrent::gates) + t * s_.width : nullptr;
      p.kept = kept ? kept + t * s_.hidden : nullptr;
      p.last = ends ? f32_out(out, Recurrent::last) : nullptr;
      if (cell_ == Cell::lstm) {
        p.cell = begins ? f32(in, 3) : kept + at(k - 1) * s_.hidden;
        p.cell_row = p.h_row;
        p.last_cells = ends ? f32_out(out, Recurrent::last_cells) : nullptr;
      }
      (*step_)(p);
    }
  }

 private:
  static ProductShape product(const Sizes& s, int64_t state_row) {
    ProductShape shape{.m = s.batch, .n = s.width, .k = s.hidden, .transpose_b = true};
    shape.a_row = state_row;
    shape.alignment = alignment_of(s.hidden);
    return shape;
  }
  int64_t at(int64_t k) const { return reverse_ ? s_.steps - 1 - k : k; }

  const Cell cell_;
  const bool reverse_;
  const Sizes s_;
  std::optional<Product> first_, later_;  // none where a step contains its product
  std::optional<Launch<RecurrentStep>> step_;
  ScratchPlan scratch_;
  int64_t product_at_ = 0, workspace_at_ = 0;
  bool before_ = true, gates_ = true, inner_ = true;  // whether somebody reads them
};

class RecurrentGradKernel final : public Kernel {
 public:
  RecurrentGradKernel(const RecurrentGrad& op, const Sizes& s, CudaDevice& device)
      : cell_(op.cell), reverse_(op.reverse), s_(s), product_(device, product(s)) {
    size_t next = 3 + (keeps_of(cell_) ? 1 : 0) + (cell_ == Cell::lstm ? 1 : 0);
    if (op.from_y) y_at_ = next++;
    if (op.from_last) last_at_ = next++;
    if (op.from_cells) cells_at_ = next++;
    if (s.units() > 0 && s.steps > 0)
      step_.emplace(joins(s)
                        ? joined_step_of<RecurrentGradStep>(device, "recurrent_grad_step_joined", cell_, s, s.width, 1,
                                                            "RecurrentGradStep")
                        : step_of<RecurrentGradStep>(device, "recurrent_grad_step", cell_, s, "RecurrentGradStep"));
  }

  int64_t scratch_bytes() const override { return product_.scratch_bytes(); }
  std::string way() const override { return joins(s_) ? "joined" : product_.way(); }
  bool in_place(int in, int out) const override { return in == 0 && out == 0; }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    if (!step_) return;
    float *dx = f32_out(out, 0), *dh = f32_out(out, 1);
    float* of_state = cell_ == Cell::gru ? f32_out(out, 2) : dx;
    RecurrentGradStep p{.weight = f32(in, 2)};
    p.batch = static_cast<int>(s_.batch), p.hidden = static_cast<int>(s_.hidden);
    p.state_row = s_.state_row(), p.gate_row = s_.gate_row();
    p.dh = last_at_ > 0 ? f32(in, last_at_) : nullptr;
    p.dc = cells_at_ > 0 ? f32(in, cells_at_) : nullptr;
    for (int64_t k = s_.steps - 1; k >= 0; --k) {
      const int64_t t = at(k), state = t * s_.hidden;
      p.gates = f32(in, 0) + t * s_.width;
      p.dy = y_at_ > 0 ? f32(in, y_at_) + state : nullptr;
      p.dx = dx + t * s_.width;
      if (keeps_of(cell_)) p.kept = f32(in, 3) + state;
      if (cell_ == Cell::lstm) {
        p.cell = k == 0 ? f32(in, 4) : f32(in, 3) + at(k - 1) * s_.hidden;
        p.cell_row = k == 0 ? s_.hidden : s_.state_row();
        p.dc_before = f32_out(out, 2);
      } else if (cell_ == Cell::gru) {
        p.before = f32(in, 1) + state;
        p.of_state = of_state + t * s_.width;
        p.through = dh;
      }
      (*step_)(p);
      // A joined step makes the product of the step before it, so that the last one's is left.
      const float* factor = of_state + t * s_.width;
      if (!joins(s_) || k == 0) product_.run(factor, in[2], dh, scratch, cell_ == Cell::gru);
      p.of_next = joins(s_) ? factor : nullptr;
      p.dh = joins(s_) && cell_ != Cell::gru ? nullptr : dh;
      p.dc = p.dc_before;
    }
  }

 private:
  static ProductShape product(const Sizes& s) {
    ProductShape shape{.m = s.batch, .n = s.hidden, .k = s.width};
    shape.a_row = s.gate_row();
    shape.alignment = alignment_of(s.width);
    return shape;
  }
  int64_t at(int64_t k) const { return reverse_ ? s_.steps - 1 - k : k; }

  const Cell cell_;
  const bool reverse_;
  const Sizes s_;
  const Product product_;
  std::optional<Launch<RecurrentGradStep>> step_;
  size_t y_at_ = 0, last_at_ = 0, cells_at_ = 0;  // the inputs, 0 where there is none
};

std::unique_ptr<Kernel> make_recurrent(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                       CudaDevice& device) {
  return std::make_unique<RecurrentKernel>(dynamic_cast<const Recurrent&>(op),
                                           sizes_of(inputs[0].shape, inputs[1].shape), device);
}

std::unique_ptr<Kernel> make_recurrent_grad(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                            CudaDevice& device) {
  return std::make_unique<RecurrentGradKernel>(dynamic_cast<const RecurrentGrad&>(op),
                                               sizes_of(inputs[0].shape, inputs[2].shape), device);
}

DL_CUDA_KERNEL("recurrent", make_recurrent);
DL_CUDA_KERNEL("recurrent_grad", make_recurrent_grad);

}  // namespace
}  // namespace dl::cuda
