// Lays the steps of a loop out: phases, places, calls.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/loop_plan.h"

#include <algorithm>

#include "lib/base/division.h"
#include "lib/base/error.h"

namespace dl {

namespace {

using Extent = Loop::Extent;
using Kind = LoopStep::Kind;
using Place = LoopPlan::Place;
using Call = LoopPlan::Call;
using ResultKind = Loop::Result::Kind;

// Floats of a block: few enough that the blocks in use fit the first-level cache together, also where two threads share
// one, and enough that the calls cost little.
constexpr int64_t block_floats = 1024;
constexpr int64_t longest_row = 4096;  // longer ones are cut into tiles
// Rows at least this long are worth a call each; for shorter ones a number a row is spread over its row first.
constexpr int64_t row_call = 256;
// Blocks begin at different offsets in a page: a load waits for an earlier store to the same offset of another page.
constexpr int64_t apart = 80;

int64_t padded(int64_t floats) { return (floats + 15) / 16 * 16; }  // to a cache line

bool is_row_reduction(const LoopStep& s) { return s.kind == Kind::row_sum || s.kind == Kind::row_max; }
bool over_rows(const LoopStep& s) { return s.extent == Extent::row || s.extent == Extent::full; }

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

class LoopPlanner {
 public:
  LoopPlanner(const LoopSteps& steps, std::span<const Type> inputs, std::span<const Type> outputs, bool produced,
              const LoopMaps& maps)
      : steps_(steps), types_(inputs), output_types_(outputs), produced_(produced), maps_(maps) {}

  LoopPlan plan() {
    p_.rows = steps_.rows;
    p_.cols = steps_.cols;
    choose_block();
    if (p_.block_rows > 1 && p_.cols < row_call) spread_rows();
    find_phases();
    find_order();
    find_outputs();
    p_.inputs.resize(types_.size());
    p_.phases.resize(static_cast<size_t>(phases_));
    place_.assign(steps_.steps.size(), -1);
    for (size_t i : order_) lay_out(i);
    p_.local_floats = local_;
    p_.shared_floats = shared_;
    return std::move(p_);
  }

 private:
  size_t count() const { return steps_.steps.size(); }
  const LoopStep& step(int i) const { return steps_.steps[static_cast<size_t>(i)]; }

  void choose_block() {
    if (p_.cols > longest_row) {
      const int64_t tiles = ceil_div(p_.cols, block_floats);
      p_.tile = round_up(ceil_div(p_.cols, tiles), 16);
      p_.block_rows = 1;
    } else {
      p_.tile = p_.cols;
      p_.block_rows = std::clamp<int64_t>(block_floats / p_.cols, 1, std::max<int64_t>(p_.rows, 1));
    }
    for (const LoopStep& s : steps_.steps) {
      const double columns = s.extent == Extent::full || is_row_reduction(s) ? static_cast<double>(p_.cols) : 1;
      if (over_rows(s)) p_.cost += cost_of(s) * static_cast<double>(p_.rows) * columns;
    }
  }

  // Gives every step on the whole space whole blocks for operands.
  void spread_rows() {
    LoopSteps out{.rows = steps_.rows, .cols = steps_.cols, .steps = {}, .results = steps_.results};
    std::vector<int> now(count()), wide(count(), -1);
    for (size_t i = 0; i < count(); ++i) {
      LoopStep s = steps_.steps[i];
      for (int& from : s.from) {
        if (from < 0) continue;
        const size_t f = static_cast<size_t>(from);
        from = now[f];
        if (s.kind != Kind::map || s.extent != Extent::full || step(static_cast<int>(f)).extent != Extent::row)
          continue;
        if (wide[f] < 0) {
          wide[f] = static_cast<int>(out.steps.size());
          out.steps.push_back({.kind = Kind::spread, .extent = Extent::full, .from = {now[f], -1, -1, -1}});
        }
        from = wide[f];
      }
      now[i] = static_cast<int>(out.steps.size());
      out.steps.push_back(s);
    }
    for (Loop::Result& r : out.results) r.source = now[static_cast<size_t>(r.source)];
    steps_ = std::move(out);
  }

  // phase_[i]: for rows the first phase that has the value; for the whole space the phase that computes it.
  void find_phases() {
    phase_.assign(count(), 0);
    if (!p_.tiled()) return;
    for (size_t i = 0; i < count(); ++i) {
      for (int from : steps_.steps[i].from) {
        if (from >= 0) phase_[i] = std::max(phase_[i], phase_[static_cast<size_t>(from)]);
      }
      if (is_row_reduction(steps_.steps[i])) ++phase_[i];
      phases_ = std::max(phases_, phase_[i] + 1);
    }
    // As late as its first user, so that fewer rows have to be kept whole between phases.
    std::vector<int> first_use(count(), phases_);
    for (size_t i = count(); i-- > 0;) {
      const LoopStep& s = steps_.steps[i];
      if (s.extent == Extent::full && first_use[i] < phases_) phase_[i] = std::max(phase_[i], first_use[i]);
      for (int from : s.from) {
        if (from < 0) continue;
        int& use = first_use[static_cast<size_t>(from)];
        use = std::min(use, is_row_reduction(s) ? phase_[i] - 1 : phase_[i]);
      }
    }
  }

  void find_order() {
    const auto rank = [&](size_t i) {  // numbers and columns; then by phase rows, whole space
      const LoopStep& s = steps_.steps[i];
      if (!over_rows(s)) return 0;
      if (!p_.tiled()) return 1;
      if (is_row_reduction(s)) return 2 * phase_[i];  // computed among the tiles of the phase before
      return 1 + 2 * phase_[i] + (s.extent == Extent::full ? 1 : 0);
    };
    for (size_t i = 0; i < count(); ++i) order_.push_back(i);
    std::stable_sort(order_.begin(), order_.end(), [&](size_t a, size_t b) { return rank(a) < rank(b); });
    at_.assign(count(), 0);
    for (size_t k = 0; k < count(); ++k) at_[order_[k]] = static_cast<int64_t>(k);
    last_use_ = at_;
    for (size_t i = 0; i < count(); ++i) {
      for (int from : steps_.steps[i].from) {
        if (from < 0) continue;
        int64_t& last = last_use_[static_cast<size_t>(from)];
        last = std::max(last, at_[i]);
      }
    }
  }

  void find_outputs() {
    int tensor = 0;
    for (const Loop::Result& r : steps_.results) {
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
    const bool whole = steps_.steps[i].extent == Extent::full;
    std::vector<Slot>& slots = whole ? full_slots_ : row_slots_;
    // An elementwise step may write over an operand that nobody needs after it.
    const bool over_operand = steps_.steps[i].kind == Kind::map;
    const bool reuse = whole || !p_.tiled();
    for (Slot& slot : slots) {
      if (!reuse || slot.until > at_[i] || (slot.until == at_[i] && !over_operand)) continue;
      slot.until = last_use_[i];
      return slot.offset;
    }
    slots.push_back({take_local(p_.block_rows * (whole ? p_.tile : 1)), last_use_[i]});
    return slots.back().offset;
  }

  // Where step i leaves its value, over rows: right in an output if one stores it.
  int place_over_rows(size_t i) {
    const LoopStep& s = steps_.steps[i];
    for (size_t r = 0; r < p_.outputs.size(); ++r) {
      if (p_.outputs[r].kind != ResultKind::store || p_.outputs[r].dtype != DType::f32) continue;
      if (steps_.results[r].source != static_cast<int>(i)) continue;
      p_.outputs[r].written_at = at_[i];
      stored_in_place_ = static_cast<int>(r);
      return output_place(p_.outputs[r], s.extent);
    }
    if (p_.tiled() && s.extent == Extent::full && used(i, [&](int phase) { return phase > phase_[i]; })) {
      const int place = add_place({.offset = take_local(p_.cols), .whole_row = true});
      p_.moving.push_back(place);
      return place;
    }
    return add_place({.extent = s.extent, .offset = take_slot(i)});
  }

  // Whether some step of a phase that `test` accepts reads step i.
  template <class Test>
  bool used(size_t i, Test test) const {
    for (size_t user = i + 1; user < count(); ++user) {
      const LoopStep& s = steps_.steps[user];
      if (std::find(s.from.begin(), s.from.end(), static_cast<int>(i)) == s.from.end()) continue;
      if (test(is_row_reduction(s) && p_.tiled() ? phase_[user] - 1 : phase_[user])) return true;
    }
    return false;
  }

  std::vector<Call>& calls_of(size_t i) {
    const LoopStep& s = steps_.steps[i];
    if (!over_rows(s)) return p_.before;
    const int phase = is_row_reduction(s) && p_.tiled() ? phase_[i] - 1 : phase_[i];
    LoopPlan::Phase& ph = p_.phases[static_cast<size_t>(phase)];
    return p_.tiled() && s.extent == Extent::row && !is_row_reduction(s) ? ph.once : ph.each;
  }

  void lay_out(size_t i) {
    const LoopStep& s = steps_.steps[i];
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
    const LoopStep& s = steps_.steps[i];
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
             last_use_[i]);
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
    for (int phase = 0; phase < phases_; ++phase) {
      if (phase == phase_[i] || used(i, [&](int use) { return use == phase; }))
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
    if (steps_.steps[i].extent != Extent::column) return;
    if (p_.tiled()) {
      p_.moving.push_back(place_[i]);
    } else if (p_.block_rows > 1) {
      p_.columns.push_back(place_[i]);
    }
  }

  void lay_out_computed(size_t i) {
    const LoopStep& s = steps_.steps[i];
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
    const LoopStep& s = steps_.steps[i];
    for (size_t r = 0; r < p_.outputs.size(); ++r) {
      if (steps_.results[r].source != static_cast<int>(i) || static_cast<int>(r) == stored_in_place_) continue;
      LoopPlan::Output& out = p_.outputs[r];
      Call call{.kind = Call::Kind::result, .extent = s.extent, .from = {place_[i], 0, 0, 0}};
      call.index = static_cast<int>(r);
      if (out.kind == ResultKind::store) {
        out.written_at = at_[i];
        out.place = place_[i];
        if (!over_rows(s)) continue;
        call.kind = out.dtype == DType::f32 ? Call::Kind::copy : Call::Kind::narrow;
        call.to = output_place(out, s.extent);
        if (out.dtype == DType::f32 && s.kind == Kind::load && produced_ && s.input == 0 && p_.produced_output < 0)
          p_.produced_output = out.tensor;
      }
      // What is summed along the row is complete only when the next phase begins.
      LoopPlan::Phase& ph = p_.phases[static_cast<size_t>(phase_[i])];
      (p_.tiled() && s.extent == Extent::row ? ph.once : ph.each).push_back(call);
    }
  }

  struct Slot {
    int64_t offset, until;
  };

  LoopSteps steps_;
  const std::span<const Type> types_, output_types_;
  const bool produced_;
  const LoopMaps& maps_;
  LoopPlan p_;
  int phases_ = 1;
  std::vector<int> phase_;
  std::vector<size_t> order_;
  std::vector<int64_t> at_, last_use_;  // in the order of execution
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
