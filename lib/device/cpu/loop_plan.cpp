// Lays the steps of a loop out: places and calls.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/loop_plan.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/device/cpu/loop_order.h"

namespace dl {

namespace {

using Extent = Loop::Extent;
using Kind = LoopStep::Kind;
using Place = LoopPlan::Place;
using Call = LoopPlan::Call;
using ResultKind = Loop::Result::Kind;

// Blocks begin at different offsets in a page: a load waits for an earlier store to the same offset of another page.
constexpr int64_t apart = 80;

int64_t padded(int64_t floats) { return (floats + 15) / 16 * 16; }  // to a cache line

double cost_of(const LoopStep& s) {
  if (s.kind == Kind::random) return 12;
  if (s.kind != Kind::map) return 1;
  switch (s.code) {
    case LoopCode::exp:
    case LoopCode::log:
    case LoopCode::sigmoid:
    case LoopCode::sin:
    case LoopCode::cos: return 12;
    case LoopCode::tanh:
    case LoopCode::gelu:
    case LoopCode::gelu_slope:
    case LoopCode::erf: return 20;
    case LoopCode::pow: return 60;
    case LoopCode::div:
    case LoopCode::sqrt:
    case LoopCode::rsqrt: return 6;
    default: return 1;
  }
}

// In simple operations on one float.
double cost_of(const LoopSteps& steps) {
  double cost = 0;
  for (const LoopStep& s : steps.steps) {
    const double columns = s.extent == Extent::full || is_row_reduction(s) ? static_cast<double>(steps.cols) : 1;
    if (over_rows(s)) cost += cost_of(s) * static_cast<double>(steps.rows) * columns;
  }
  return cost;
}

class LoopPlanner {
 public:
  LoopPlanner(const LoopSteps& steps, std::span<const Type> inputs, std::span<const Type> outputs, bool produced,
              const LoopMaps& maps)
      : o_(order_loop(steps)), types_(inputs), output_types_(outputs), produced_(produced), maps_(maps) {
    p_.cost = cost_of(steps);
  }

  LoopPlan plan() {
    p_.rows = o_.steps.rows;
    p_.cols = o_.steps.cols;
    p_.block_rows = o_.block_rows;
    p_.tile = o_.tile;
    find_outputs();
    p_.inputs.resize(types_.size());
    p_.phases.resize(static_cast<size_t>(o_.phases));
    place_.assign(o_.steps.steps.size(), -1);
    for (size_t i : o_.order) lay_out(i);
    p_.local_floats = local_;
    p_.shared_floats = shared_;
    return std::move(p_);
  }

 private:
  const LoopStep& step(int i) const { return o_.steps.steps[static_cast<size_t>(i)]; }
  const LoopStep& step(size_t i) const { return o_.steps.steps[i]; }

  void find_outputs() {
    int tensor = 0;
    for (const Loop::Result& r : o_.steps.results) {
      const DType dtype = output_types_[static_cast<size_t>(tensor)].dtype;
      DL_CHECK(dtype == DType::f32 || (dtype == DType::bf16 && r.kind == ResultKind::store), name_of(dtype));
      p_.outputs.push_back(
          {.kind = r.kind, .extent = step(r.source).extent, .group = r.group, .dtype = dtype, .tensor = tensor});
      tensor += r.kind == ResultKind::moments ? 2 : 1;
    }
  }

  int add_place(const Place& place) {
    p_.places.push_back(place);
    return static_cast<int>(p_.places.size()) - 1;
  }

  // A place for an output, which moves with the rows.
  int output_place(const LoopPlan::Output& out, Extent extent) {
    const int place =
        add_place({.kind = Place::Kind::output, .extent = extent, .tensor = out.tensor, .dtype = out.dtype});
    (extent == Extent::full ? p_.moving : p_.row_outputs).push_back(place);
    return place;
  }

  int64_t take_local(int64_t floats) {
    const int64_t offset = local_;
    local_ += padded(floats) + apart;
    return offset;
  }

  // A block of the thread's memory, free again after the last use of step i.
  int64_t take_slot(size_t i) {
    const bool whole = step(i).extent == Extent::full;
    std::vector<Slot>& slots = whole ? full_slots_ : row_slots_;
    // An elementwise step may write over an operand that nobody needs after it.
    const bool over_operand = step(i).kind == Kind::map;
    const bool reuse = whole || !p_.tiled();
    for (Slot& slot : slots) {
      if (!reuse || slot.until > o_.at[i] || (slot.until == o_.at[i] && !over_operand)) continue;
      slot.until = o_.last_use[i];
      return slot.offset;
    }
    slots.push_back({take_local(p_.block_rows * (whole ? p_.tile : 1)), o_.last_use[i]});
    return slots.back().offset;
  }

  // Where step i leaves its value, over rows: right in an output if one stores it.
  int place_over_rows(size_t i) {
    const LoopStep& s = step(i);
    for (size_t r = 0; r < p_.outputs.size(); ++r) {
      if (p_.outputs[r].kind != ResultKind::store || p_.outputs[r].dtype != DType::f32) continue;
      if (o_.steps.results[r].source != static_cast<int>(i)) continue;
      p_.outputs[r].written_at = o_.at[i];
      stored_in_place_ = static_cast<int>(r);
      return output_place(p_.outputs[r], s.extent);
    }
    if (p_.tiled() && s.extent == Extent::full && o_.used(i, [&](int phase) { return phase > o_.phase[i]; })) {
      const int place = add_place({.offset = take_local(p_.cols), .whole_row = true});
      p_.moving.push_back(place);
      return place;
    }
    return add_place({.extent = s.extent, .offset = take_slot(i)});
  }

  std::vector<Call>& calls_of(size_t i) {
    const LoopStep& s = step(i);
    if (!over_rows(s)) return p_.before;
    LoopPlan::Phase& ph = p_.phases[static_cast<size_t>(o_.computed_in(i))];
    return p_.tiled() && s.extent == Extent::row && !is_row_reduction(s) ? ph.once : ph.each;
  }

  void lay_out(size_t i) {
    const LoopStep& s = step(i);
    stored_in_place_ = -1;
    if (s.kind == Kind::load) {
      lay_out_load(i);
    } else if (s.kind == Kind::constant) {
      place_[i] = add_place({.kind = Place::Kind::shared, .extent = Extent::scalar, .offset = shared_});
      p_.constants.emplace_back(place_[i], s.value);
      shared_ += 1;
    } else {
      lay_out_computed(i);
    }
    lay_out_results(i);
  }

  void lay_out_load(size_t i) {
    const LoopStep& s = step(i);
    const bool product = produced_ && s.input == 0;
    Place place{.kind = Place::Kind::input,
                .extent = s.extent,
                .tensor = s.input,
                .dtype = types_[static_cast<size_t>(s.input)].dtype,
                .access = s.access};
    DL_CHECK(!product || (s.extent == Extent::full && place.dtype == DType::f32), "a product read by ",
             static_cast<int>(s.extent));
    const bool identity = s.access.divide == 1 && s.access.modulo == p_.rows;
    note_use(s.input, s.extent == Extent::full && identity && place.dtype == DType::f32, s.extent == Extent::scalar,
             o_.last_use[i]);
    if (!over_rows(s)) {
      place.kind = Place::Kind::shared;
      place.offset = take_shared(s.extent);
      place_[i] = add_place(place);
      before_column(i);
      p_.before.push_back({.kind = Call::Kind::load, .extent = s.extent, .to = place_[i]});
      return;
    }
    const bool lies_together = identity && place.dtype == DType::f32 && !product;
    if (!lies_together) place.offset = take_local(p_.block_rows * (s.extent == Extent::full ? p_.tile : 1));
    place_[i] = add_place(place);
    if (s.extent == Extent::row) {
      p_.row_inputs.push_back(place_[i]);
      return;
    }
    for (int phase = 0; phase < o_.phases; ++phase) {
      if (phase == o_.phase[i] || o_.used(i, [&](int use) { return use == phase; }))
        p_.phases[static_cast<size_t>(phase)].loads.push_back(place_[i]);
    }
  }

  void note_use(int input, bool plain, bool number, int64_t last) {
    LoopPlan::InputUse& use = p_.inputs[static_cast<size_t>(input)];
    use.plain = use.plain && plain;
    use.number = use.number && number;
    use.last = std::max(use.last, last);
  }

  int64_t take_shared(Extent extent) {
    const int64_t offset = shared_;
    shared_ += extent == Extent::scalar ? 1 : padded(p_.tiled() ? p_.cols : p_.block_rows * p_.cols);
    return offset;
  }

  // Columns begin at multiples of a cache line and move with the tile, or repeat for each row of the block.
  void before_column(size_t i) {
    if (step(i).extent != Extent::column) return;
    if (p_.tiled()) {
      p_.moving.push_back(place_[i]);
    } else if (p_.block_rows > 1) {
      p_.columns.push_back(place_[i]);
    }
  }

  void lay_out_computed(size_t i) {
    const LoopStep& s = step(i);
    if (over_rows(s)) {
      place_[i] = place_over_rows(i);
    } else {
      place_[i] = add_place({.kind = Place::Kind::shared, .extent = s.extent, .offset = take_shared(s.extent)});
      before_column(i);
    }
    Call call{.extent = s.extent, .to = place_[i], .key = s.key};
    for (size_t k = 0; k < 4; ++k) call.from[k] = s.from[k] < 0 ? 0 : place_[static_cast<size_t>(s.from[k])];
    switch (s.kind) {
      case Kind::map: choose_map(s, call); break;
      case Kind::iota: call.kind = Call::Kind::iota; break;
      case Kind::random:
        call.kind = Call::Kind::random;
        call.index = s.input;
        note_use(s.input, false, false, 0);
        break;
      case Kind::row_sum: call.kind = Call::Kind::row_sum; break;
      case Kind::row_max: call.kind = Call::Kind::row_max; break;
      default: choose_spread(s, call); break;
    }
    calls_of(i).push_back(call);
  }

  // What operand k of a step is to a call on the step's extent.
  bool is_number(const LoopStep& s, size_t k) const {
    const Extent e = step(s.from[k]).extent;
    return e == Extent::scalar || (e == Extent::row && s.extent == Extent::full);
  }

  void choose_map(const LoopStep& s, Call& call) {
    unsigned numbers = 0;
    bool by_rows = false;
    for (size_t k = 0; k < 4; ++k) {
      if (s.from[k] < 0 || s.extent == Extent::scalar) continue;
      const Extent e = step(s.from[k]).extent;
      if (is_number(s, k)) numbers |= 1u << k;
      by_rows = by_rows || (e == Extent::row && s.extent == Extent::full && p_.block_rows > 1);
      call.stride[k] = e == Extent::full ? p_.cols : e == Extent::row ? 1 : 0;
    }
    call.kind = by_rows ? Call::Kind::map_rows : Call::Kind::map;
    call.map = maps_.map[static_cast<int>(s.code)][numbers];
    DL_CHECK(call.map != nullptr, "code ", static_cast<int>(s.code), " numbers ", numbers);
  }

  void choose_spread(const LoopStep& s, Call& call) {
    call.kind = Call::Kind::spread;
    if (step(s.from[0]).extent != Extent::column) return;
    call.kind = Call::Kind::copy;
  }

  void lay_out_results(size_t i) {
    const LoopStep& s = step(i);
    for (size_t r = 0; r < p_.outputs.size(); ++r) {
      if (o_.steps.results[r].source != static_cast<int>(i) || static_cast<int>(r) == stored_in_place_) continue;
      LoopPlan::Output& out = p_.outputs[r];
      Call call{.kind = Call::Kind::result, .extent = s.extent, .from = {place_[i], 0, 0, 0}};
      call.index = static_cast<int>(r);
      if (out.kind == ResultKind::store) {
        out.written_at = o_.at[i];
        out.place = place_[i];
        if (!over_rows(s)) continue;
        call.kind = out.dtype == DType::f32 ? Call::Kind::copy : Call::Kind::narrow;
        call.to = output_place(out, s.extent);
        if (out.dtype == DType::f32 && s.kind == Kind::load && produced_ && s.input == 0 && p_.produced_output < 0)
          p_.produced_output = out.tensor;
      }
      // What is summed along the row is complete only when the next phase begins.
      LoopPlan::Phase& ph = p_.phases[static_cast<size_t>(o_.phase[i])];
      (p_.tiled() && s.extent == Extent::row ? ph.once : ph.each).push_back(call);
    }
  }

  struct Slot {
    int64_t offset, until;
  };

  const LoopOrder o_;
  const std::span<const Type> types_, output_types_;
  const bool produced_;
  const LoopMaps& maps_;
  LoopPlan p_;
  std::vector<int> place_;
  std::vector<Slot> full_slots_, row_slots_;
  int64_t local_ = 0, shared_ = 0;
  int stored_in_place_ = -1;  // the result that the step being laid out writes by itself
};

}  // namespace

LoopPlan plan_loop(const LoopSteps& steps, std::span<const Type> inputs, std::span<const Type> outputs, bool produced,
                   const LoopMaps& maps) {
  return LoopPlanner(steps, inputs, outputs, produced, maps).plan();
}

}  // namespace dl
