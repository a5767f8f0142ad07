// Executes a loop's plan on the rows it is given.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/loop_runner.h"

#include <algorithm>
#include <cstring>

#include "lib/base/division.h"
#include "lib/base/error.h"
#include "lib/device/cpu/loop_partials.h"
#include "lib/device/cpu/loop_plan.h"

namespace dl {

namespace {

using Extent = Loop::Extent;
using Place = LoopPlan::Place;
using Call = LoopPlan::Call;
using ResultKind = Loop::Result::Kind;

// Elements of a chunk of rows, whose partial sums are kept apart: at most this many, fewer where that leaves too few
// chunks to share out evenly, but never so few, nor so many chunks, that merging costs, which numbers do less than
// rows.
constexpr int64_t most_elements = 16384, least_elements = 2048, wanted_chunks = 16, wanted_numbers = 64,
                  most_chunks = 256;

// From here on fetching ahead pays: the processor follows a few streams by itself, and what takes no more memory than
// this is in the second-level cache anyway.
constexpr size_t many_streams = 3;
constexpr int64_t in_cache_bytes = 1 << 20;

}  // namespace

struct LoopRunner::Impl {
  const LoopFills& fills;
  const LoopReductions& reductions;
  const LoopPlan plan;
  const bool produced;
  std::vector<LoopPartials> partials;
  std::vector<int> partial_of;  // by result; -1 for a store
  std::vector<int64_t> partial_local;
  int64_t chunk = 1, local_floats = 0;
  struct Stream {
    int place = 0;
    bool written = false;  // in this run an output lies there too
  };
  std::vector<Stream> streams;  // inputs that are read where they lie, row after row
  bool fetch_ahead = false;
  std::vector<std::vector<float*>> tables;  // by thread: where its places are now
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
  float* shared = nullptr;

  struct Block {
    int thread = 0;
    int64_t r = 0, n = 1;  // rows
    int64_t c = 0, width = 1;
    const float* product = nullptr;  // of row r, column 0
    int64_t ld = 0;
    float** table = nullptr;       // the thread's
    int64_t elements[4] = {1, 1};  // by extent

    void set_width(int64_t columns) {
      width = columns;
      elements[static_cast<size_t>(Extent::column)] = columns;
      elements[static_cast<size_t>(Extent::row)] = n;
      elements[static_cast<size_t>(Extent::full)] = n * columns;
    }
  };

  Impl(const LoopOp& op, std::span<const Type> types, CpuDevice& device, bool with_product)
      : fills(DL_FOR_ISA(device.isa(), loop_fills)),
        reductions(DL_FOR_ISA(device.isa(), loop_reductions)),
        plan(plan_loop(simplify(op.loop, DL_FOR_ISA(device.isa(), loop_maps), with_product), types, op.outputs,
                       with_product, DL_FOR_ISA(device.isa(), loop_maps))),
        produced(with_product) {
    local_floats = plan.local_floats;
    int64_t tensors = 0;
    for (const LoopPlan::Output& out : plan.outputs) {
      partial_of.push_back(out.kind == ResultKind::store ? -1 : static_cast<int>(partials.size()));
      tensors = out.tensor + (out.kind == ResultKind::moments ? 2 : 1);
      if (out.kind == ResultKind::store) continue;
      partials.emplace_back(out.kind, out.extent == Extent::row, out.group, plan.rows, plan.cols, reductions);
      partial_local.push_back(local_floats);
      local_floats += partials.back().local_floats();
    }
    if (!partials.empty()) choose_chunk();
    // The extra floats keep the tables of two threads in different cache lines.
    tables.assign(static_cast<size_t>(device.team().size()), std::vector<float*>(plan.places.size() + 16));
    for (size_t i = 0; i < plan.places.size(); ++i) {
      const Place& p = plan.places[i];
      const bool lies_as_rows = p.kind == Place::Kind::input && p.extent == Extent::full && is_identity(p.access) &&
                                p.dtype == DType::f32 && !(produced && p.tensor == 0);
      if (lies_as_rows) streams.push_back({static_cast<int>(i)});
    }
    fetch_ahead = streams.size() >= many_streams &&
                  static_cast<int64_t>(streams.size()) * plan.rows * plan.cols * 4 > in_cache_bytes;
    inputs.resize(types.size());
    outputs.resize(static_cast<size_t>(tensors));
  }

  void choose_chunk() {
    const int64_t wanted = plan.cols == 1 ? wanted_numbers : wanted_chunks;
    const int64_t elements = std::clamp(plan.rows * plan.cols / wanted, least_elements, most_elements);
    int64_t rows = std::max(ceil_div(elements, plan.cols), ceil_div(plan.rows, most_chunks));
    rows = round_up(rows, plan.block_rows);
    for (const LoopPlan::Output& out : plan.outputs) {  // whole groups need no merging
      if (out.group > 0 && out.group <= rows) {
        rows = round_up(rows, out.group);
        break;
      }
    }
    set_chunk(rows);
  }

  void set_chunk(int64_t rows) {
    chunk = std::clamp<int64_t>(rows, 1, std::max<int64_t>(plan.rows, 1));
    for (LoopPartials& p : partials) p.set_chunk(chunk);
  }

  bool is_identity(const Loop::Access& a) const { return a.divide == 1 && a.modulo == plan.rows; }

  int64_t shared_floats() const {
    int64_t floats = plan.shared_floats + 15;
    for (const LoopPartials& p : partials) floats += p.shared_floats();
    return floats / 16 * 16;
  }

  float* local(int thread) const { return shared + shared_floats() + thread * local_floats; }
  const Place& place(int i) const { return plan.places[static_cast<size_t>(i)]; }

  void begin(std::span<void* const> in, std::span<void* const> out, void* scratch) {
    const size_t skipped = produced ? 1 : 0;  // the product has no memory of its own
    for (size_t i = skipped; i < inputs.size(); ++i) inputs[i] = in[i - skipped];
    std::copy(out.begin(), out.end(), outputs.begin());
    for (Stream& s : streams)
      s.written = std::ranges::count(out, inputs[static_cast<size_t>(place(s.place).tensor)]) > 0;
    shared = static_cast<float*>(scratch);
    for (size_t t = 0; t < tables.size(); ++t) {
      for (size_t i = 0; i < plan.places.size(); ++i) {
        const Place& p = plan.places[i];
        if (p.kind == Place::Kind::shared) tables[t][i] = shared + p.offset;
        if (p.kind == Place::Kind::local) tables[t][i] = local(static_cast<int>(t)) + p.offset;
      }
    }
    for (const auto& [i, value] : plan.constants) *tables[0][static_cast<size_t>(i)] = value;
    Block columns{.table = tables[0].data()};
    columns.set_width(plan.cols);
    for (const Call& call : plan.before) execute(call, columns);
    for (int i : plan.columns) {
      float* row = tables[0][static_cast<size_t>(i)];
      for (int64_t r = 1; r < plan.block_rows; ++r) std::copy_n(row, plan.cols, row + r * plan.cols);
    }
    float* next = shared + (plan.shared_floats + 15) / 16 * 16;
    for (size_t r = 0; r < plan.outputs.size(); ++r) {
      const LoopPlan::Output& o = plan.outputs[r];
      float* to = static_cast<float*>(outputs[static_cast<size_t>(o.tensor)]);
      if (o.kind == ResultKind::store) {
        if (o.extent != Extent::scalar && o.extent != Extent::column) continue;
        const float* from = tables[0][static_cast<size_t>(o.place)];
        const int64_t n = o.extent == Extent::scalar ? 1 : plan.cols;
        if (o.dtype == DType::f32) {
          std::copy_n(from, n, to);
        } else {
          fills.to_bf16(reinterpret_cast<uint16_t*>(to), from, n);
        }
        continue;
      }
      LoopPartials& p = partials[static_cast<size_t>(partial_of[r])];
      const bool two = o.kind == ResultKind::moments;
      p.begin(next, to, two ? static_cast<float*>(outputs[static_cast<size_t>(o.tensor) + 1]) : nullptr);
      next += p.shared_floats();
    }
  }

  void rows(int thread, int64_t r0, int64_t r1, const float* product, int64_t ld) {
    Block b{.thread = thread, .ld = ld, .table = tables[static_cast<size_t>(thread)].data()};
    for (int64_t r = r0; r < r1;) {
      int64_t n = std::min(plan.block_rows, r1 - r);
      if (!partials.empty()) n = std::min(n, (r / chunk + 1) * chunk - r);
      b.r = r;
      b.n = n;
      b.product = product ? product + (r - r0) * ld : nullptr;
      block(b);
      r += n;
    }
  }

  // `b` is passed on, not copied: reading a copy right after writing it waits for all that was stored before.
  void block(Block& b) {
    b.set_width(std::min(plan.tile, plan.cols));
    for (int i : plan.row_inputs) b.table[i] = row_values(place(i), b);
    for (int i : plan.row_outputs) b.table[i] = output(place(i), b.r);
    for (const LoopPlan::Phase& phase : plan.phases) {
      for (const Call& call : phase.once) execute(call, b);
      for (b.c = 0; b.c < plan.cols; b.c += plan.tile) {
        b.set_width(std::min(plan.tile, plan.cols - b.c));
        for (int i : plan.moving) b.table[i] = moved(place(i), b);
        for (int i : phase.loads) b.table[i] = full_values(place(i), b);
        if (fetch_ahead && &phase == &plan.phases.front()) {
          execute_and_fetch(phase.each, b);
        } else {
          for (const Call& call : phase.each) execute(call, b);
        }
      }
    }
  }

  // As execute() for each call, while what the inputs hold behind this block comes nearer: the processor's own
  // prefetching ends at each page, and a block is no longer than a page.
  void execute_and_fetch(const std::vector<Call>& calls, const Block& b) {
    constexpr int64_t line = 16;  // floats
    const int64_t n = b.elements[static_cast<size_t>(Extent::full)];
    const int64_t share = ceil_div(ceil_div(n, line), static_cast<int64_t>(calls.size())) * line;
    int64_t done = 0;
    for (const Call& call : calls) {
      const int64_t end = std::min(n, done + share);
      for (const Stream& s : streams) fills.fetch(b.table[s.place] + n + done, end - done, s.written);
      done = end;
      execute(call, b);
    }
  }

  // Element i of an output; of one in bf16 it only looks like floats.
  float* output(const Place& p, int64_t i) const {
    char* data = static_cast<char*>(outputs[static_cast<size_t>(p.tensor)]);
    return reinterpret_cast<float*>(data + i * bytes_of(p.dtype));
  }

  float* moved(const Place& p, const Block& b) const {
    switch (p.kind) {
      case Place::Kind::output: return output(p, b.r * plan.cols + b.c);
      case Place::Kind::local: return local(b.thread) + p.offset + b.c;
      default: return shared + p.offset + b.c;
    }
  }

  void convert(float* to, const Place& p, int64_t index, int64_t n) const {
    const void* from = inputs[static_cast<size_t>(p.tensor)];
    switch (p.dtype) {
      case DType::f32: std::copy_n(static_cast<const float*>(from) + index, n, to); break;
      case DType::i32: fills.from_i32(to, static_cast<const int32_t*>(from) + index, n); break;
      case DType::u8: fills.from_u8(to, static_cast<const uint8_t*>(from) + index, n); break;
      case DType::bf16: fills.from_bf16(to, static_cast<const uint16_t*>(from) + index, n); break;
    }
  }

  // Numbers of an input, one for each row of the block.
  float* row_values(const Place& p, const Block& b) const {
    const bool identity = is_identity(p.access);
    if (identity && p.dtype == DType::f32) {
      // Places are not written to unless they are an output's or local: the table holds no const.
      return const_cast<float*>(static_cast<const float*>(inputs[static_cast<size_t>(p.tensor)])) + b.r;
    }
    float* to = local(b.thread) + p.offset;
    if (identity) {
      convert(to, p, b.r, b.n);
      return to;
    }
    for (int64_t i = 0; i < b.n; ++i) convert(to + i, p, (b.r + i) / p.access.divide % p.access.modulo, 1);
    return to;
  }

  // The block's elements of an input: in the tensor if they lie there together, else brought together.
  float* full_values(const Place& p, const Block& b) const {
    float* to = local(b.thread) + p.offset;
    if (produced && p.tensor == 0) {
      if (b.ld == plan.cols || b.n == 1) return const_cast<float*>(b.product) + b.c;
      for (int64_t i = 0; i < b.n; ++i) std::copy_n(b.product + i * b.ld, plan.cols, to + i * plan.cols);
      return to;
    }
    const bool identity = is_identity(p.access);
    const int64_t first = identity ? b.r : b.r / p.access.divide % p.access.modulo;
    const bool together = identity || b.n == 1 || (p.access.divide == 1 && first + b.n <= p.access.modulo);
    if (together && p.dtype == DType::f32)
      return const_cast<float*>(static_cast<const float*>(inputs[static_cast<size_t>(p.tensor)])) + first * plan.cols +
             b.c;
    if (together) {
      convert(to, p, first * plan.cols + b.c, b.n * b.width);
      return to;
    }
    for (int64_t i = 0; i < b.n; ++i)
      convert(to + i * plan.cols, p, (b.r + i) / p.access.divide % p.access.modulo * plan.cols, plan.cols);
    return to;
  }

  void execute(const Call& call, const Block& b) {
    const int64_t n = b.elements[static_cast<size_t>(call.extent)];
    float *to = b.table[call.to], *from = b.table[call.from[0]];
    switch (call.kind) {
      case Call::Kind::map:
        call.map(to, from, b.table[call.from[1]], b.table[call.from[2]], b.table[call.from[3]], n);
        return;
      case Call::Kind::copy:
        if (to != from) std::copy_n(from, n, to);
        return;
      case Call::Kind::narrow: fills.to_bf16(reinterpret_cast<uint16_t*>(to), from, n); return;
      case Call::Kind::map_rows: {
        const float* x[4] = {from, b.table[call.from[1]], b.table[call.from[2]], b.table[call.from[3]]};
        for (int64_t r = 0; r < b.n; ++r) {
          call.map(to, x[0], x[1], x[2], x[3], b.width);
          to += plan.cols;
          for (int k = 0; k < 4; ++k) x[k] += call.stride[k];
        }
        return;
      }
      case Call::Kind::load: convert(to, place(call.to), 0, n); return;
      case Call::Kind::spread: {
        const bool by_row = place(call.from[0]).extent == Extent::row;
        fills.spread(to, from, by_row ? b.n : 1, by_row ? b.width : n);
        return;
      }
      case Call::Kind::iota: fills.iota(to, b.r * plan.cols + b.c, n); return;
      case Call::Kind::random: {
        const auto* step = static_cast<const int32_t*>(inputs[static_cast<size_t>(call.index)]);
        fills.random(to, call.key, static_cast<uint64_t>(*step), b.r * plan.cols + b.c, n);
        return;
      }
      case Call::Kind::row_sum: reductions.row_sum(to, from, b.n, b.width, b.c > 0); return;
      case Call::Kind::row_max: reductions.row_max(to, from, b.n, b.width, b.c > 0); return;
      case Call::Kind::result: {
        const size_t k = static_cast<size_t>(partial_of[static_cast<size_t>(call.index)]);
        const bool row = call.extent == Extent::row;
        partials[k].add(local(b.thread) + partial_local[k], b.r, b.n, row ? 0 : b.c, row ? 1 : b.width, from);
        return;
      }
    }
  }
};

LoopRunner::LoopRunner(const LoopOp& op, std::span<const Type> inputs, CpuDevice& device, bool produced)
    : impl_(std::make_unique<Impl>(op, inputs, device, produced)) {}

LoopRunner::~LoopRunner() = default;

int64_t LoopRunner::chunk_rows() const { return impl_->partials.empty() ? 1 : impl_->chunk; }

void LoopRunner::set_chunk_rows(int64_t rows) {
  DL_CHECK(rows > 0, "rows ", rows);
  if (!impl_->partials.empty()) impl_->set_chunk(rows);
}

int LoopRunner::produced_output() const { return impl_->plan.produced_output; }

bool LoopRunner::in_place(int in, int out) const {
  const LoopPlan& plan = impl_->plan;
  const LoopPlan::InputUse& use = plan.inputs[static_cast<size_t>(in)];
  for (const LoopPlan::Output& o : plan.outputs) {
    if (o.tensor != out || o.kind != ResultKind::store) continue;
    // Numbers are read before anything is written; elements before the step that writes at their place.
    if (o.extent == Extent::scalar) return use.number;
    return o.extent == Extent::full && use.plain && use.last >= 0 && use.last <= o.written_at;
  }
  return false;
}

int64_t LoopRunner::scratch_bytes() const {
  const int64_t threads = static_cast<int64_t>(impl_->tables.size());
  return (impl_->shared_floats() + threads * impl_->local_floats) * static_cast<int64_t>(sizeof(float));
}

int64_t LoopRunner::unit_rows() const {
  if (!impl_->partials.empty()) return impl_->chunk;
  return impl_->plan.cols == 1 ? 64 : 1;
}

int64_t LoopRunner::rows_in_all() const { return impl_->plan.rows; }
double LoopRunner::cost() const { return impl_->plan.cost; }

void LoopRunner::begin(std::span<void* const> inputs, std::span<void* const> outputs, void* scratch) {
  impl_->begin(inputs, outputs, scratch);
}

void LoopRunner::rows(int thread, int64_t r0, int64_t r1, const float* produced, int64_t ld) {
  impl_->rows(thread, r0, r1, produced, ld);
}

void LoopRunner::finish() {
  for (LoopPartials& p : impl_->partials) p.finish();
}

}  // namespace dl
