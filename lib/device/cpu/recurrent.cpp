// Recurrent layers on the CPU: a step is one product of the states with the weight, which is packed once for all steps,
// and the gates of the rows while they are in cache. The team divides the rows of the batch, which need nothing of each
// other, or, where the rows are few or the weight too large for a cache, the units, and then meets after each step.
// An element's bits do not depend on the division, see simd/gemm.h.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/recurrent.h"

#include <algorithm>

#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/kept_weight.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/gemm.h"
#include "lib/device/cpu/simd/recurrent.h"

namespace dl {
namespace {

struct Sizes {
  int64_t batch = 0, steps = 0, width = 0, hidden = 0;  // width: of all gates
  int64_t gates(int64_t row, int64_t t) const { return (row * steps + t) * width; }
  int64_t state(int64_t row, int64_t t) const { return (row * steps + t) * hidden; }
};

// How the team divides a step: rows times units.
class Division {
 public:
  Division(const Sizes& s, int threads, int64_t unit) : sizes_(s), unit_(unit) {
    constexpr double close_bytes = 768 << 10;         // a weight of this size stays close to its core
    constexpr double close = 1.0 / 8, far = 1.0 / 2;  // time of a float of the weight, in multiply-adds of 16 lanes
    constexpr double meeting = 6000;                  // and of a meeting of the team
    double best = 0;
    for (int rows = 1; rows <= threads; ++rows) {
      const int units = threads / rows;
      const double work = static_cast<double>(split(s.hidden, units, 0, unit).end) * static_cast<double>(s.width);
      const double products = work * static_cast<double>(split(s.batch, rows, 0).end) / 16;
      const double cost = products + work * (work * 4 <= close_bytes ? close : far) + (units > 1 ? meeting : 0);
      if (rows > 1 && cost >= best) continue;
      best = cost;
      row_parts_ = rows;
      unit_parts_ = units;
    }
  }

  int parts() const { return row_parts_ * unit_parts_; }
  int unit_parts() const { return unit_parts_; }
  Range rows(int part) const { return split(sizes_.batch, row_parts_, part / unit_parts_); }
  Range units(int part) const { return split(sizes_.hidden, unit_parts_, part % unit_parts_, unit_); }

  // f(rows, units' part, k) for each step k in order, everywhere before the next where the units are divided.
  template <class F>
  void run(ThreadTeam& team, F f) const {
    const auto mine = [&](int part, int64_t begin, int64_t end) {
      if (part >= parts() || rows(part).empty() || units(part).empty()) return;
      for (int64_t k = begin; k < end; ++k) f(rows(part), part % unit_parts_, k);
    };
    if (unit_parts_ == 1) {
      team.run([&](int thread) { mine(thread, 0, sizes_.steps); });
    } else {
      for (int64_t k = 0; k < sizes_.steps; ++k) team.run([&](int thread) { mine(thread, k, k + 1); });
    }
  }

 private:
  const Sizes sizes_;
  const int64_t unit_;
  int row_parts_ = 1, unit_parts_ = 1;
};

// The products of one part of the units, each with a packed matrix of its own.
struct Packed {
  Gemm shape;      // B in the weight, from its first element on; columns and depth
  int64_t at = 0;  // in the working memory, floats
  int64_t gate = 0;
};

class Weights {
 public:
  Weights(const GemmKernels& kernels) : kernels_(kernels) {}
  void add(Gemm shape, int64_t weight_offset, int64_t gate) {
    all_.push_back({shape, floats_, gate});
    offsets_.push_back(weight_offset);
    floats_ += (kernels_.packed_floats(shape.columns, shape.depth) + 15) / 16 * 16;
  }
  int64_t floats() const { return floats_; }
  const Packed& operator[](size_t i) const { return all_[i]; }

  void pack(ThreadTeam& team, const float* weight, float* packed) const {
    team.run([&](int thread) {
      for (size_t i = 0; i < all_.size(); ++i) {
        Gemm g = all_[i].shape;
        g.b = weight + offsets_[i];
        const Range columns = split(g.columns, team.size(), thread, kernels_.pack_unit);
        if (!columns.empty()) kernels_.pack(g, columns.begin, columns.end, packed + all_[i].at);
      }
    });
  }

 private:
  const GemmKernels& kernels_;
  std::vector<Packed> all_;
  std::vector<int64_t> offsets_;
  int64_t floats_ = 0;
};

class RecurrentKernel final : public Kernel {
 public:
  RecurrentKernel(const Recurrent& op, const Sizes& s, CpuDevice& device)
      : cell_(op.cell),
        reverse_(op.reverse),
        s_(s),
        device_(device),
        gemm_(device.gemm()),
        row_(DL_FOR_ISA(device.isa(), recurrent_kernels).forward[static_cast<size_t>(op.cell)]),
        division_(s, device.team().size(), gemm_.pack_unit),
        weights_(gemm_),
        packed_(device) {
    // A gru's last gate has a product of its own; undivided units make the others one.
    const int64_t gates = gates_of(cell_), together = cell_ == Cell::gru ? 2 : gates;
    for (int part = 0; part < division_.unit_parts(); ++part) {
      const Range units = division_.units(part);
      const bool whole = division_.unit_parts() == 1;
      for (int64_t gate = 0; gate < gates; gate += whole && gate < together ? together : 1) {
        Gemm g;
        g.b_depth = 1;
        g.b_column = s.hidden;
        g.columns = (units.end - units.begin) * (whole && gate < together ? together : 1);
        g.depth = s.hidden;
        weights_.add(g, (gate * s.hidden + units.begin) * s.hidden, gate);
        if (part == 0) ++products_;
      }
    }
    packed_at_ = plan_.floats(weights_.floats());
  }

  void stays(int input, const int64_t& changes) override {
    if (input == 1) packed_.watch(changes);
  }
  int64_t scratch_bytes() const override { return plan_.size_bytes(); }
  bool in_place(int in, int out) const override { return in == 0 && out == Recurrent::gates; }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    const float* x = static_cast<const float*>(in[0]);
    const float* start = static_cast<const float*>(in[2]);
    const float* more = in.size() > 3 ? static_cast<const float*>(in[3]) : nullptr;  // first cells, or a gru's bias
    float* gates = static_cast<float*>(out[Recurrent::gates]);
    float* before = static_cast<float*>(out[Recurrent::before]);
    float* kept = keeps_of(cell_) ? static_cast<float*>(out[Recurrent::kept]) : nullptr;
    float* y = static_cast<float*>(out[Recurrent::y]);
    float* last = static_cast<float*>(out[Recurrent::last]);
    const auto pack = [&](float* to) { weights_.pack(device_.team(), static_cast<const float*>(in[1]), to); };
    if (!packed_) pack(floats_at(scratch, packed_at_));
    const float* packed = packed_ ? packed_.floats(weights_.floats(), pack) : floats_at(scratch, packed_at_);
    for (int64_t row = 0; row < s_.batch; ++row) {
      std::copy_n(start + row * s_.hidden, s_.hidden, before + s_.state(row, at(0)));
    }
    division_.run(device_.team(), [&](Range rows, int part, int64_t k) {
      const int64_t t = at(k);
      const Range units = division_.units(part);
      const int64_t count = units.end - units.begin;
      for (int64_t row = rows.begin; x != gates && row < rows.end; ++row) {
        for (int64_t gate = 0; gate < gates_of(cell_); ++gate) {
          const int64_t i = s_.gates(row, t) + gate * s_.hidden + units.begin;
          std::copy_n(x + i, count, gates + i);
        }
      }
      for (int i = 0; i < products_; ++i) {
        const Packed& b = weights_[static_cast<size_t>(part * products_ + i)];
        const bool inner = cell_ == Cell::gru && b.gate == 2;
        Gemm g = b.shape;
        g.a = before + s_.state(rows.begin, t);
        g.a_row = s_.steps * s_.hidden;
        g.rows = rows.end - rows.begin;
        g.c = inner ? kept + s_.state(rows.begin, t) + units.begin
                    : gates + s_.gates(rows.begin, t) + b.gate * s_.hidden + units.begin;
        g.c_row = s_.steps * (inner ? s_.hidden : s_.width);
        g.accumulate = !inner;
        gemm_.multiply_packed(g, packed + b.at);
      }
      for (int64_t row = rows.begin; row < rows.end; ++row) {
        RecurrentRow r{.units = count, .stride = s_.hidden};
        const int64_t state = s_.state(row, t) + units.begin, single = row * s_.hidden + units.begin;
        const bool ends = k + 1 == s_.steps;
        r.gates = gates + s_.gates(row, t) + units.begin;
        r.h = y + state;
        r.h_again = ends ? last + single : before + s_.state(row, at(k + 1)) + units.begin;
        r.before = before + state;
        if (cell_ == Cell::lstm) {
          r.cell = kept + state;
          r.cell_before = k == 0 ? more + single : kept + s_.state(row, at(k - 1)) + units.begin;
        } else if (cell_ == Cell::gru) {
          r.bias = more + units.begin;
          r.inner = kept + state;
        }
        row_(r);
        if (ends && cell_ == Cell::lstm) {
          std::copy_n(r.cell, count, static_cast<float*>(out[Recurrent::last_cells]) + single);
        }
      }
    });
  }

 private:
  int64_t at(int64_t k) const { return reverse_ ? s_.steps - 1 - k : k; }

  const Cell cell_;
  const bool reverse_;
  const Sizes s_;
  CpuDevice& device_;
  const GemmKernels& gemm_;
  void (*const row_)(const RecurrentRow&);
  const Division division_;
  Weights weights_;
  KeptWeight packed_;
  int products_ = 0;  // of each part
  ScratchPlan plan_;
  int64_t packed_at_ = 0;
};

class RecurrentGradKernel final : public Kernel {
 public:
  RecurrentGradKernel(const RecurrentGrad& op, const Sizes& s, CpuDevice& device)
      : cell_(op.cell),
        reverse_(op.reverse),
        s_(s),
        device_(device),
        gemm_(device.gemm()),
        row_(DL_FOR_ISA(device.isa(), recurrent_kernels).backward[static_cast<size_t>(op.cell)]),
        division_(s, device.team().size(), gemm_.pack_unit),
        weights_(gemm_) {
    for (int part = 0; part < division_.unit_parts(); ++part) {
      const Range units = division_.units(part);
      Gemm g;
      g.b_depth = s.hidden;
      g.b_column = 1;
      g.columns = units.end - units.begin;
      g.depth = s.width;
      weights_.add(g, units.begin, 0);
    }
    packed_at_ = plan_.floats(weights_.floats());
    size_t next = 3 + (keeps_of(cell_) ? 1 : 0) + (cell_ == Cell::lstm ? 1 : 0);
    if (op.from_y) y_at_ = next++;
    if (op.from_last) last_at_ = next++;
    if (op.from_cells) cells_at_ = next++;
  }

  int64_t scratch_bytes() const override { return plan_.size_bytes(); }
  bool in_place(int in, int out) const override { return in == 0 && out == 0; }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    const auto given = [&](size_t i) { return static_cast<const float*>(in[i]); };
    float *dx = static_cast<float*>(out[0]), *dh = static_cast<float*>(out[1]);
    float* dc = cell_ == Cell::lstm ? static_cast<float*>(out[2]) : nullptr;
    float* of_state = cell_ == Cell::gru ? static_cast<float*>(out[2]) : dx;
    float* packed = floats_at(scratch, packed_at_);
    weights_.pack(device_.team(), given(2), packed);
    begin(dh, last_at_ > 0 ? given(last_at_) : nullptr);
    if (dc != nullptr) begin(dc, cells_at_ > 0 ? given(cells_at_) : nullptr);
    division_.run(device_.team(), [&](Range rows, int part, int64_t done) {
      // Where the units are divided, the product needs all gates of the step: it is made one meeting later.
      if (division_.unit_parts() > 1 && done > 0) multiply(rows, part, s_.steps - done, of_state, dh, packed);
      const int64_t k = s_.steps - 1 - done, t = at(k);
      const Range units = division_.units(part);
      for (int64_t row = rows.begin; row < rows.end; ++row) {
        RecurrentGradRow r{.units = units.end - units.begin, .stride = s_.hidden};
        const int64_t state = s_.state(row, t) + units.begin, single = row * s_.hidden + units.begin;
        r.gates = given(0) + s_.gates(row, t) + units.begin;
        r.dy = y_at_ > 0 ? given(y_at_) + state : nullptr;
        r.dh = dh + single;
        r.dx = dx + s_.gates(row, t) + units.begin;
        if (cell_ == Cell::lstm) {
          r.cell = given(3) + state;
          r.cell_before = k == 0 ? given(4) + single : given(3) + s_.state(row, at(k - 1)) + units.begin;
          r.dc = dc + single;
        } else if (cell_ == Cell::gru) {
          r.d_state = of_state + s_.gates(row, t) + units.begin;
          r.before = given(1) + state;
          r.inner = given(3) + state;
        }
        row_(r);
      }
      if (division_.unit_parts() == 1) multiply(rows, part, k, of_state, dh, packed);
    });
    if (division_.unit_parts() == 1) return;
    device_.team().run([&](int thread) {
      if (thread >= division_.parts() || division_.rows(thread).empty() || division_.units(thread).empty()) return;
      multiply(division_.rows(thread), thread % division_.unit_parts(), 0, of_state, dh, packed);
    });
  }

 private:
  int64_t at(int64_t k) const { return reverse_ ? s_.steps - 1 - k : k; }

  void begin(float* state, const float* gradient) const {
    const int64_t n = s_.batch * s_.hidden;
    gradient != nullptr ? std::copy_n(gradient, n, state) : std::fill_n(state, n, 0.0f);
  }

  // The gradient of the states before step k: of the gates through the weight, and what a gru passes on beside it.
  void multiply(Range rows, int part, int64_t k, const float* of_state, float* dh, const float* packed) const {
    const Packed& b = weights_[static_cast<size_t>(part)];
    Gemm g = b.shape;
    g.a = of_state + s_.gates(rows.begin, at(k));
    g.a_row = s_.steps * s_.width;
    g.rows = rows.end - rows.begin;
    g.c = dh + rows.begin * s_.hidden + division_.units(part).begin;
    g.c_row = s_.hidden;
    g.accumulate = cell_ == Cell::gru;
    gemm_.multiply_packed(g, packed + b.at);
  }

  const Cell cell_;
  const bool reverse_;
  const Sizes s_;
  CpuDevice& device_;
  const GemmKernels& gemm_;
  void (*const row_)(const RecurrentGradRow&);
  const Division division_;
  Weights weights_;
  ScratchPlan plan_;
  int64_t packed_at_ = 0;
  size_t y_at_ = 0, last_at_ = 0, cells_at_ = 0;  // the inputs, 0 where there is none
};

Sizes sizes_of(const Shape& gates, const Shape& weight) { return {gates[0], gates[1], gates[2], weight[1]}; }

std::unique_ptr<Kernel> make_recurrent(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                       CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<RecurrentKernel>(dynamic_cast<const Recurrent&>(op),
                                           sizes_of(inputs[0].shape, inputs[1].shape), device);
}

std::unique_ptr<Kernel> make_recurrent_grad(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                            CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<RecurrentGradKernel>(dynamic_cast<const RecurrentGrad&>(op),
                                               sizes_of(inputs[0].shape, inputs[2].shape), device);
}

DL_CPU_KERNEL("recurrent", make_recurrent);
DL_CPU_KERNEL("recurrent_grad", make_recurrent_grad);

}  // namespace
}  // namespace dl
