// Expressions for values, and lines for those that are long or read several times.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/ops.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/graph/ops/attention.h"
#include "lib/graph/ops/cast.h"
#include "lib/graph/ops/concat.h"
#include "lib/graph/ops/convolution.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/map.h"
#include "lib/graph/ops/matmul.h"
#include "lib/graph/ops/pool.h"
#include "lib/graph/ops/recurrent.h"
#include "lib/graph/ops/reduce.h"
#include "lib/graph/ops/shape_ops.h"
#include "lib/interop/code/text.h"

namespace dl::code {
namespace {

constexpr size_t longest = 90;  // of an expression that stays where it is read

// How tightly an expression holds together: what a tighter one is put around it needs no parentheses.
enum Tie { loose, sum, product, sign, tight };

struct Expression {
  std::string text;
  Tie tie = tight;
  bool truth = false;  // True and False in the place of 1 and 0
};

class Ops {
 public:
  Ops(const OpenGraph& open, const Dialect& dialect, const std::function<std::string(const Value&)>& name_of)
      : open_(open), d_(dialect), name_of_(name_of) {}

  using Row = void (Ops::*)(const Step&);
  static const std::map<std::string_view, Row>& rows();

  OpsText write() {
    const std::vector<Step> steps = steps_of(open_, [](std::string_view op) { return rows().contains(op); });
    for (const Step& step : steps) {
      const auto row = rows().find(step.op);
      DL_CHECK(row != rows().end(), "no code for ", step.op);
      (this->*row->second)(step);
    }
    OpsText text{.result = in(open_.graph().outputs().at(0).value, loose)};
    if (reads_samples_) {
      text.lines.push_back("samples = " + fill(d_.samples, {{"x", name_of_(batched_input())}}));
    }
    text.lines.insert(text.lines.end(), lines_.begin(), lines_.end());
    return text;
  }

 private:
  // The first, whether or not its values are read.
  Value batched_input() const {
    const Graph& g = open_.graph();
    for (int i = 0; i < g.size(); ++i)
      if (g.node(i).op->name() == "input" && g.node(i).types[0].shape.rank() > 0)
        return {g.outputs().at(0).value.graph, i, 0};
    DL_CHECK(false, "samples are counted, and there is no input");
  }

  // The expression of a value, in parentheses where it does not hold together as tightly; 1 and 0 of what is true or
  // false.
  std::string in(const Value& v, Tie tie) { return enclosed(as_number(v), tie); }
  static std::string enclosed(const Expression& e, Tie tie) { return e.tie < tie ? "(" + e.text + ")" : e.text; }
  Expression as_number(const Value& v) {
    const Expression& e = of(v);
    return e.truth ? Expression{fill(d_.as_float, {{"x", enclosed(e, tight)}}), tight} : e;
  }
  const Expression& of(const Value& v) {
    auto& e = values_[{v.node, v.output}];
    if (e.text.empty()) e = {name_of_(v), tight};
    return e;
  }
  // A value from now on; one that is long or is read several times gets a name.
  void give(const Value& v, Expression e) {
    const bool trivial = e.text.size() < 24 && e.tie == tight && e.text.find('(') == std::string::npos;
    if (!trivial && (open_.uses(v) > 1 || e.text.size() > longest)) {
      const std::string name = concat("t", ++names_);
      lines_.push_back(name + " = " + e.text);
      e = {name, tight, e.truth};
    }
    values_[{v.node, v.output}] = std::move(e);
  }
  void give_call(const Step& step, std::string text) { give(step.outputs[0], {std::move(text), tight}); }
  std::string call(const std::string& function, std::vector<std::string> arguments) const {
    return function + "(" + join(arguments) + ")";
  }
  std::string np(const std::string& function, std::vector<std::string> arguments) const {
    return call(d_.np + "." + function, std::move(arguments));
  }

  std::string size(int64_t n) {
    const OpenSize open = open_.size(n);
    if (!open.of_batch) return std::to_string(open.n);
    reads_samples_ = true;
    return open.n == 1 ? "samples" : concat(open.n, " * samples");
  }
  std::string sizes(const Shape& shape) {
    std::vector<std::string> texts;
    for (const int64_t n : shape.sizes()) texts.push_back(size(n));
    return tuple(texts);
  }
  // For a reshape: the batch is what is left.
  std::string sizes_but_batch(const Shape& shape) {
    std::vector<std::string> texts;
    for (const int64_t n : shape.sizes()) texts.push_back(open_.size(n).of_batch ? "-1" : std::to_string(n));
    return tuple(texts);
  }
  template <class T>
  static std::string numbers(const std::vector<T>& values) {
    std::vector<std::string> texts;
    for (const T n : values) texts.push_back(std::to_string(n));
    return tuple(texts);
  }
  static std::vector<int64_t> along(const Window& w, const Window::Axes& a) { return {a.begin(), a.begin() + w.rank}; }
  static std::string pads(const Window& w) {
    std::vector<std::string> ends;
    for (size_t i = 0; i < static_cast<size_t>(w.rank); ++i)
      ends.push_back(concat("(", w.pad_before[i], ", ", w.pad_after[i], ")"));
    return tuple(ends);
  }
  template <class T>
  static const T& op_of(const Step& step) {
    return dynamic_cast<const T&>(*step.node->op);
  }

  void leaf(const Step& step) { of(step.outputs[0]); }
  void constant(const Step& step) {
    const std::string text = number(op_of<Constant>(step).value);
    values_[{step.outputs[0].node, 0}] = {text, text[0] == '-' ? sign : tight};
  }
  void iota(const Step& step) { give_call(step, fill(d_.iota, {{"n", std::to_string(op_of<Iota>(step).n)}})); }
  void given_numbers(const Step& step) {
    std::vector<std::string> texts;
    for (const float v : op_of<GivenNumbers>(step).values) texts.push_back(number(v));
    give_call(step, fill(d_.array, {{"values", join(texts)}}));
  }
  void variable(const Step& step) {
    if (op_of<VariableOp>(step).variable.role == Role::carried_in_evaluation)
      give_call(step, fill(d_.zeros, {{"sizes", sizes(step.outputs[0].shape())}}));
    else
      leaf(step);
  }
  void random(const Step& step) { give_call(step, fill(d_.random, {{"sizes", sizes(step.outputs[0].shape())}})); }
  void same(const Step& step) { values_[{step.outputs[0].node, 0}] = of(step.inputs[0]); }
  void cast(const Step& step) { give_call(step, fill(d_.cast, {{"x", in(step.inputs[0], tight)}})); }
  // An operand is a tensor where a function asks for one.
  std::string tensor(const Value& v) {
    const auto* number = dynamic_cast<const Constant*>(v.graph->node(v.node).op.get());
    return number ? fill(d_.array, {{"values", code::number(number->value)}}) : in(v, tight);
  }
  void reshape(const Step& step) {
    give_call(step,
              fill(d_.reshape, {{"x", tensor(step.inputs[0])}, {"sizes", sizes_but_batch(step.outputs[0].shape())}}));
  }
  void transpose(const Step& step) {
    give_call(step,
              fill(d_.transpose, {{"x", in(step.inputs[0], tight)}, {"order", numbers(op_of<Transpose>(step).order)}}));
  }
  void broadcast(const Step& step) {
    give_call(step, fill(d_.broadcast, {{"x", tensor(step.inputs[0])}, {"sizes", sizes(step.outputs[0].shape())}}));
  }
  void view(const Step& step) {
    const View& view = op_of<View>(step);
    const auto* flat = dynamic_cast<const VariableOp*>(step.inputs[0].graph->node(step.inputs[0].node).op.get());
    if (flat && flat->variable.role == Role::parameter) return leaf(step);
    const std::string part =
        concat(in(step.inputs[0], tight), "[", view.offset, ":", view.offset + view.shape.elements(), "]");
    give_call(step, fill(d_.reshape, {{"x", part}, {"sizes", sizes_but_batch(view.shape)}}));
  }
  void pack(const Step& step) {
    const Pack& pack = op_of<Pack>(step);
    std::vector<std::string> parts;
    int64_t end = 0;
    const auto gap = [&](int64_t to) {
      if (to > end) parts.push_back(fill(d_.zeros, {{"sizes", tuple({std::to_string(to - end)})}}));
    };
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      gap(pack.offsets[i]);
      parts.push_back(fill(d_.reshape, {{"x", in(step.inputs[i], tight)}, {"sizes", "(-1,)"}}));
      end = pack.offsets[i] + step.inputs[i].shape().elements();
    }
    gap(pack.size);
    give_call(step, fill(d_.concat, {{"parts", join(parts)}, {"axis", "0"}}));
  }
  void concatenate(const Step& step) {
    std::vector<std::string> parts;
    for (const Value& part : step.inputs) parts.push_back(in(part, loose));
    give_call(step, fill(d_.concat, {{"parts", join(parts)}, {"axis", std::to_string(op_of<Concat>(step).axis)}}));
  }
  void slice(const Step& step) {
    const Slice& slice = op_of<Slice>(step);
    std::string places;
    for (int axis = 0; axis < slice.axis; ++axis) places += ":, ";
    give_call(step, concat(in(step.inputs[0], tight), "[", places, slice.begin, ":", slice.begin + slice.size, "]"));
  }
  void reduced(const Step& step, const std::string& form, const std::vector<int>& axes) {
    give_call(step, fill(form, {{"x", in(step.inputs[0], tight)}, {"axes", numbers(axes)}}));
  }
  void reduce_sum(const Step& step) { reduced(step, d_.sum, op_of<Reduce>(step).axes); }
  void reduce_max(const Step& step) { reduced(step, d_.max, op_of<Reduce>(step).axes); }
  void reduce_mean(const Step& step) { reduced(step, d_.mean, op_of<Reduce>(step).axes); }
  void moments(const Step& step) {
    const std::string axes = numbers(op_of<MomentsOp>(step).axes), x = in(step.inputs[0], product);
    give(step.outputs[0], {fill(d_.mean, {{"x", in(step.inputs[0], tight)}, {"axes", axes}}), tight});
    const std::string centered = concat("(", x, " - ", in(step.outputs[0], product), ")");
    give(step.outputs[1], {fill(d_.mean, {{"x", concat("(", centered, " ** 2)")}, {"axes", axes}}), tight});
  }
  void matmul(const Step& step) {
    const MatMul& op = op_of<MatMul>(step);
    const auto operand = [&](const Value& v, bool transposed) {
      return transposed ? fill(d_.transpose, {{"x", in(v, tight)}, {"order", "(1, 0)"}}) : in(v, sign);
    };
    give(step.outputs[0],
         {operand(step.inputs[0], op.transpose_a) + " @ " + operand(step.inputs[1], op.transpose_b), product});
  }
  void linear(const Step& step) {
    const std::string w = fill(d_.transpose, {{"x", in(step.inputs[1], tight)}, {"order", "(1, 0)"}});
    give(step.outputs[0], {in(step.inputs[0], sign) + " @ " + w + " + " + in(step.inputs[2], product), sum});
  }
  void batched_matmul(const Step& step) {
    const std::string b = fill(d_.transpose, {{"x", in(step.inputs[1], tight)}, {"order", "(0, 2, 1)"}});
    give(step.outputs[0], {in(step.inputs[0], sign) + " @ " + b, product});
  }
  void embedding(const Step& step) {
    give_call(step, call("rows_of", {in(step.inputs[0], loose), in(step.inputs[1], loose)}));
  }

  void convolution(const Step& step) {
    const std::string bias = step.inputs.size() > 2 ? in(step.inputs[2], loose) : "None";
    const std::string x = in(step.inputs[0], loose), w = tensor(step.inputs[1]);
    if (const auto* op = dynamic_cast<const Convolution*>(step.node->op.get())) {
      const Window& window = op->window;
      give_call(step, call("conv", {x, w, bias, numbers(along(window, window.stride)), pads(window),
                                    numbers(along(window, window.dilation)), std::to_string(op->groups)}));
      return;
    }
    const auto& op_t = op_of<ConvolutionGradInput>(step);
    const Window& window = op_t.window;
    std::vector<int64_t> output;
    for (int axis = 0; axis < window.rank; ++axis) output.push_back(op_t.input_shape[axis + 1]);
    give_call(step, call("conv_transpose",
                         {x, w, bias, numbers(along(window, window.stride)), pads(window),
                          numbers(along(window, window.dilation)), std::to_string(op_t.groups), numbers(output)}));
  }
  void max_pool(const Step& step) {
    const Window& w = op_of<MaxPool2d>(step).window;
    give_call(step, call("max_pool", {in(step.inputs[0], loose), numbers(along(w, w.size)), numbers(along(w, w.stride)),
                                      pads(w), numbers(along(w, w.dilation))}));
  }
  void avg_pool(const Step& step) {
    const Window& w = op_of<Convolution>(step).window;
    give_call(step, call("avg_pool",
                         {in(step.inputs[0], loose), numbers(along(w, w.size)), numbers(along(w, w.stride)), pads(w)}));
  }
  void attention(const Step& step) {
    const AttentionOp::Spec& spec = op_of<AttentionOp>(step).spec;
    std::vector<Type> types;
    for (int i = 0; i < spec.tensors; ++i) types.push_back(step.inputs[static_cast<size_t>(i)].type());
    const AttentionParts parts = spec.parts(types);
    const auto part = [&](const AttentionParts::Part& p, int64_t heads) {
      const std::string from = in(step.inputs[p.tensor], tight);
      const int64_t width = heads * parts.head_dim;
      return width == p.stride ? from : concat(from, "[:, :, ", p.offset, ":", p.offset + width, "]");
    };
    std::vector<std::string> arguments{part(parts.q, spec.heads),     part(parts.k, spec.kv_heads),
                                       part(parts.v, spec.kv_heads),  std::to_string(spec.heads),
                                       std::to_string(spec.kv_heads), spec.causal ? "True" : "False"};
    if (spec.lengths) arguments.push_back(in(step.inputs[static_cast<size_t>(spec.tensors)], loose));
    give_call(step, call("attention", arguments));
  }
  void recurrent(const Step& step) {
    const auto& op = op_of<Recurrent>(step);
    std::vector<std::string> arguments;
    for (const Value& v : step.inputs) arguments.push_back(in(v, loose));
    if (op.reverse) arguments.push_back("reverse=True");
    const char* names[] = {"rnn_tanh", "rnn_relu", "lstm", "gru"};
    const std::string y = concat("t", ++names_), last = concat("t", ++names_), cells = concat("t", ++names_);
    const bool lstm = op.cell == Cell::lstm;
    lines_.push_back(y + ", " + last + (lstm ? ", " + cells : "") + " = " +
                     call(names[static_cast<int>(op.cell)], arguments));
    values_[{step.outputs[0].node, Recurrent::y}] = {y};
    values_[{step.outputs[0].node, Recurrent::last}] = {last};
    if (lstm) values_[{step.outputs[0].node, Recurrent::last_cells}] = {cells};
  }
  void batch_normalization(const Step& step) {
    const auto v = [&](size_t i, Tie tie) { return in(step.inputs[i], tie); };
    give(step.outputs[0],
         {concat("(", v(0, sum), " - ", v(3, product), ") / ", np("sqrt", {v(4, sum) + " + " + number(step.number)}),
                 " * ", v(1, sign), " + ", v(2, product)),
          sum});
  }
  void layer_normalization(const Step& step) {
    const std::string scaled =
        call("layer_norm", {in(step.inputs[0], loose), number(step.number)}) + " * " + in(step.inputs[1], sign);
    if (step.inputs.size() == 2) return give(step.outputs[0], {scaled, product});
    give(step.outputs[0], {scaled + " + " + in(step.inputs[2], product), sum});
  }
  void softmax(const Step& step) { give_call(step, call("softmax", {in(step.inputs[0], loose)})); }
  void log_softmax(const Step& step) { give_call(step, call("log_softmax", {in(step.inputs[0], loose)})); }
  void relu(const Step& step) { give_call(step, call("relu", {in(step.inputs[0], loose)})); }

  bool is_number(const Value& v) const {
    return dynamic_cast<const Constant*>(v.graph->node(v.node).op.get()) != nullptr;
  }
  void map(const Step& step) {
    const Function f = op_of<Map>(step).function;
    const auto v = [&](size_t i, Tie tie) { return in(step.inputs[i], tie); };
    const auto unary = [&](const char* name) { give_call(step, np(name, {v(0, loose)})); };
    const auto infix = [&](const char* sign_text, Tie left, Tie right, Tie whole, bool truth = false) {
      give(step.outputs[0], {v(0, left) + " " + sign_text + " " + v(1, right), whole, truth});
    };
    // A function of arrays, of which the second may be a number.
    const auto of_two = [&](const char* name, const std::string& with_number) {
      size_t a = 0, b = 1;
      if (is_number(step.inputs[0])) std::swap(a, b);
      if (is_number(step.inputs[b]))
        give_call(step, fill(with_number, {{"x", v(a, tight)}, {"n", v(b, loose)}}));
      else
        give_call(step, np(name, {v(0, loose), v(1, loose)}));
    };
    switch (f) {
      case Function::neg: return give(step.outputs[0], {"-" + v(0, tight), sign});
      case Function::abs: return unary("abs");
      case Function::exp: return unary("exp");
      case Function::log: return unary("log");
      case Function::sqrt: return unary("sqrt");
      case Function::rsqrt: return give(step.outputs[0], {"1 / " + np("sqrt", {v(0, loose)}), product});
      case Function::tanh: return unary("tanh");
      case Function::floor: return unary("floor");
      case Function::sin: return unary("sin");
      case Function::cos: return unary("cos");
      case Function::erf: return give_call(step, call("erf", {v(0, loose)}));
      case Function::sigmoid: return give_call(step, call("sigmoid", {v(0, loose)}));
      case Function::gelu: return give_call(step, call("gelu", {v(0, loose)}));
      case Function::gelu_slope: return give_call(step, call("gelu_slope", {v(0, loose)}));
      case Function::round_bf16:
      case Function::dither_bf16: return give_call(step, call("rounded_to_bf16", {v(0, loose)}));
      case Function::add: return infix("+", sum, product, sum);
      case Function::sub: return infix("-", sum, product, sum);
      case Function::mul: return infix("*", product, sign, product);
      case Function::div: return infix("/", product, sign, product);
      case Function::maximum: return of_two("maximum", d_.maximum_number);
      case Function::minimum: return of_two("minimum", d_.minimum_number);
      case Function::pow:
        if (is_number(step.inputs[1]))
          return give_call(step, fill(d_.pow_number, {{"x", v(0, tight)}, {"n", v(1, loose)}}));
        return give_call(step, np(d_.np == "torch" ? "pow" : "power", {v(0, loose), v(1, loose)}));
      case Function::less: return infix("<", sum, sum, loose, true);
      case Function::less_equal: return infix("<=", sum, sum, loose, true);
      case Function::equal: return infix("==", sum, sum, loose, true);
      case Function::where: {
        const Expression& condition = of(step.inputs[0]);
        const std::string holds = condition.truth ? condition.text : enclosed(condition, sum) + " != 0";
        return give_call(step, call("where", {holds, v(1, loose), v(2, loose)}));
      }
      case Function::fma:
        return give(step.outputs[0], {v(0, product) + " * " + v(1, sign) + " + " + v(2, product), sum});
    }
  }

  const OpenGraph& open_;
  const Dialect& d_;
  const std::function<std::string(const Value&)>& name_of_;
  std::map<std::pair<int, int>, Expression> values_;
  std::vector<std::string> lines_;
  int names_ = 0;
  bool reads_samples_ = false;
};

const std::map<std::string_view, Ops::Row>& Ops::rows() {
  static const std::map<std::string_view, Row> table{{"input", &Ops::leaf},
                                                     {"variable", &Ops::variable},
                                                     {"constant", &Ops::constant},
                                                     {"iota", &Ops::iota},
                                                     {"numbers", &Ops::given_numbers},
                                                     {"random_uniform", &Ops::random},
                                                     {"map", &Ops::map},
                                                     {"stop_gradient", &Ops::same},
                                                     {"cast", &Ops::cast},
                                                     {"reshape", &Ops::reshape},
                                                     {"transpose", &Ops::transpose},
                                                     {"broadcast_to", &Ops::broadcast},
                                                     {"view", &Ops::view},
                                                     {"pack", &Ops::pack},
                                                     {"concat", &Ops::concatenate},
                                                     {"slice", &Ops::slice},
                                                     {"reduce_sum", &Ops::reduce_sum},
                                                     {"reduce_max", &Ops::reduce_max},
                                                     {"reduce_mean", &Ops::reduce_mean},
                                                     {"moments", &Ops::moments},
                                                     {"matmul", &Ops::matmul},
                                                     {"linear", &Ops::linear},
                                                     {"batched_matmul", &Ops::batched_matmul},
                                                     {"embedding", &Ops::embedding},
                                                     {"convolution", &Ops::convolution},
                                                     {"convolution_grad_input", &Ops::convolution},
                                                     {"biased_convolution", &Ops::convolution},
                                                     {"max_pool2d", &Ops::max_pool},
                                                     {"avg_pool2d", &Ops::avg_pool},
                                                     {"attention", &Ops::attention},
                                                     {"recurrent", &Ops::recurrent},
                                                     {"batch_normalization", &Ops::batch_normalization},
                                                     {"layer_normalization", &Ops::layer_normalization},
                                                     {"softmax", &Ops::softmax},
                                                     {"log_softmax", &Ops::log_softmax},
                                                     {"relu", &Ops::relu}};
  return table;
}

}  // namespace

std::string number(double value) {
  if (std::isinf(value)) return value > 0 ? "float('inf')" : "-float('inf')";
  if (std::isnan(value)) return "float('nan')";
  const std::string text = number_text(value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

OpsText write_ops(const OpenGraph& open, const Dialect& dialect,
                  const std::function<std::string(const Value&)>& name_of) {
  return Ops(open, dialect, name_of).write();
}

std::vector<std::string_view> known_operations() {
  std::vector<std::string_view> names;
  for (const auto& [name, row] : Ops::rows()) names.push_back(name);
  return names;
}

}  // namespace dl::code
