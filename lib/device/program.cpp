// Laying a graph out: which memory each value has, in which order the kernels run.
#include "lib/device/program.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "lib/base/error.h"
#include "lib/device/plan.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/shape_ops.h"
#include "lib/graph/passes.h"

namespace dl {

namespace {

// Memory that one or several values share.
struct Place {
  enum class Kind { arena, variable, input, constant } kind = Kind::arena;
  int64_t bytes = 0;
  int first = 1 << 30, last = -1;  // steps that touch it
  int parent = -1;                 // arena: lies in this place instead, `offset` bytes in
  int64_t offset = 0;
  void* data = nullptr;  // variable, constant: where it is; arena: bound before a run
  int slot = -1;         // input
};

// A value's memory.
struct Spot {
  int place = -1;
  int64_t offset = 0;  // bytes
};

struct Call {
  std::unique_ptr<Kernel> kernel;
  std::vector<Spot> in, out;
  std::vector<void*> in_pointers, out_pointers;
  void* scratch = nullptr;
  int scratch_place = -1;
  Program::Step step;
  int node = -1;
};

}  // namespace

struct Program::Impl {
  explicit Impl(Store& s) : store(s) {}
  ~Impl() {
    for (auto& [data, bytes] : owned) store.device().release(data, bytes);
  }

  Store& store;
  std::vector<Place> places;
  std::vector<Call> calls;
  struct InputSlot {
    std::string name;
    Type type;
    const void* data = nullptr;
    int place = -1;
  };
  std::vector<InputSlot> inputs;
  struct Result {
    Type type;
    Spot spot;
  };
  std::map<std::string, Result> outputs;
  struct Copy {  // after the calls, in order: an assignment whose value could not be computed in place
    Spot from, to;
    int64_t bytes = 0;
  };
  std::vector<Copy> copies;
  std::vector<std::pair<void*, int64_t>> owned;
  int64_t arena_bytes = 0;
  double flops = 0;
  const void* bound_arena = nullptr;
  bool rebind = true;

  // ---- compilation

  std::map<std::pair<int, int>, Spot> spots;  // by value

  int root(int place) const {
    while (places[static_cast<size_t>(place)].parent >= 0) place = places[static_cast<size_t>(place)].parent;
    return place;
  }

  void touch(const Spot& spot, int step) {
    for (int p = spot.place; p >= 0; p = places[static_cast<size_t>(p)].parent) {
      Place& place = places[static_cast<size_t>(p)];
      place.first = std::min(place.first, step);
      place.last = std::max(place.last, step);
    }
  }

  int add_place(Place place) {
    places.push_back(place);
    return static_cast<int>(places.size()) - 1;
  }

  void compile(const Graph& graph);
  void bind_pointers();
  void run(bool timed);
  void* address(const Spot& spot) const {
    return static_cast<char*>(places[static_cast<size_t>(spot.place)].data) + spot.offset;
  }
};

void Program::Impl::compile(const Graph& given) {
  Device& device = store.device();
  std::unique_ptr<Graph> fused;
  if (device.fuses()) {
    fused = fuse(given, [&](const Op& op, std::span<const Type> in) { return device.takes_epilogue(op, in); });
  }
  const Graph& graph = fused ? *fused : given;
  const std::vector<char> live = live_nodes(graph);

  // 1. Kernels in the graph's order; the last reader of each value, through views.
  auto behind_views = [&](Value v) {
    while (graph.node(v.node).op->is_view()) v = graph.node(v.node).inputs[0];
    return std::pair<int, int>{v.node, v.output};
  };
  std::vector<int> step_of(static_cast<size_t>(graph.size()), -1);
  for (int i = 0; i < graph.size(); ++i) {
    const GraphNode& node = graph.node(i);
    const Op& op = *node.op;
    const bool leaf =
        dynamic_cast<const Input*>(&op) || dynamic_cast<const VariableOp*>(&op) || dynamic_cast<const Constant*>(&op);
    if (!live[static_cast<size_t>(i)] || op.is_view() || leaf) continue;
    std::vector<Type> types;
    for (const Value& v : node.inputs) types.push_back(v.type());
    step_of[static_cast<size_t>(i)] = static_cast<int>(calls.size());
    Call call;
    call.kernel = device.compile(op, types, node.types);
    call.node = i;
    call.step = {std::string(op.name()), op.attributes(), node.scope, op.cost(types, node.types)};
    flops += call.step.cost.flops;
    calls.push_back(std::move(call));
  }
  const int end = static_cast<int>(calls.size());
  std::map<std::pair<int, int>, int> last_read;
  std::map<std::string, int> variable_last_read;
  auto read_at = [&](const Value& v, int step) {
    const auto key = behind_views(v);
    last_read[key] = std::max(last_read[key], step);
    if (const auto* variable = dynamic_cast<const VariableOp*>(graph.node(key.first).op.get())) {
      int& last = variable_last_read[variable->variable.name];
      last = std::max(last, step);
    }
  };
  for (int s = 0; s < end; ++s) {
    for (const Value& v : graph.node(calls[static_cast<size_t>(s)].node).inputs) read_at(v, s);
  }
  for (const auto& o : graph.outputs()) read_at(o.value, end);
  for (const auto& a : graph.assigns()) read_at(a.value, end);

  // 2. Values whose place is settled by what becomes of them: parts of a pack, new values of variables.
  std::map<std::pair<int, int>, std::string> becomes;  // value -> variable
  for (const auto& a : graph.assigns()) {
    const auto key = behind_views(a.value);
    const Type& whole = graph.node(key.first).types[static_cast<size_t>(key.second)];
    const bool all = whole.shape.elements() == a.value.shape().elements();
    if (step_of[static_cast<size_t>(key.first)] >= 0 && all && !becomes.contains(key)) becomes[key] = a.name;
  }

  auto place_of_variable = [&](const Variable& v) {
    Place place;
    place.kind = Place::Kind::variable;
    place.bytes = v.type.bytes();
    place.data = store.variable(v);
    return add_place(place);
  };
  std::map<std::string, int> variable_places;
  for (int i = 0; i < graph.size(); ++i) {
    if (!live[static_cast<size_t>(i)]) continue;
    const GraphNode& node = graph.node(i);
    const Op& op = *node.op;
    if (const auto* input = dynamic_cast<const Input*>(&op)) {
      Place place;
      place.kind = Place::Kind::input;
      place.slot = static_cast<int>(inputs.size());
      const int p = add_place(place);
      inputs.push_back({input->key, input->type, nullptr, p});
      spots[{i, 0}] = {p, 0};
    } else if (const auto* variable = dynamic_cast<const VariableOp*>(&op)) {
      const int p = place_of_variable(variable->variable);
      variable_places[variable->variable.name] = p;
      spots[{i, 0}] = {p, 0};
    } else if (const auto* constant = dynamic_cast<const Constant*>(&op)) {
      Place place;
      place.kind = Place::Kind::constant;
      place.data = device.allocate(64);
      owned.push_back({place.data, 64});
      const float value = static_cast<float>(constant->value);
      device.copy_in(place.data, &value, sizeof value);
      spots[{i, 0}] = {add_place(place), 0};
    }
  }
  for (const auto& a : graph.assigns()) {
    if (!variable_places.contains(a.name)) variable_places[a.name] = place_of_variable({a.name, a.value.type()});
  }

  // Views between a value and its reader only move the start.
  auto spot_of = [&](Value v) {
    int64_t offset = 0;
    while (graph.node(v.node).op->is_view()) {
      if (const auto* part = dynamic_cast<const View*>(graph.node(v.node).op.get()))
        offset += part->offset * bytes_of(v.type().dtype);
      v = graph.node(v.node).inputs[0];
    }
    Spot spot = spots.at({v.node, v.output});
    spot.offset += offset;
    return spot;
  };

  // 3. A place for every output of every call, in order.
  for (int s = 0; s < end; ++s) {
    Call& call = calls[static_cast<size_t>(s)];
    const GraphNode& node = graph.node(call.node);
    for (const Value& v : node.inputs) {
      const Spot spot = spot_of(v);
      call.in.push_back(spot);
      touch(spot, s);
    }
    for (size_t o = 0; o < node.types.size(); ++o) {
      const std::pair<int, int> key{call.node, static_cast<int>(o)};
      const int64_t bytes = node.types[o].bytes();
      Spot spot;
      const auto becoming = becomes.find(key);
      if (becoming != becomes.end()) {
        // Straight into the variable, if nobody reads its old value later, and this call itself only in place.
        const int p = variable_places.at(becoming->second);
        const auto last = variable_last_read.find(becoming->second);
        bool free = last == variable_last_read.end() || last->second <= s;
        for (size_t k = 0; free && k < call.in.size(); ++k) {
          if (call.in[k].place == p)
            free = call.in[k].offset == 0 && call.kernel->in_place(static_cast<int>(k), static_cast<int>(o));
        }
        if (free) spot = {p, 0};
      }
      if (spot.place < 0) {
        for (size_t k = 0; k < call.in.size() && spot.place < 0; ++k) {
          // Over an operand that nobody wants any more.
          const Spot& in = call.in[k];
          const Place& place = places[static_cast<size_t>(in.place)];
          const auto source = behind_views(node.inputs[k]);
          const bool whole =
              place.kind == Place::Kind::arena && place.parent < 0 && in.offset == 0 && place.bytes == bytes;
          const bool taken =
              std::any_of(call.out.begin(), call.out.end(), [&](const Spot& other) { return other.place == in.place; });
          const bool again = std::count_if(call.in.begin(), call.in.end(),
                                           [&](const Spot& other) { return other.place == in.place; }) > 1;
          if (whole && !taken && !again && last_read.at(source) == s &&
              call.kernel->in_place(static_cast<int>(k), static_cast<int>(o))) {
            spot = {in.place, 0};
          }
        }
      }
      if (spot.place < 0) {
        Place place;
        place.bytes = bytes;
        spot = {add_place(place), 0};
      }
      spots[key] = spot;
      call.out.push_back(spot);
      touch(spot, s);
    }
    if (const int64_t bytes = call.kernel->scratch_bytes(); bytes > 0) {
      Place place;
      place.bytes = bytes;
      place.first = place.last = s;
      call.scratch_place = add_place(place);
    }
  }
  // Where an output or a new value lies at the end; a variable's old value is put aside before the variable changes.
  auto settled = [&](const Value& v) {
    Spot spot = spot_of(v);
    const auto* old = dynamic_cast<const VariableOp*>(graph.node(behind_views(v).first).op.get());
    const bool changes = old && std::any_of(graph.assigns().begin(), graph.assigns().end(),
                                            [&](const Graph::Named& a) { return a.name == old->variable.name; });
    if (changes) {
      Place aside;
      aside.bytes = v.type().bytes();
      const Spot to{add_place(aside), 0};
      copies.push_back({spot, to, aside.bytes});
      spot = to;
    }
    touch(spot, end);
    return spot;
  };
  for (const auto& o : graph.outputs()) outputs[o.name] = {o.value.type(), settled(o.value)};
  std::vector<Copy> renewals;
  for (const auto& a : graph.assigns()) {
    const Spot to{variable_places.at(a.name), 0};
    if (spot_of(a.value).place == to.place) continue;
    renewals.push_back({settled(a.value), to, a.value.type().bytes()});
  }
  copies.insert(copies.end(), renewals.begin(), renewals.end());

  // 4. Parts of a pack move into it where they can be written there at once.
  for (int s = 0; s < end; ++s) {
    const auto* pack = dynamic_cast<const Pack*>(graph.node(calls[static_cast<size_t>(s)].node).op.get());
    if (!pack) continue;
    const Spot whole = calls[static_cast<size_t>(s)].out[0];
    for (size_t k = 0; k < pack->offsets.size(); ++k) {
      const Spot part = calls[static_cast<size_t>(s)].in[k];
      Place& place = places[static_cast<size_t>(part.place)];
      const Place& target = places[static_cast<size_t>(whole.place)];
      const bool early = target.kind == Place::Kind::arena || target.first >= place.first;
      const int64_t bytes = graph.node(calls[static_cast<size_t>(s)].node).inputs[k].type().bytes();
      const bool once = std::count_if(calls[static_cast<size_t>(s)].in.begin(), calls[static_cast<size_t>(s)].in.end(),
                                      [&](const Spot& other) { return other.place == part.place; }) == 1;
      if (place.kind != Place::Kind::arena || place.parent >= 0 || part.offset != 0 || place.bytes != bytes ||
          place.last > s || !once || !early || target.kind != Place::Kind::arena || pack->offsets[k] % 16 != 0) {
        continue;
      }
      place.parent = whole.place;
      place.offset = pack->offsets[k] * 4;
      touch({whole.place, 0}, place.first);
    }
  }

  // 5. The arena.
  std::vector<Block> blocks;
  std::vector<int> owner;
  for (size_t p = 0; p < places.size(); ++p) {
    const Place& place = places[p];
    if (place.kind != Place::Kind::arena || place.parent >= 0) continue;
    blocks.push_back({.bytes = std::max<int64_t>(place.bytes, 4), .first = place.first, .last = place.last});
    owner.push_back(static_cast<int>(p));
  }
  arena_bytes = place(blocks);
  for (size_t b = 0; b < blocks.size(); ++b) places[static_cast<size_t>(owner[b])].offset = blocks[b].offset;
  for (Call& call : calls) {
    call.in_pointers.resize(call.in.size());
    call.out_pointers.resize(call.out.size());
  }
  spots.clear();
}

void Program::Impl::bind_pointers() {
  char* arena = static_cast<char*>(store.arena(std::max<int64_t>(arena_bytes, 64)));
  if (arena == bound_arena && !rebind) return;
  bound_arena = arena;
  rebind = false;
  for (Place& place : places) {
    if (place.kind == Place::Kind::input) {
      const InputSlot& slot = inputs[static_cast<size_t>(place.slot)];
      DL_CHECK(slot.data != nullptr, "input ", slot.name, " is not bound");
      place.data = const_cast<void*>(slot.data);
    } else if (place.kind == Place::Kind::arena) {
      int64_t offset = 0;
      for (const Place* p = &place;; p = &places[static_cast<size_t>(p->parent)]) {
        offset += p->offset;
        if (p->parent < 0) break;
      }
      place.data = arena + offset;
    }
  }
  for (Call& call : calls) {
    for (size_t k = 0; k < call.in.size(); ++k) call.in_pointers[k] = address(call.in[k]);
    for (size_t k = 0; k < call.out.size(); ++k) call.out_pointers[k] = address(call.out[k]);
    call.scratch = call.scratch_place >= 0 ? places[static_cast<size_t>(call.scratch_place)].data : nullptr;
  }
}

void Program::Impl::run(bool timed) {
  bind_pointers();
  using Clock = std::chrono::steady_clock;
  for (Call& call : calls) {
    const Clock::time_point start = timed ? Clock::now() : Clock::time_point{};
    call.kernel->run(call.in_pointers, call.out_pointers, call.scratch);
    if (timed) call.step.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  }
  for (const Copy& copy : copies) store.device().copy_in(address(copy.to), address(copy.from), copy.bytes);
}

Program::Program(const Graph& graph, Store& store) : impl_(std::make_unique<Impl>(store)) { impl_->compile(graph); }
Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

bool Program::has_input(const std::string& name) const {
  return std::any_of(impl_->inputs.begin(), impl_->inputs.end(), [&](const auto& slot) { return slot.name == name; });
}

void Program::bind(const std::string& input, const void* data) {
  for (Impl::InputSlot& slot : impl_->inputs) {
    if (slot.name != input) continue;
    impl_->rebind |= slot.data != data;
    slot.data = data;
    return;
  }
}

Type Program::input_type(const std::string& name) const {
  for (const Impl::InputSlot& slot : impl_->inputs) {
    if (slot.name == name) return slot.type;
  }
  DL_CHECK(false, "no input ", name);
  return {};
}

void Program::run() { impl_->run(false); }
void Program::run_timed() { impl_->run(true); }

const void* Program::output(const std::string& name) const {
  const auto at = impl_->outputs.find(name);
  DL_CHECK(at != impl_->outputs.end(), "no output ", name);
  return impl_->address(at->second.spot);
}

Type Program::output_type(const std::string& name) const {
  const auto at = impl_->outputs.find(name);
  DL_CHECK(at != impl_->outputs.end(), "no output ", name);
  return at->second.type;
}

float Program::scalar(const std::string& name) const {
  DL_CHECK(output_type(name).shape.elements() == 1, name, " is ", output_type(name).shape.text());
  float value = 0;
  impl_->store.device().copy_out(&value, output(name), sizeof value);
  return value;
}

int64_t Program::arena_bytes() const { return impl_->arena_bytes; }
int64_t Program::flops() const { return static_cast<int64_t>(impl_->flops); }

std::vector<Program::Step> Program::steps() const {
  std::vector<Step> steps;
  for (const Call& call : impl_->calls) steps.push_back(call.step);
  return steps;
}

}  // namespace dl
