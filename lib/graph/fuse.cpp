// The fusion pass.
//
// Three kinds of nodes meet here. Heavy ones (matmul, convolution, pooling, transpose, pack) stay. Inline ones (map,
// iota, random, broadcast, reductions over the last axis) can be computed wherever they are wanted. Terminal ones (sums
// and moments over rows, sums over everything) end a loop: their result exists only after its last row.
//
// Each node gets a level, the number of heavy and terminal nodes on the longest way to it. Nodes of equal level depend
// on each other only through inline nodes, so whatever shares level and space can be one loop without making a cycle. A
// value is stored where a heavy node, an output or an assignment wants it, or where a later level would compute it
// again from more than one stored tensor; else later loops compute it again, which costs less than its way through
// memory.
#include <algorithm>
#include <map>
#include <numeric>
#include <queue>
#include <set>

#include "lib/base/error.h"
#include "lib/graph/loop.h"
#include "lib/graph/ops.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/map.h"
#include "lib/graph/ops/reduce.h"
#include "lib/graph/ops/shape_ops.h"
#include "lib/graph/passes.h"

namespace dl {

std::vector<char> live_nodes(const Graph& graph) {
  std::vector<char> live(static_cast<size_t>(graph.size()), 0);
  for (const auto& o : graph.outputs()) live[static_cast<size_t>(o.value.node)] = 1;
  for (const auto& a : graph.assigns()) live[static_cast<size_t>(a.value.node)] = 1;
  for (int i = graph.size() - 1; i >= 0; --i) {
    if (!live[static_cast<size_t>(i)]) continue;
    for (const Value& v : graph.node(i).inputs) live[static_cast<size_t>(v.node)] = 1;
  }
  return live;
}

std::optional<Loop::Access> loop_access(const Shape& shape, const Shape& space) {
  const int rank = space.rank(), lead = rank - shape.rank();
  if (lead < 0) {  // only leading ones may be dropped
    for (int i = 0; i < -lead; ++i) {
      if (shape[i] != 1) return std::nullopt;
    }
  }
  auto size = [&](int axis) { return axis < lead ? int64_t{1} : shape[axis - lead]; };
  const int64_t cols = space.last(), rows = rank ? space.elements() / std::max<int64_t>(cols, 1) : 1;
  for (int i = std::max(0, lead); i < rank; ++i) {
    if (size(i) != 1 && size(i) != space[i]) return std::nullopt;
  }
  bool on_cols = rank > 0 && cols > 1 && size(rank - 1) == cols;
  int first = -1, last = -1;
  for (int i = 0; i + 1 < rank; ++i) {
    if (space[i] == 1 || size(i) == 1) continue;
    if (first < 0) first = i;
    last = i;
  }
  Loop::Access access;
  if (first >= 0) {
    for (int i = first; i <= last; ++i) {
      if (space[i] != 1 && size(i) == 1) return std::nullopt;  // present, repeated, present again
      access.modulo *= space[i];
    }
    for (int i = last + 1; i + 1 < rank; ++i) access.divide *= space[i];
  }
  const bool on_rows = first >= 0;
  using Extent = Loop::Extent;
  if (rows == 1 && on_cols) {
    access.extent = Extent::full;
  } else if (cols == 1 && on_rows) {
    access.extent = Extent::full;
  } else {
    access.extent = on_rows ? (on_cols ? Extent::full : Extent::row) : (on_cols ? Extent::column : Extent::scalar);
  }
  if (rows == 1 && cols == 1) access.extent = Extent::full;
  return access;
}

namespace {

using Extent = Loop::Extent;
using Kind = Loop::Instruction::Kind;

enum class Role { leaf, view, heavy, inlined, terminal };

struct Info {
  bool live = false;
  Role role = Role::heavy;
  int level = 0;        // from which on the outputs can be read from memory, or in their loop's registers
  Shape space;          // inlined, terminal: of the loop that computes it
  bool pinned = false;  // contains a reduction over the last axis of `space`, so no other space can compute it
  bool stored = false;  // inlined: exists in memory
  bool alias = false;   // view: same elements in the same order of rows and columns as its source
};

// What is meant by a reduction in terms of a loop over the operand's shape.
enum class Reduction { row, columns, total, none, other };

Reduction classify(const Shape& x, const std::vector<int>& axes, int64_t& group) {
  std::vector<char> gone(static_cast<size_t>(x.rank()), 0);
  for (int axis : axes) gone[static_cast<size_t>(axis)] = 1;
  bool any = false, all = true, lead = false;
  for (int i = 0; i < x.rank(); ++i) {
    if (x[i] == 1) continue;
    any |= gone[static_cast<size_t>(i)] != 0;
    all &= gone[static_cast<size_t>(i)] != 0;
    if (i + 1 < x.rank()) lead |= gone[static_cast<size_t>(i)] != 0;
  }
  if (!any) return Reduction::none;
  const bool last = x.last() > 1 && gone[static_cast<size_t>(x.rank() - 1)];
  if (last && !lead) return all ? Reduction::total : Reduction::row;
  if (all) return Reduction::total;
  if (last) return Reduction::other;
  group = 1;
  bool kept = false;
  for (int i = x.rank() - 2; i >= 0; --i) {  // the reduced axes must be the innermost of the rows
    if (x[i] == 1) continue;
    if (!gone[static_cast<size_t>(i)]) {
      kept = true;
    } else if (kept) {
      return Reduction::other;
    } else {
      group *= x[i];
    }
  }
  return Reduction::columns;
}

class Fuser {
 public:
  Fuser(const Graph& graph, const TakesEpilogue& takes_epilogue)
      : old_(graph), takes_epilogue_(takes_epilogue), info_(static_cast<size_t>(graph.size())) {}

  std::unique_ptr<Graph> run() {
    classify_nodes();
    for (int i = 0; i < old_.size(); ++i) {
      if (info(i).live) place(i);
    }
    store_what_is_dear();
    group_into_loops();
    choose_epilogues();
    return rebuild();
  }

 private:
  struct Loose {             // a loop to be, or a heavy node
    std::vector<int> roots;  // nodes, ascending; a heavy node alone
    bool heavy = false;
    int level = 0;
    Shape space;
    std::vector<int> needs;  // vertices whose results it reads
    int epilogue_of = -1;    // vertex of the heavy node it follows
  };

  Info& info(int node) { return info_[static_cast<size_t>(node)]; }
  Info& info(const Value& v) { return info(v.node); }
  const Op& op(int node) const { return *old_.node(node).op; }

  // The value behind views that leave the order of elements as it is.
  Value source(Value v) {
    while (info(v).role == Role::view && info(v).alias) v = old_.node(v.node).inputs[0];
    return v;
  }

  static bool same_but_leading_ones(const Shape& a, const Shape& b) {
    auto core = [](const Shape& s) {
      auto first = std::find_if(s.sizes().begin(), s.sizes().end(), [](int64_t size) { return size != 1; });
      return std::vector<int64_t>(first, s.sizes().end());
    };
    return a.elements() == 1 || core(a) == core(b);
  }

  void classify_nodes() {
    const std::vector<char> live = live_nodes(old_);
    for (int i = 0; i < old_.size(); ++i) {
      Info& n = info(i);
      n.live = live[static_cast<size_t>(i)];
      const GraphNode& node = old_.node(i);
      const Op& o = *node.op;
      int64_t group = 0;
      if (dynamic_cast<const Input*>(&o) || dynamic_cast<const VariableOp*>(&o) || dynamic_cast<const Constant*>(&o)) {
        n.role = Role::leaf;
      } else if (dynamic_cast<const Map*>(&o) || dynamic_cast<const Iota*>(&o) ||
                 dynamic_cast<const RandomUniform*>(&o) || dynamic_cast<const BroadcastTo*>(&o)) {
        n.role = Role::inlined;
      } else if (const auto* r = dynamic_cast<const Reduce*>(&o)) {
        const Reduction kind = classify(node.inputs[0].shape(), r->axes, group);
        if (kind == Reduction::row) n.role = Role::inlined;
        if (r->kind == Reduce::Kind::sum && (kind == Reduction::columns || kind == Reduction::total))
          n.role = Role::terminal;
      } else if (const auto* m = dynamic_cast<const MomentsOp*>(&o)) {
        if (classify(node.inputs[0].shape(), m->axes, group) == Reduction::columns) n.role = Role::terminal;
      } else if (o.is_view()) {
        n.role = Role::view;
        n.alias =
            dynamic_cast<const StopGradient*>(&o) ||
            (dynamic_cast<const Reshape*>(&o) && same_but_leading_ones(node.types[0].shape, node.inputs[0].shape()));
      }
    }
    auto want = [&](Value v) {
      v = source(v);
      if (info(v).role == Role::inlined) info(v).stored = true;
    };
    for (int i = 0; i < old_.size(); ++i) {
      if (!info(i).live) continue;
      const bool reads_memory = info(i).role == Role::heavy || (info(i).role == Role::view && !info(i).alias);
      if (reads_memory) std::for_each(old_.node(i).inputs.begin(), old_.node(i).inputs.end(), want);
      // The step number of a random draw is read from memory.
      if (dynamic_cast<const RandomUniform*>(&op(i))) want(old_.node(i).inputs[0]);
    }
    for (const auto& o : old_.outputs()) want(o.value);
    for (const auto& a : old_.assigns()) want(a.value);
  }

  // Whether the value, read at v's shape, can be computed or loaded in a loop over `space`.
  bool expressible(const Value& v, const Shape& space) {
    const std::optional<Loop::Access> access = loop_access(v.shape(), space);
    if (!access) return false;
    const Value u = source(v);
    if (info(u).role != Role::inlined) return true;
    const int64_t rows = space.elements() / std::max<int64_t>(space.last(), 1);
    const bool whole = access->divide == 1 && (access->modulo == rows || access->modulo == 1);
    if (!whole) return false;
    if (info(u).pinned && info(u).space != space) return false;
    if (dynamic_cast<const RandomUniform*>(&op(u.node)) && u.shape() != space) return false;
    if (u.shape().elements() != 1 && v.shape() != u.shape() && !loop_access(u.shape(), space)) return false;
    if (info(u).pinned) return true;  // its operands were checked against this very space
    return std::all_of(old_.node(u.node).inputs.begin(), old_.node(u.node).inputs.end(),
                       [&](const Value& w) { return expressible(w, space); });
  }

  void place(int i) {
    Info& n = info(i);
    const GraphNode& node = old_.node(i);
    if (n.role == Role::leaf) return;
    if (n.role == Role::view) {
      const Value u = node.inputs[0];
      n.level = info(u).level + (!n.alias && info(source(u)).role == Role::inlined ? 1 : 0);
      return;
    }
    if (n.role == Role::heavy) {
      for (const Value& v : node.inputs) n.level = std::max(n.level, info(v).level + 1);
      n.level = std::max(n.level, 1);
      return;
    }
    // The space: that of a pinned operand where this node fits into it, else the node's (or the reduced operand's) own.
    const auto* reduce = dynamic_cast<const Reduce*>(node.op.get());
    const bool reduces = reduce || dynamic_cast<const MomentsOp*>(node.op.get());
    const Shape own = reduces ? node.inputs[0].shape() : node.types[0].shape;
    n.space = own;
    for (const Value& v : node.inputs) {
      const Value u = source(v);
      if (info(u).role != Role::inlined || !info(u).pinned || info(u).space == own) continue;
      const Shape& space = info(u).space;
      int64_t group = 0;
      const bool total = n.role == Role::terminal && reduce && classify(own, reduce->axes, group) == Reduction::total;
      if (n.role == Role::terminal && !total) continue;
      if (n.role == Role::inlined && reduces) continue;
      const std::optional<Loop::Access> access = loop_access(own, space);
      const int64_t rows = space.elements() / space.last();
      const bool fits = access && access->divide == 1 && access->modulo == rows && rows > 1 &&
                        (access->extent == Extent::row || access->extent == Extent::full);
      if (fits &&
          std::all_of(node.inputs.begin(), node.inputs.end(), [&](const Value& w) { return expressible(w, space); })) {
        n.space = space;
        break;
      }
    }
    n.pinned = n.role == Role::inlined && reduces;
    for (const Value& v : node.inputs) {
      const Value u = source(v);
      if (info(u).role == Role::inlined) {
        if (!expressible(v, n.space)) {
          info(u).stored = true;
          n.level = std::max(n.level, info(u).level + 1);
        } else {
          n.pinned |= n.role == Role::inlined && info(u).pinned;
          n.level = std::max(n.level, info(u).level);
        }
      } else {
        n.level = std::max(n.level, info(u).level);
      }
    }
    if (n.role == Role::terminal) ++n.level;
  }

  // In a loop at `level`, whether u is read from memory.
  bool loaded(const Value& u, int level) {
    const Info& n = info(u);
    if (n.role == Role::inlined) return n.stored && n.level < level;
    return true;
  }

  int exec_level(int node) { return info(node).level - (info(node).role == Role::terminal ? 1 : 0); }

  struct Effort {
    int instructions = 0;
    std::set<std::pair<int, int>> tensors;  // large ones, read from memory
    bool reduces = false;
  };

  void measure(const Value& v, int level, const Shape& space, std::set<int>& seen, Effort& effort) {
    const Value u = source(v);
    if (loaded(u, level)) {
      const bool constant = dynamic_cast<const Constant*>(&op(u.node)) != nullptr;
      if (!constant && u.shape().elements() * 8 > space.elements()) effort.tensors.insert({u.node, u.output});
      return;
    }
    if (!seen.insert(u.node).second) return;
    effort.instructions += dynamic_cast<const RandomUniform*>(&op(u.node)) ? 4 : 1;
    if (dynamic_cast<const Reduce*>(&op(u.node))) effort.reduces = true, effort.instructions += 2;
    for (const Value& w : old_.node(u.node).inputs) measure(w, level, space, seen, effort);
  }

  void store_what_is_dear() {
    std::vector<int> last_use(static_cast<size_t>(old_.size()), -1);  // highest level of a loop that wants the value
    std::vector<int64_t> widest(static_cast<size_t>(old_.size()), 0);
    for (int i = 0; i < old_.size(); ++i) {
      if (!info(i).live || (info(i).role != Role::inlined && info(i).role != Role::terminal)) continue;
      for (const Value& v : old_.node(i).inputs) {
        const size_t u = static_cast<size_t>(source(v).node);
        last_use[u] = std::max(last_use[u], exec_level(i));
        widest[u] = std::max(widest[u], info(i).space.elements());
      }
    }
    for (int i = 0; i < old_.size(); ++i) {
      Info& n = info(i);
      if (!n.live || n.role != Role::inlined || n.stored || last_use[static_cast<size_t>(i)] <= n.level) continue;
      Effort effort;
      std::set<int> seen;
      measure({const_cast<Graph*>(&old_), i, 0}, n.level + 1, n.space, seen, effort);
      const bool small = old_.node(i).types[0].shape.elements() * 8 <= widest[static_cast<size_t>(i)];
      n.stored = small ? effort.reduces : effort.tensors.size() > 1 || effort.instructions > 16;
    }
  }

  void visit(const Value& v, int level, std::set<std::pair<int, int>>& touched, std::set<std::pair<int, int>>& loads) {
    const Value u = source(v);
    const std::pair<int, int> key{u.node, u.output};
    if (loaded(u, level)) {
      if (!dynamic_cast<const Constant*>(&op(u.node))) loads.insert(key);
      return;
    }
    if (!touched.insert(key).second) return;
    for (const Value& w : old_.node(u.node).inputs) visit(w, level, touched, loads);
  }

  void group_into_loops() {
    std::vector<int> roots;
    for (int i = 0; i < old_.size(); ++i) {
      if (info(i).live && (info(i).role == Role::terminal || (info(i).role == Role::inlined && info(i).stored)))
        roots.push_back(i);
    }
    std::vector<size_t> parent(roots.size());
    std::iota(parent.begin(), parent.end(), size_t{0});
    auto find = [&](size_t r) {
      while (parent[r] != r) r = parent[r] = parent[parent[r]];
      return r;
    };
    std::vector<std::set<std::pair<int, int>>> reads(roots.size());
    using Meeting = std::tuple<int, std::vector<int64_t>, int, int>;  // level, space, value
    std::map<Meeting, size_t> met;
    for (size_t r = 0; r < roots.size(); ++r) {
      const int node = roots[r], level = exec_level(node);
      std::set<std::pair<int, int>> touched;
      if (info(node).role == Role::inlined) {
        visit({const_cast<Graph*>(&old_), node, 0}, level, touched, reads[r]);
      } else {
        for (const Value& v : old_.node(node).inputs) visit(v, level, touched, reads[r]);
      }
      auto meet = [&](const std::pair<int, int>& value) {
        const auto [it, is_new] = met.emplace(Meeting{level, info(node).space.sizes(), value.first, value.second}, r);
        if (!is_new) parent[find(r)] = find(it->second);
      };
      for (const auto& value : touched) {
        if (!is_small(value, info(node).space)) meet(value);
      }
      meet({node, 0});
      for (const auto& value : reads[r]) {
        if (!is_small(value, info(node).space)) meet(value);
      }
    }
    std::map<size_t, int> vertex_of_set;
    vertex_of_.assign(static_cast<size_t>(old_.size()), -1);
    for (size_t r = 0; r < roots.size(); ++r) {
      const auto [it, is_new] = vertex_of_set.emplace(find(r), static_cast<int>(vertices_.size()));
      if (is_new) vertices_.push_back({.level = exec_level(roots[r]), .space = info(roots[r]).space});
      vertices_[static_cast<size_t>(it->second)].roots.push_back(roots[r]);
      vertex_of_[static_cast<size_t>(roots[r])] = it->second;
    }
    for (int i = 0; i < old_.size(); ++i) {
      if (!info(i).live || info(i).role != Role::heavy) continue;
      vertex_of_[static_cast<size_t>(i)] = static_cast<int>(vertices_.size());
      vertices_.push_back({.roots = {i}, .heavy = true, .level = info(i).level});
    }
    for (size_t r = 0; r < roots.size(); ++r) {
      const int vertex = vertex_of_[static_cast<size_t>(roots[r])];
      for (const auto& [node, output] : reads[r]) need(vertex, {const_cast<Graph*>(&old_), node, output});
    }
    for (size_t v = 0; v < vertices_.size(); ++v) {
      if (!vertices_[v].heavy) continue;
      for (const Value& in : old_.node(vertices_[v].roots[0]).inputs) need(static_cast<int>(v), in);
    }
  }

  bool is_small(const std::pair<int, int>& value, const Shape& space) {
    return old_.node(value.first).types[static_cast<size_t>(value.second)].shape.elements() * 8 <= space.elements();
  }

  // Records that `vertex` reads v, through whatever views lie between.
  void need(int vertex, Value v) {
    while (info(v).role == Role::view) v = old_.node(v.node).inputs[0];
    const int other = vertex_of_[static_cast<size_t>(v.node)];
    if (other >= 0 && other != vertex) vertices_[static_cast<size_t>(vertex)].needs.push_back(other);
  }

  int merged(int vertex) const {
    const int host = vertices_[static_cast<size_t>(vertex)].epilogue_of;
    return host >= 0 ? host : vertex;
  }

  // Everything vertex `v` reads, with that which was merged into it.
  std::vector<int> all_needs(int v) const {
    std::vector<int> needs;
    auto add = [&](int part) {
      for (int n : vertices_[static_cast<size_t>(part)].needs) {
        if (merged(n) != v) needs.push_back(merged(n));
      }
    };
    add(v);
    if (guest_[static_cast<size_t>(v)] >= 0) add(guest_[static_cast<size_t>(v)]);
    return needs;
  }

  bool reaches(int from, int target) const {
    std::vector<char> seen(vertices_.size(), 0);
    std::vector<int> open{from};
    while (!open.empty()) {
      const int v = open.back();
      open.pop_back();
      if (v == target) return true;
      if (seen[static_cast<size_t>(v)]++) continue;
      for (int n : all_needs(v)) open.push_back(n);
    }
    return false;
  }

  void choose_epilogues() {
    guest_.assign(vertices_.size(), -1);
    for (size_t k = 0; k < vertices_.size(); ++k) {
      if (vertices_[k].heavy) continue;
      int best = -1;
      double best_flops = 0;
      for (int h : vertices_[k].needs) {
        const Loose& host = vertices_[static_cast<size_t>(h)];
        if (!host.heavy || guest_[static_cast<size_t>(h)] >= 0) continue;
        const GraphNode& node = old_.node(host.roots[0]);
        std::vector<Type> types;
        for (const Value& v : node.inputs) types.push_back(v.type());
        if (node.types.size() != 1 || node.types[0].shape != vertices_[k].space || !takes_epilogue_(*node.op, types))
          continue;
        // Whatever else the loop reads must not depend on the host.
        const bool cycle = std::any_of(vertices_[k].needs.begin(), vertices_[k].needs.end(),
                                       [&](int n) { return merged(n) != h && reaches(merged(n), h); });
        const double flops = node.op->cost(types, node.types).flops;
        if (!cycle && flops > best_flops) best = h, best_flops = flops;
      }
      if (best < 0) continue;
      vertices_[k].epilogue_of = best;
      guest_[static_cast<size_t>(best)] = static_cast<int>(k);
    }
  }

  // ---- building the new graph

  Value mapped(const Value& v) {
    const auto known = new_of_.find({v.node, v.output});
    if (known != new_of_.end()) return known->second;
    const GraphNode& node = old_.node(v.node);
    DL_CHECK(info(v).role == Role::leaf || info(v).role == Role::view, node.op->name(), " %", v.node,
             " was not computed");
    Value made;
    if (info(v).role == Role::leaf) {
      made = new_->add_one(node.op, {});
    } else if (dynamic_cast<const StopGradient*>(node.op.get())) {
      made = mapped(node.inputs[0]);
    } else {
      made = new_->add_one(node.op, {mapped(node.inputs[0])});
    }
    new_of_[{v.node, v.output}] = made;
    return made;
  }

  struct Emission {
    Loop loop;
    int level = 0;
    Shape space;
    std::vector<Value> inputs;  // of the new graph
    std::map<std::pair<int, int>, int> registers;
    Value host;  // old value that is input 0 in an epilogue
  };

  static int push(Emission& e, Loop::Instruction ins) {
    e.loop.code.push_back(ins);
    return static_cast<int>(e.loop.code.size()) - 1;
  }

  static Extent join(Extent a, Extent b) {
    if (a == b || b == Extent::scalar) return a;
    if (a == Extent::scalar) return b;
    return Extent::full;
  }

  static Extent extent_of(const Emission& e, int reg) { return e.loop.code[static_cast<size_t>(reg)].extent; }

  // The register, spread over the whole space.
  static int full(Emission& e, int reg) {
    if (extent_of(e, reg) == Extent::full) return reg;
    const int zero = push(e, {.kind = Kind::constant, .value = 0});
    return push(e, {.kind = Kind::map, .function = Function::add, .extent = Extent::full, .a = reg, .b = zero});
  }

  int input_slot(Emission& e, const Value& made) {
    const auto at = std::find(e.inputs.begin(), e.inputs.end(), made);
    if (at != e.inputs.end()) return static_cast<int>(at - e.inputs.begin());
    e.inputs.push_back(made);
    return static_cast<int>(e.inputs.size()) - 1;
  }

  int emit(Emission& e, const Value& v) {
    const Value u = source(v);
    const std::pair<int, int> key{u.node, u.output};
    if (const auto* c = dynamic_cast<const Constant*>(&op(u.node))) {
      const auto known = e.registers.find(key);
      if (known != e.registers.end()) return known->second;
      return e.registers[key] = push(e, {.kind = Kind::constant, .value = c->value});
    }
    if (loaded(u, e.level)) {
      const Shape shape = u.shape().elements() == 1 ? Shape{} : v.shape();
      Value from = e.host && u == e.host ? Value{} : mapped(u);
      std::optional<Loop::Access> access = loop_access(shape, e.space);
      if (!access) {  // repeated in a pattern that a loop cannot follow: spread it out first
        from = new_->add_one(std::make_shared<BroadcastTo>(e.space), {reshape(from, shape)});
        access = loop_access(e.space, e.space);
      }
      for (size_t i = 0; i < e.loop.code.size(); ++i) {
        const Loop::Instruction& known = e.loop.code[i];
        const bool same = known.kind == Kind::load && known.access == *access &&
                          (from ? known.input < static_cast<int>(e.inputs.size()) &&
                                      e.inputs[static_cast<size_t>(known.input)] == from
                                : known.input == 0 && e.host);
        if (same) return static_cast<int>(i);
      }
      const int slot = from ? input_slot(e, from) : 0;
      return push(e, {.kind = Kind::load, .extent = access->extent, .input = slot, .access = *access});
    }
    const auto known = e.registers.find(key);
    if (known != e.registers.end()) return known->second;
    const GraphNode& node = old_.node(u.node);
    int reg = -1;
    if (const auto* m = dynamic_cast<const Map*>(node.op.get())) {
      Loop::Instruction ins{.kind = Kind::map, .function = m->function};
      int* operands[] = {&ins.a, &ins.b, &ins.c};
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        *operands[i] = emit(e, node.inputs[i]);
        ins.extent = join(ins.extent, extent_of(e, *operands[i]));
      }
      reg = push(e, ins);
    } else if (dynamic_cast<const BroadcastTo*>(node.op.get())) {
      reg = emit(e, node.inputs[0]);
    } else if (dynamic_cast<const Iota*>(node.op.get())) {
      const Extent extent = loop_access(u.shape(), e.space)->extent;
      reg = extent == Extent::scalar ? push(e, {.kind = Kind::constant, .value = 0})
                                     : push(e, {.kind = Kind::iota, .extent = Extent::column});
    } else if (const auto* r = dynamic_cast<const RandomUniform*>(node.op.get())) {
      const int slot = input_slot(e, mapped(node.inputs[0]));
      reg = push(e, {.kind = Kind::random, .extent = Extent::full, .input = slot, .key = r->key});
    } else if (const auto* d = dynamic_cast<const Reduce*>(node.op.get())) {
      const int operand = full(e, emit(e, node.inputs[0]));
      reg = push(
          e,
          {.kind = d->kind == Reduce::Kind::sum ? Kind::row_sum : Kind::row_max, .extent = Extent::row, .a = operand});
    }
    DL_CHECK(reg >= 0, "no instruction for ", node.op->name());
    return e.registers[key] = reg;
  }

  void build_loop(const Loose& k, int host_node) {
    Emission e;
    e.level = k.level;
    e.space = k.space;
    e.loop.cols = k.space.last();
    e.loop.rows = k.space.elements() / e.loop.cols;
    if (host_node >= 0) {
      e.host = {const_cast<Graph*>(&old_), host_node, 0};
      e.inputs.push_back(Value{});  // the product, which is not a value of the new graph
    }
    std::vector<Type> types;
    std::vector<std::pair<int, int>> defines;
    auto result = [&](Loop::Result r, const Type& type, int node, int output) {
      if (r.kind != Loop::Result::Kind::moments || output == 0) e.loop.results.push_back(r);
      types.push_back(type);
      defines.push_back({node, output});
    };
    if (host_node >= 0 && read_elsewhere(host_node, k)) {
      result({.kind = Loop::Result::Kind::store, .source = emit(e, e.host)}, old_.node(host_node).types[0], host_node,
             0);
    }
    for (int root : k.roots) {
      const GraphNode& node = old_.node(root);
      new_->scope = node.scope;
      if (info(root).role == Role::inlined) {
        int reg = emit(e, {const_cast<Graph*>(&old_), root, 0});
        // A register may vary less than its shape says: what is stored has every element.
        const Extent wanted = loop_access(node.types[0].shape, e.space)->extent;
        if (wanted == Extent::full) reg = full(e, reg);
        if (wanted != extent_of(e, reg)) {
          const int zero = push(e, {.kind = Kind::constant, .value = 0});
          reg = push(e, {.kind = Kind::map, .function = Function::add, .extent = wanted, .a = reg, .b = zero});
        }
        result({.kind = Loop::Result::Kind::store, .source = reg}, node.types[0], root, 0);
        continue;
      }
      int reg = emit(e, node.inputs[0]);
      int64_t group = 0;
      const auto* reduce = dynamic_cast<const Reduce*>(node.op.get());
      const auto* moments = dynamic_cast<const MomentsOp*>(node.op.get());
      const Reduction kind = classify(node.inputs[0].shape(), reduce ? reduce->axes : moments->axes, group);
      if (kind == Reduction::total) {
        const Extent operand = loop_access(node.inputs[0].shape(), e.space)->extent;
        if (operand == Extent::full) {
          reg = full(e, reg);
        } else if (extent_of(e, reg) != Extent::row) {
          const int zero = push(e, {.kind = Kind::constant, .value = 0});
          reg = push(e, {.kind = Kind::map, .function = Function::add, .extent = Extent::row, .a = reg, .b = zero});
        }
        result({.kind = Loop::Result::Kind::total, .source = reg}, node.types[0], root, 0);
      } else {
        const auto what = moments ? Loop::Result::Kind::moments : Loop::Result::Kind::sum;
        const Loop::Result r{.kind = what, .source = full(e, reg), .group = group};
        for (size_t output = 0; output < node.types.size(); ++output) {
          result(r, node.types[output], root, static_cast<int>(output));
        }
      }
    }
    std::vector<Value> made;
    if (host_node < 0) {
      made = new_->add(std::make_shared<LoopOp>(std::move(e.loop), std::move(types)), e.inputs);
    } else {
      const GraphNode& host = old_.node(host_node);
      std::vector<Value> inputs;
      for (const Value& v : host.inputs) inputs.push_back(mapped(v));
      inputs.insert(inputs.end(), e.inputs.begin() + 1, e.inputs.end());
      new_->scope = host.scope;
      made = new_->add(std::make_shared<EpilogueOp>(host.op, static_cast<int>(host.inputs.size()), host.types[0],
                                                    LoopOp(std::move(e.loop), std::move(types))),
                       inputs);
    }
    for (size_t i = 0; i < defines.size(); ++i) new_of_[defines[i]] = made[i];
  }

  // Whether anything but the loop itself reads the heavy node's result.
  bool read_elsewhere(int node, const Loose& k) {
    auto is_it = [&](Value v) {
      while (info(v).role == Role::view) v = old_.node(v.node).inputs[0];
      return v.node == node;
    };
    const int self = static_cast<int>(&k - vertices_.data()), host = vertex_of_[static_cast<size_t>(node)];
    for (size_t v = 0; v < vertices_.size(); ++v) {
      const auto& needs = vertices_[v].needs;
      if (static_cast<int>(v) != self && std::find(needs.begin(), needs.end(), host) != needs.end()) return true;
    }
    auto leaves = [&](const Graph::Named& n) { return is_it(n.value); };
    return std::any_of(old_.outputs().begin(), old_.outputs().end(), leaves) ||
           std::any_of(old_.assigns().begin(), old_.assigns().end(), leaves);
  }

  std::unique_ptr<Graph> rebuild() {
    new_ = std::make_unique<Graph>();
    // Order: as the nodes were built, as far as dependencies allow.
    std::vector<int> waits(vertices_.size(), 0);
    std::vector<std::vector<int>> users(vertices_.size());
    auto position = [&](int v) {
      const int guest = guest_[static_cast<size_t>(v)];
      return guest >= 0 ? vertices_[static_cast<size_t>(guest)].roots.front()
                        : vertices_[static_cast<size_t>(v)].roots.front();
    };
    std::priority_queue<std::pair<int, int>, std::vector<std::pair<int, int>>, std::greater<>> ready;
    size_t total = 0;
    for (size_t v = 0; v < vertices_.size(); ++v) {
      if (merged(static_cast<int>(v)) != static_cast<int>(v)) continue;
      ++total;
      for (int n : all_needs(static_cast<int>(v))) {
        users[static_cast<size_t>(n)].push_back(static_cast<int>(v));
        ++waits[v];
      }
      if (!waits[v]) ready.push({position(static_cast<int>(v)), static_cast<int>(v)});
    }
    while (!ready.empty()) {
      const int v = ready.top().second;
      ready.pop();
      --total;
      const Loose& vertex = vertices_[static_cast<size_t>(v)];
      const int guest = guest_[static_cast<size_t>(v)];
      if (guest >= 0) {
        build_loop(vertices_[static_cast<size_t>(guest)], vertex.roots[0]);
      } else if (!vertex.heavy) {
        build_loop(vertex, -1);
      } else {
        const GraphNode& node = old_.node(vertex.roots[0]);
        std::vector<Value> inputs;
        for (const Value& in : node.inputs) inputs.push_back(mapped(in));
        new_->scope = node.scope;
        const std::vector<Value> made = new_->add(node.op, inputs);
        for (size_t i = 0; i < made.size(); ++i) new_of_[{vertex.roots[0], static_cast<int>(i)}] = made[i];
      }
      for (int user : users[static_cast<size_t>(v)]) {
        if (--waits[static_cast<size_t>(user)] == 0) ready.push({position(user), user});
      }
    }
    DL_CHECK(total == 0, total, " loops wait for each other");
    for (const auto& o : old_.outputs()) new_->output(o.name, mapped(o.value));
    for (const auto& a : old_.assigns()) new_->assign(a.name, mapped(a.value));
    new_->scope.clear();
    return std::move(new_);
  }

  const Graph& old_;
  const TakesEpilogue& takes_epilogue_;
  std::vector<Info> info_;
  std::vector<Loose> vertices_;
  std::vector<int> vertex_of_;  // by node; -1 where it is computed inside others
  std::vector<int> guest_;      // by vertex: the loop that follows it
  std::unique_ptr<Graph> new_;
  std::map<std::pair<int, int>, Value> new_of_;
};

}  // namespace

std::unique_ptr<Graph> fuse(const Graph& graph, const TakesEpilogue& takes_epilogue) {
  return Fuser(graph, takes_epilogue).run();
}

}  // namespace dl
