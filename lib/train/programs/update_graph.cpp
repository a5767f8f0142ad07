// Building the graph of an update.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/programs/update_graph.h"

#include <algorithm>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/graph/ops.h"

namespace dl {
namespace {

// A part of the parameters that rules see at once.
struct Piece {
  const UpdateRange* range = nullptr;  // null: what is not updated
  std::string prefix;                  // of the range's numbers
  int64_t begin = 0;                   // its first element of the flat parameters
  Shape shape;
  std::string path;  // of the tensor that it is; empty: it is flat
};

// Whether some rule of the chain is to see the range's tensors one at a time; then all rules do.
bool by_tensor(const Update& update, const UpdateRange& range) {
  const auto asks = [](const UpdateRule* rule) { return rule->by_tensor(); };
  return range.optimizer->by_tensor() || std::ranges::any_of(update.before, asks) ||
         std::ranges::any_of(update.after, asks);
}

std::vector<Piece> pieces_of(const Update& update, const Network& network, int64_t updates) {
  std::vector<Piece> pieces;
  int64_t end = 0;
  const auto leave_out = [&](int64_t until) {
    if (until > end) pieces.push_back({.begin = end, .shape = {until - end}});
  };
  for (size_t i = 0; i < update.ranges.size(); ++i) {
    const UpdateRange& range = update.ranges[i];
    if (range.frozen_until > updates) continue;
    const std::string prefix = concat("update/", i, "/");
    leave_out(range.begin);
    end = range.end;
    if (!by_tensor(update, range)) {
      pieces.push_back({&range, prefix, range.begin, {range.end - range.begin}, ""});
      continue;
    }
    for (const Tensor& t : network.tensors())
      if (t.trained && t.offset >= range.begin && t.offset < range.end)
        pieces.push_back({&range, prefix, t.offset, t.shape, t.path});
  }
  leave_out(network.arena_elements());
  return pieces;
}

class UpdateGraph {
 public:
  UpdateGraph(Graph& g, const Update& update, const Network& network, HostNumbers& numbers, int64_t updates)
      : graph_(g),
        update_(update),
        network_(network),
        parameters_(network.parameters()),
        pieces_(pieces_of(update, network, updates)),
        numbers_(numbers) {}

  void run(const Slopes& slopes, Value count, const std::vector<std::string>& averaged_elsewhere) {
    const Value gradient = slopes.gradient;
    curvature_ = slopes.curvature;
    graph_.phase = Phase::update;
    std::vector<Value> gradients = parts_of(gradient);
    norm_ = everything_is_updated() ? sqrt(sum(gradient * gradient)) : norm_of(gradients);
    if (count) norm_ = norm_ / count;
    graph_.output("grad_norm", norm_);
    for (Value& g : gradients)
      if (count) g = g / count;
    for (const UpdateRule* rule : update_.before) {
      gradients_ = &gradients;
      gradients = each([&](Builder& b, size_t i) { return rule->apply(b, gradients[i]); }, rule->name);
      norm_ = {};
    }
    gradients_ = nullptr;
    std::vector<Value> parameters = each([&](Builder& b, size_t i) {
      const UpdateRange& range = *updated_[i]->range;
      const Value p = old(parameters_, *updated_[i]);
      return range.lr_factor == 0 ? p : range.optimizer->update(b, p, gradients[i]);
    });
    for (const UpdateRule* rule : update_.after)
      parameters = each([&](Builder& b, size_t i) { return rule->apply(b, parameters[i]); }, rule->name);
    for (size_t i = 0; i < updated_.size(); ++i) renew(parameters_, *updated_[i], parameters[i]);
    assign();
    for (const UpdateRule* rule : update_.after)
      if (std::ranges::count(averaged_elsewhere, rule->name) == 0) average_buffers(*rule);
  }

 private:
  // What a rule is given for a piece.
  class Builder final : public UpdateBuilder {
   public:
    Builder(UpdateGraph& whole, const Piece& piece, const std::string& rule)
        : whole_(whole), piece_(piece), prefix_(concat(piece.prefix, rule, "/")) {}

    Value number(const std::string& name, std::function<double(const UpdateTime&)> compute) override {
      const auto before = static_cast<double>(piece_.range->frozen_until / whole_.update_.every);
      whole_.numbers_.try_emplace(prefix_ + name, HostNumber{std::move(compute), piece_.range->lr_factor, before});
      return input(whole_.graph_, prefix_ + name, Type{});
    }
    Momentum momentum(double own) override {
      if (!whole_.update_.moves_momentum) return {own, 1 - own};
      const auto kept = [own](const UpdateTime& t) { return t.momentum.value_or(own); };
      return {number("momentum", kept), number("1 - momentum", [kept](const UpdateTime& t) { return 1 - kept(t); })};
    }
    Value parameters() override { return whole_.old(whole_.parameters_, piece_); }
    std::string path() const override { return piece_.path; }
    Value state(const std::string& name) override { return kept({name, flat(), Role::optimizer_state}); }
    Value average(const std::string& name) override { return kept({name, flat(), Role::average}); }
    Value state(const std::string& name, const Shape& shape) override {
      DL_CHECK(!piece_.path.empty(), "'", name, "' is the state of a tensor, and the rule does not act by tensor");
      const Variable own{name + "/" + piece_.path, {DType::f32, shape}, Role::tensor_state};
      kept_[name] = own;
      return variable(whole_.graph_, own);
    }
    void assign(const std::string& name, Value value) override {
      const auto known = kept_.find(name);
      DL_CHECK(known != kept_.end(), "'", name, "' is assigned to and was not asked for");
      const Variable& v = known->second;
      if (v.role == Role::tensor_state)
        whole_.graph_.assign(v.name, value);
      else
        whole_.renew(v, piece_, value);
    }
    Value curvature() override { return whole_.curvature_ ? whole_.part(whole_.curvature_, piece_) : Value{}; }
    void tell(const std::string& number, Value value) override { whole_.graph_.output("search/" + number, value); }
    Value gradient_norm() override { return whole_.gradient_norm(); }

   private:
    Type flat() const { return whole_.parameters_.type; }
    Value kept(Variable v) {
      kept_[v.name] = v;
      return whole_.old(v, piece_);
    }

    UpdateGraph& whole_;
    const Piece& piece_;
    std::string prefix_;
    std::map<std::string, Variable> kept_;  // by the rule's name of it
  };

  // What `make` makes of each piece that is updated, for the rule of that name; none: the range's optimizer.
  template <class Make>
  std::vector<Value> each(Make make, const std::string& rule = "") {
    std::vector<Value> made;
    for (size_t i = 0; i < updated_.size(); ++i) {
      Builder b(*this, *updated_[i], rule.empty() ? updated_[i]->range->optimizer->name : rule);
      made.push_back(make(b, i));
    }
    return made;
  }

  Value part(Value whole, const Piece& piece) const {
    if (piece.shape == parameters_.type.shape) return whole;
    return view(whole, piece.begin, piece.shape);
  }
  std::vector<Value> parts_of(Value whole) const {
    std::vector<Value> parts;
    for (const Piece* piece : updated_) parts.push_back(part(whole, *piece));
    return parts;
  }
  Value old(const Variable& v, const Piece& piece) { return part(variable(graph_, v), piece); }
  void renew(const Variable& v, const Piece& piece, Value value) {
    renewed_.try_emplace(v.name, Renewed{v, {}}).first->second.parts[&piece] = value;
  }

  bool everything_is_updated() const { return updated_.size() == pieces_.size(); }
  static Value norm_of(const std::vector<Value>& parts) {
    Value squares;
    for (const Value& part : parts) {
      const Value own = sum(part * part);
      squares = squares ? squares + own : own;
    }
    return sqrt(squares);
  }
  Value gradient_norm() {
    DL_CHECK(gradients_, "a rule after the optimizer asks for the gradient's norm");
    if (!norm_) norm_ = norm_of(*gradients_);
    return norm_;
  }

  // What the batch has made of a layer's own variable.
  Value renewed_buffer(const Tensor& buffer) {
    const auto& assigns = graph_.assigns();
    const auto made = std::ranges::find(assigns, buffer.path, &Graph::Named::name);
    return made != assigns.end() ? made->value : variable(graph_, {buffer.path, {DType::f32, buffer.shape}});
  }

  void average_buffers(const UpdateRule& rule) {
    if (updated_.empty() || !rule.averages_buffers()) return;
    // By the updates of what has been trained for the longest.
    const auto frozen_until = [](const Piece* piece) { return piece->range->frozen_until; };
    Builder b(*this, **std::ranges::min_element(updated_, {}, frozen_until), rule.name);
    for (const Tensor& t : network_.tensors()) {
      if (t.trained) continue;
      const Variable kept = average_of(t, rule.name);
      graph_.assign(kept.name, rule.average_of_buffer(b, variable(graph_, kept), renewed_buffer(t)));
    }
  }

  // Each variable that some piece renewed, as a whole.
  void assign() {
    for (const auto& [name, v] : renewed_) {
      std::vector<Value> values;
      std::vector<int64_t> offsets;
      for (const Piece& piece : pieces_) {
        const auto renewed = v.parts.find(&piece);
        values.push_back(renewed != v.parts.end() ? renewed->second : old(v.variable, piece));
        offsets.push_back(piece.begin);
      }
      const bool whole = pieces_.size() == 1 && pieces_[0].shape == parameters_.type.shape;
      graph_.assign(name, whole ? values[0] : pack(values, offsets, parameters_.type.shape[0]));
    }
  }

  struct Renewed {
    Variable variable;
    std::map<const Piece*, Value> parts;
  };

  Graph& graph_;
  const Update& update_;
  const Network& network_;
  const Variable parameters_;
  const std::vector<Piece> pieces_;
  const std::vector<const Piece*> updated_ = [this] {
    std::vector<const Piece*> some;
    for (const Piece& piece : pieces_)
      if (piece.range) some.push_back(&piece);
    return some;
  }();
  HostNumbers& numbers_;
  std::map<std::string, Renewed> renewed_;  // flat variables, by name
  Value curvature_;                         // flat; unset where none is measured
  Value norm_;                              // of the gradient as the present rule finds it; unset: not known yet
  const std::vector<Value>* gradients_ = nullptr;
};

}  // namespace

void build_update(Graph& g, const Update& update, const Network& network, const Slopes& slopes, Value count,
                  HostNumbers& numbers, int64_t updates, const std::vector<std::string>& averaged_elsewhere) {
  UpdateGraph(g, update, network, numbers, updates).run(slopes, count, averaged_elsewhere);
}

}  // namespace dl
