// Laying a graph out: which memory each value has.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/layout.h"

#include <algorithm>

#include "lib/device/layout_values.h"
#include "lib/device/plan.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/shape_ops.h"
#include "lib/graph/passes.h"

namespace dl {
namespace {

bool is_leaf(const Op& op) {
  return dynamic_cast<const Input*>(&op) || dynamic_cast<const VariableOp*>(&op) || dynamic_cast<const Constant*>(&op);
}

double loop_flops(const Op& op) {
  if (const auto* loop = dynamic_cast<const LoopOp*>(&op)) return loop->loop.flops();
  if (const auto* epilogue = dynamic_cast<const EpilogueOp*>(&op)) return epilogue->loop.loop.flops();
  return 0;
}

class LayoutPlanner {
 public:
  LayoutPlanner(const Graph& graph, Store& store)
      : graph_(graph),
        store_(store),
        device_(store.device()),
        live_(live_nodes(graph)),
        values_(graph, compile_calls()) {}

  Layout run() {
    place_leaves();
    for (int s = 0; s < end(); ++s) place_operands(s);
    place_results();
    for (int s = 0; s < end(); ++s) gather_parts(s);
    place_in_arena();
    for (const auto& a : graph_.assigns()) out_.changed.push_back(a.name);
    return std::move(out_);
  }

 private:
  int end() const { return static_cast<int>(out_.calls.size()); }
  Call& call(int number) { return out_.calls[static_cast<size_t>(number)]; }
  const GraphNode& node_of(int number) { return graph_.node(call(number).node); }
  Place& place(int index) { return out_.places[static_cast<size_t>(index)]; }

  int add_place(Place place) {
    out_.places.push_back(std::move(place));
    return static_cast<int>(out_.places.size()) - 1;
  }

  void touch(const Address& address, int number) {
    for (int p = address.place; p >= 0; p = place(p).parent) {
      place(p).first = std::min(place(p).first, number);
      place(p).last = std::max(place(p).last, number);
    }
  }

  Address address_of(const Value& v) const {
    Address address = addresses_.at(LayoutValues::key_of(values_.behind_views(v)));
    address.offset += values_.offset_in_views(v);
    return address;
  }

  static bool occurs_once(const std::vector<Address>& addresses, int place) {
    return std::ranges::count(addresses, place, &Address::place) == 1;
  }

  // Their nodes, in order.
  std::vector<int> compile_calls() {
    std::vector<int> nodes;
    for (int i = 0; i < graph_.size(); ++i) {
      const GraphNode& node = graph_.node(i);
      const Op& op = *node.op;
      if (!live_[static_cast<size_t>(i)] || op.is_view() || is_leaf(op)) continue;
      std::vector<Type> types;
      for (const Value& v : node.inputs) types.push_back(v.type());
      Call made;
      made.kernel = device_.compile(op, types, node.types);
      made.node = i;
      made.about = {.op = std::string(op.name()),
                    .attributes = op.attributes(),
                    .scope = node.scope,
                    .phase = node.phase,
                    .inputs = types,
                    .outputs = node.types,
                    .loop_flops = loop_flops(op),
                    .cost = op.cost(types, node.types)};
      out_.flops += made.about.cost.flops;
      nodes.push_back(i);
      out_.calls.push_back(std::move(made));
    }
    return nodes;
  }

  // The variable that is assigned to: what it is, whoever makes it known says.
  Variable renewed(const Graph::Named& a) const {
    Variable v{a.name, a.value.type()};
    if (!store_.has(a.name)) return v;
    const Variable& known = store_.description(a.name);
    v.role = known.role;
    v.spread = known.spread;
    return v;
  }

  int place_of_variable(const Variable& v) {
    const auto known = variable_places_.find(v.name);
    if (known != variable_places_.end()) return known->second;
    store_.declare(v);
    const int p = add_place(
        {.kind = Place::Kind::variable, .bytes = v.type.bytes(), .index = static_cast<int>(out_.variables.size())});
    out_.variables.push_back(v.name);
    return variable_places_[v.name] = p;
  }

  void place_leaves() {
    for (int i = 0; i < graph_.size(); ++i) {
      if (!live_[static_cast<size_t>(i)]) continue;
      const Op& op = *graph_.node(i).op;
      if (const auto* input = dynamic_cast<const Input*>(&op)) {
        addresses_[{i, 0}] = {add_place({.kind = Place::Kind::input, .index = static_cast<int>(out_.inputs.size())}),
                              0};
        out_.inputs.push_back({input->key, input->type});
      } else if (const auto* variable = dynamic_cast<const VariableOp*>(&op)) {
        addresses_[{i, 0}] = {place_of_variable(variable->variable), 0};
      } else if (const auto* constant = dynamic_cast<const Constant*>(&op)) {
        addresses_[{i, 0}] = {
            add_place({.kind = Place::Kind::constant, .index = static_cast<int>(out_.constants.size())}), 0};
        out_.constants.push_back(static_cast<float>(constant->value));
      }
    }
    for (const auto& a : graph_.assigns()) place_of_variable(renewed(a));
  }

  // The operand's memory where the call may write output `o` over it, as `address`, which is the same memory.
  bool may_overwrite(const Call& call, size_t k, size_t o, const Address& address) const {
    return call.in[k].offset == address.offset && call.kernel->in_place(static_cast<int>(k), static_cast<int>(o));
  }

  // Straight into the variable, if nobody reads the old values there later, and this call itself only in place. A pack
  // may find its parts where it puts them.
  Address in_variable(int number, size_t o) {
    const Call& at = call(number);
    const LayoutValues::Destination* wanted = values_.wanted({at.node, static_cast<int>(o)});
    if (!wanted) return {};
    const Address address{variable_places_.at(wanted->variable), wanted->offset};
    const GraphNode& node = node_of(number);
    const int64_t last_byte = address.offset + node.types[o].bytes();
    auto overlaps = [&](int64_t begin, int64_t bytes) { return begin < last_byte && begin + bytes > address.offset; };
    for (const LayoutValues::Read& read : values_.reads_of(wanted->variable))
      if (read.call > number && overlaps(read.begin, read.end - read.begin)) return {};
    const auto* pack = dynamic_cast<const Pack*>(node.op.get());
    for (size_t k = 0; k < at.in.size(); ++k) {
      if (at.in[k].place != address.place || !overlaps(at.in[k].offset, node.inputs[k].type().bytes())) continue;
      const bool in_its_place = pack && at.in[k].offset == address.offset + pack->offsets[k] * bytes_of(DType::f32);
      if (!in_its_place && !may_overwrite(at, k, o, address)) return {};
    }
    return address;
  }

  // Over an operand that nobody wants any more.
  Address over_operand(int number, size_t o) {
    const Call& at = call(number);
    const GraphNode& node = node_of(number);
    for (size_t k = 0; k < at.in.size(); ++k) {
      const Address& in = at.in[k];
      const Place& place_in = place(in.place);
      const bool whole = place_in.kind == Place::Kind::arena && place_in.parent < 0 && in.offset == 0 &&
                         place_in.bytes == node.types[o].bytes();
      const bool taken = std::ranges::count(at.out, in.place, &Address::place) > 0;
      if (whole && !taken && occurs_once(at.in, in.place) &&
          values_.last_read(LayoutValues::key_of(values_.behind_views(node.inputs[k]))) == number &&
          may_overwrite(at, k, o, {in.place, 0}))
        return {in.place, 0};
    }
    return {};
  }

  void place_operands(int number) {
    Call& at = call(number);
    const GraphNode& node = node_of(number);
    for (const Value& v : node.inputs) {
      at.in.push_back(address_of(v));
      touch(at.in.back(), number);
    }
    for (size_t o = 0; o < node.types.size(); ++o) {
      Address address = in_variable(number, o);
      if (address.place < 0) address = over_operand(number, o);
      if (address.place < 0) address = {add_place({.bytes = node.types[o].bytes()}), 0};
      addresses_[{at.node, static_cast<int>(o)}] = address;
      at.out.push_back(address);
      touch(address, number);
    }
    if (at.kernel->finds_faults()) {
      at.out.push_back({add_place({.kind = Place::Kind::result, .bytes = sizeof(Fault), .index = out_.results}), 0});
      out_.faults.push_back({number, out_.results++});
    }
    for (size_t o = 0; o < node.types.size(); ++o)
      if (!values_.is_read({at.node, static_cast<int>(o)})) at.kernel->unread(static_cast<int>(o));
    if (store_.expects_no_changes()) tell_what_stays(at);
    if (const int64_t bytes = at.kernel->scratch_bytes(); bytes > 0)
      at.scratch_place = add_place({.bytes = bytes, .first = number, .last = number});
  }

  void tell_what_stays(Call& at) {
    for (size_t k = 0; k < graph_.node(at.node).inputs.size(); ++k) {
      const VariableOp* variable = values_.variable_behind(graph_.node(at.node).inputs[k]);
      if (variable && !values_.changes(*variable))
        at.kernel->stays(static_cast<int>(k), store_.changes(variable->variable.name));
    }
  }

  // Where a new value lies at the end; a variable's old value is put aside before the variable changes.
  Address settled(const Value& v) {
    const Address address = address_of(v);
    const VariableOp* old = values_.variable_behind(v);
    if (old && values_.changes(*old)) return put_aside(v);
    touch(address, end());
    return address;
  }

  Address put_aside(const Value& v) {
    const Address aside{add_place({.bytes = v.type().bytes()}), 0};
    copy_at_end(address_of(v), aside, v.type().bytes());
    touch(aside, end());
    return aside;
  }

  void copy_at_end(const Address& from, const Address& to, int64_t bytes) {
    touch(from, end());
    out_.copies.push_back({from, to, bytes});
  }

  // Among the results: at once where the value has memory of its own, else by a copy.
  Address result(const Value& v, int index) {
    const Address address = address_of(v);
    Place& own = place(address.place);
    if (own.kind == Place::Kind::arena && own.parent < 0 && own.bytes == v.type().bytes()) {
      own.kind = Place::Kind::result;
      own.index = index;
      return address;
    }
    const Address to{add_place({.kind = Place::Kind::result, .bytes = v.type().bytes(), .index = index}), 0};
    copy_at_end(address, to, v.type().bytes());
    return to;
  }

  void place_output(const Graph::Named& o) {
    const Type& type = o.value.type();
    if (type.dtype == DType::f32 && type.shape.elements() == 1) {
      const int index = out_.results++;
      out_.outputs.push_back({o.name, type, result(o.value, index), index});
      return;
    }
    const bool fed = place(address_of(o.value).place).kind == Place::Kind::input;  // it belongs to the caller
    out_.outputs.push_back({o.name, type, fed ? put_aside(o.value) : settled(o.value)});
  }

  void place_results() {
    for (const auto& o : graph_.outputs()) place_output(o);
    std::vector<Layout::Copy> renewals;  // after all that is put aside
    for (const auto& a : graph_.assigns()) {
      const Address to{variable_places_.at(a.name), 0};
      if (address_of(a.value).place != to.place) renewals.push_back({settled(a.value), to, a.value.type().bytes()});
    }
    out_.copies.insert(out_.copies.end(), renewals.begin(), renewals.end());
  }

  // Parts of a pack move into it where they can be written there at once.
  void gather_parts(int number) {
    const GraphNode& node = node_of(number);
    const auto* pack = dynamic_cast<const Pack*>(node.op.get());
    const Address whole = call(number).out[0];
    if (!pack || place(whole.place).kind != Place::Kind::arena) return;
    for (size_t k = 0; k < pack->offsets.size(); ++k) {
      const Address part = call(number).in[k];
      Place& own = place(part.place);
      if (own.kind != Place::Kind::arena || own.parent >= 0 || part.offset != 0 || own.last > number ||
          own.bytes != node.inputs[k].type().bytes() || !occurs_once(call(number).in, part.place) ||
          pack->offsets[k] % 16 != 0)
        continue;
      own.parent = whole.place;
      own.offset = pack->offsets[k] * bytes_of(DType::f32);
      touch({whole.place, 0}, own.first);
      call(number).about.cost.bytes -= 2 * static_cast<double>(own.bytes);  // nothing is moved
    }
  }

  void place_in_arena() {
    std::vector<Block> blocks;
    std::vector<size_t> owner;
    for (size_t p = 0; p < out_.places.size(); ++p) {
      const Place& own = out_.places[p];
      if (own.kind != Place::Kind::arena || own.parent >= 0) continue;
      blocks.push_back({.bytes = std::max<int64_t>(own.bytes, 4), .first = own.first, .last = own.last});
      owner.push_back(p);
    }
    out_.arena_bytes = dl::place(blocks);
    for (size_t b = 0; b < blocks.size(); ++b) out_.places[owner[b]].offset = blocks[b].offset;
  }

  const Graph& graph_;
  Store& store_;
  Device& device_;
  const std::vector<char> live_;
  Layout out_;
  const LayoutValues values_;
  std::map<std::string, int> variable_places_;
  std::map<LayoutValues::Key, Address> addresses_;
};

}  // namespace

Layout lay_out(const Graph& graph, Store& store) { return LayoutPlanner(graph, store).run(); }

}  // namespace dl
