// Recurrent layers: for each layer and direction one product of all inputs with weight_ih, and one scan over the steps.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/recurrent.h"

#include <cmath>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/graph/ops/recurrent.h"
#include "lib/graph/sizes.h"
#include "lib/nn/image.h"
#include "lib/nn/lengths.h"

namespace dl {

void RecurrentLayer::describe_recurrent(Schema& s, const std::string& formula) {
  s.details(
      formula +
      " Takes [steps, features]. Parameters of layer k, as in PyTorch: weight_ih_lk [gates hidden_size, features], "
      "weight_hh_lk [gates hidden_size, hidden_size], bias_ih_lk and bias_hh_lk [gates hidden_size], and the same "
      "with _reverse behind their names for the other direction. Without initializers all are uniform in "
      "[-1/sqrt(hidden_size), 1/sqrt(hidden_size)). The first states are 0, or with stateful those after the batch "
      "before: truncated backpropagation through time. A second input (from: [x, lengths]) of whole numbers, one a "
      "sample, tells how many steps are no padding: results behind them are 0, the last state is that of the "
      "sequence's own last step, and the other direction begins there.");
  s.required("hidden_size", hidden_size, "units of a layer and direction")
      .at_least(1)
      .positional()
      .known_as({"units", "hidden_dim", "out_features"});
  s.optional("num_layers", num_layers, "layers on top of each other").at_least(1).at_most(1000);
  s.optional("bidirectional", bidirectional,
             "whether each layer also reads the steps backwards; outputs are beside each other");
  for (const char* key : {"last", "return_last", "last_only"}) s.instead_of(key, "write 'return_sequences: false'");
  s.optional("return_sequences", return_sequences,
             "whether the result is every step's output; else it is the last state of each direction");
  s.optional(
      "stateful", stateful,
      "whether the states go on from batch to batch, as 'windows: carried' lays them, in an epoch or an evaluation; "
      "else each batch begins with 0");
  s.check([this](const Report& report) {
    if (stateful && bidirectional)
      report.at("stateful", "a direction from the last step to the first has no batch before it",
                "leave 'bidirectional' or 'stateful' out");
  });
  s.optional("dropout", dropout, "probability of an output of a layer below the last to become 0 while training")
      .at_least(0)
      .below(1);
  s.optional("bias", bias, "whether biases are added").known_as({"use_bias"});
  s.optional("init", init, "initializer of the weights of the inputs").known_as({"kernel_initializer", "weight_init"});
  s.optional("recurrent_init", recurrent_init, "initializer of the weights of the states")
      .known_as({"recurrent_initializer"});
  s.optional("bias_init", bias_init, "initializer of the biases").known_as({"bias_initializer"});
  s.instead_of("input_size", "leave it out: input sizes are inferred");
  s.instead_of("batch_first", "leave it out: the batch always comes first");
  s.instead_of("return_state", "leave it out: 'return_sequences: false' gives the last state");
  s.instead_of("recurrent_dropout", "leave it out: put '- dropout: 0.2' before the layer, which drops of its inputs");
  s.instead_of("go_backwards", "write 'bidirectional: true', or put '- flip: 1' before it");
}

namespace {

// What the inputs give to the gates where there is no step, so that the state stays 0 until a sequence's last step is
// reached from behind: gates of an lstm are shut, a gru keeps its state, the tanh of 0 is 0.
double at_no_step(Cell cell) { return cell == Cell::lstm ? -1e9 : cell == Cell::gru ? 1e9 : 0; }

}  // namespace

States RecurrentLayer::build_one(Builder& b, Value x, Value inside, Value at_last, const std::string& suffix,
                                 bool reverse) const {
  const int64_t batch = x.shape()[0], steps = x.shape()[1], features = x.shape()[2];
  const int64_t width = times(gates_of(cell()), hidden_size);
  const auto pytorch = uniform_initializer(1.0 / std::sqrt(static_cast<double>(hidden_size)));
  const auto or_pytorch = [&](const std::shared_ptr<const Initializer>& given) { return given ? given : pytorch; };
  const Value weight_ih = b.parameter("weight_ih" + suffix, {width, features}, or_pytorch(init));
  const Value weight_hh = b.parameter("weight_hh" + suffix, {width, hidden_size}, or_pytorch(recurrent_init));
  Value of_inputs = matmul(reshape(x, {times(batch, steps), features}), weight_ih, false, true);
  RecurrentStart start;
  if (bias) {
    const Value bias_ih = b.parameter("bias_ih" + suffix, {width}, or_pytorch(bias_init));
    const Value bias_hh = b.parameter("bias_hh" + suffix, {width}, or_pytorch(bias_init));
    if (cell() == Cell::gru) {
      start.bias = bias_hh;
      of_inputs = of_inputs + bias_ih;
    } else {
      of_inputs = of_inputs + (bias_ih + bias_hh);
    }
  } else if (cell() == Cell::gru) {
    start.bias = broadcast_to(constant(b.graph(), 0), {width});
  }
  const bool goes_on = stateful || b.decoding();
  const auto first = [&](const std::string& name) {
    const Shape state{batch, hidden_size};
    return goes_on ? b.carried(name + suffix, state) : broadcast_to(constant(b.graph(), 0), state);
  };
  start.h = first("h");
  if (cell() == Cell::lstm) start.c = first("c");
  of_inputs = reshape(of_inputs, {batch, steps, width});
  if (inside) of_inputs = where(inside, of_inputs, at_no_step(cell()));
  States states = recurrent(cell(), of_inputs, weight_hh, start, reverse);
  if (inside) {
    states.y = where(inside, states.y, 0);
    if (!reverse) states.h = reshape(sum(where(at_last, states.y, 0), {1}), {batch, hidden_size});
  }
  if (goes_on) b.carry("h" + suffix, states.h);
  if (goes_on && cell() == Cell::lstm) b.carry("c" + suffix, states.c);
  return states;
}

std::vector<int64_t> gates_in_onnx(Cell cell) {
  switch (cell) {
    case Cell::lstm: return {0, 3, 1, 2};
    case Cell::gru: return {1, 0, 2};
    default: return {0};
  }
}

std::vector<RecurrentLayer::Part> RecurrentLayer::parts() const {
  std::vector<Part> all;
  for (int64_t layer = 0; layer < num_layers; ++layer) {
    all.push_back({layer, false, concat("_l", layer)});
    if (bidirectional) all.push_back({layer, true, concat("_l", layer, "_reverse")});
  }
  return all;
}

void RecurrentLayer::say_pytorch(Twins& t) const {
  const bool lstm = cell() == Cell::lstm;
  const std::string states = lstm ? "{self}({x})[1][0]" : "{self}({x})[1]";
  t.say("class", lstm ? "LSTM" : cell() == Cell::gru ? "GRU" : "RNN");
  t.pytorch("nn.{class}({in}, {hidden_size}, num_layers={num_layers|1}, " +
            std::string(has_gates() ? "" : "nonlinearity={nonlinearity|'tanh'}, ") +
            "bias={bias|True}, batch_first=True, dropout={dropout|0}, bidirectional={bidirectional|False})")
      .called(return_sequences ? "{self}({x})[0]"
              : bidirectional  ? "torch.cat(list(" + states + "[-2:]), -1)"
                               : states + "[-1]")
      .last();
}

// Keras has one bias beside kernel and recurrent_kernel, but for a GRU, whose gates are z, r, n there and whose biases
// are two rows. Layers on top of each other are a chain.
void RecurrentLayer::say_keras(Twins& t) const {
  const bool gru = cell() == Cell::gru, drops = num_layers > 1 && dropout > 0;
  t.say("keras_class", cell() == Cell::lstm ? "LSTM" : gru ? "GRU" : "SimpleRNN");
  const auto one = [&](bool sequences) {
    const std::string made = std::string("layers.{keras_class}(units:{hidden_size}, ") +
                             (has_gates() ? "" : "activation={nonlinearity|'tanh'}, ") + "use_bias={bias|True}" +
                             (sequences ? ", return_sequences=True" : "");
    return bidirectional ? "layers.Bidirectional(layer:" + made + ", name='rnn'))" : made + ")";
  };
  std::vector<std::string> chain;
  for (int64_t layer = 1; layer < num_layers; ++layer) {
    chain.push_back(one(true));
    if (drops) chain.emplace_back("layers.Dropout(rate:{dropout})");
  }
  chain.push_back(one(return_sequences));
  Twin& keras = chain.size() == 1 ? t.keras(chain[0]) : t.keras_chain(chain);
  const std::vector<int64_t> order = gru ? std::vector<int64_t>{1, 0, 2} : std::vector<int64_t>{};
  const std::string of_cell = cell() == Cell::lstm ? "lstm_cell/" : gru ? "gru_cell/" : "simple_rnn_cell/";
  for (const auto& [layer, reverse, suffix] : parts()) {
    const std::string there = concat(num_layers == 1 ? "" : concat(layer * (drops ? 2 : 1), "/"),
                                     !bidirectional ? ""
                                     : reverse      ? "backward_rnn/"
                                                    : "forward_rnn/",
                                     of_cell);
    keras.tensor("weight_ih" + suffix, there + "kernel", "oi -> io").blocks(order);
    keras.tensor("weight_hh" + suffix, there + "recurrent_kernel", "oi -> io").blocks(order);
    if (!bias) continue;
    keras.tensor("bias_ih" + suffix, there + "bias").blocks(order);
    if (gru) keras.row(0, 2);
    keras.tensor("bias_hh" + suffix, there + "bias").blocks(order);
    if (gru)
      keras.row(1, 2);
    else
      keras.added();
  }
}

// Flax has a map for each gate of the inputs and of the state, and a bias in one of these, but for a GRU's n, which has
// both. Layers on top of each other are a Sequential.
void RecurrentLayer::say_flax(Twins& t) const {
  if (!bias) return;
  const bool lstm = cell() == Cell::lstm, gru = cell() == Cell::gru, drops = num_layers > 1 && dropout > 0;
  const std::string rnn =
      std::string("nn.RNN(") + (lstm  ? "nn.OptimizedLSTMCell({hidden_size}, parent=None)"
                                : gru ? "nn.GRUCell({hidden_size}, parent=None)"
                                      : "nn.SimpleCell({hidden_size}, activation_fn={function|nn.tanh}, parent=None)");
  t.say("function", cell() == Cell::rnn_relu ? "nn.relu" : "nn.tanh");
  const auto one = [&](bool sequences) {
    if (!bidirectional) return rnn;
    const std::string both = "nn.Bidirectional(" + rnn + ", parent=None), " + rnn + ", parent=None)";
    return both + (sequences ? "" : ", merge_fn=lambda f, b: jnp.concatenate((f[:, -1], b[:, 0]), -1)");
  };
  std::string lower;
  for (int64_t layer = 1; layer < num_layers; ++layer)
    lower +=
        one(true) + ", parent=None), " + (drops ? "nn.Dropout({dropout}, deterministic=not train, parent=None), " : "");
  Twin& flax = t.flax(num_layers == 1 ? one(return_sequences) + ")"
                                      : "nn.Sequential([" + lower + one(return_sequences) + ", parent=None)])");
  if (!return_sequences && !bidirectional) flax.called("{self}({x})[:, -1]");
  const std::vector<std::string> gates = lstm  ? std::vector<std::string>{"i", "f", "g", "o"}
                                         : gru ? std::vector<std::string>{"r", "z", "n"}
                                               : std::vector<std::string>{""};
  const int64_t count = std::ssize(gates);
  for (const auto& [layer, reverse, suffix] : parts()) {
    const std::string there = concat(num_layers == 1 ? "" : concat("layers_", layer * (drops ? 2 : 1), "."),
                                     !bidirectional ? ""
                                     : reverse      ? "backward_rnn."
                                                    : "forward_rnn.",
                                     "cell.");
    for (int64_t part = 0; part < count; ++part) {
      const std::string &gate = gates[static_cast<size_t>(part)], of_x = there + "i" + gate + ".",
                        of_h = there + "h" + gate + ".", biased = lstm ? of_h : of_x;
      flax.tensor("weight_ih" + suffix, of_x + "kernel", "oi -> io").part(part, count);
      flax.tensor("weight_hh" + suffix, of_h + "kernel", "oi -> io").part(part, count);
      flax.tensor("bias_ih" + suffix, biased + "bias").part(part, count);
      if (gate == "n")
        flax.tensor("bias_hh" + suffix, of_h + "bias").part(part, count);
      else
        flax.tensor("bias_hh" + suffix, biased + "bias").part(part, count).added();
    }
  }
}

// A node of ONNX has one axis more, of directions, and both biases in one row. Where sequences have lengths what the
// inputs give stands before the node: their weights as they are, and in the node's row the other bias of a gru alone.
void RecurrentLayer::say_onnx(Twins& t) const {
  const std::vector<int64_t> order = gates_in_onnx(cell());
  const int64_t width = gates_of(cell()) * hidden_size;
  Twin& onnx = t.onnx();
  for (const auto& [layer, reverse, suffix] : parts()) {
    const int64_t features = layer == 0 ? t.x().last() : hidden_size * (bidirectional ? 2 : 1);
    const std::string bias_ih = "bias_ih" + suffix, bias_hh = "bias_hh" + suffix;
    onnx.tensor("weight_ih" + suffix, "weight_ih" + suffix).blocks(order).whole({1, width, features});
    onnx.tensor("weight_hh" + suffix, "weight_hh" + suffix).blocks(order).whole({1, width, hidden_size});
    if (!bias) continue;
    onnx.tensor(bias_ih, bias_ih).blocks(order).row(0, 2).whole({1, 2 * width});
    for (const std::string& there : {bias_ih, bias_hh})
      onnx.tensor(bias_hh, there).blocks(order).row(1, 2).whole({1, 2 * width});
  }
}

void RecurrentLayer::twins(Twins& t) const {
  say_onnx(t);
  if (t.inputs.size() > 1) return;
  say_pytorch(t);
  say_keras(t);
  say_flax(t);
}

DoubtList RecurrentLayer::doubts(Value) const {
  DoubtList list;
  if (dropout > 0 && num_layers == 1)
    list.push_back({"'dropout' is between the layers of a stack, and 'num_layers' is 1: nothing is dropped",
                    concat("put '- dropout: ", number_text(dropout), "' behind it, or write 'num_layers: 2'")});
  return doubt_idle_bias_init(bias, bias_init, std::move(list));
}

Value RecurrentLayer::build(Builder& b, std::span<const Value> inputs) const {
  if (inputs.size() > 2) throw ShapeError(concat("expected one or two inputs, got ", inputs.size()));
  Value x = inputs[0], inside, at_last;
  expect_sequence(x, "a sequence [steps, features]");
  if (inputs.size() == 2) {
    if (stateful || b.decoding())
      throw ShapeError("sequences that go on from batch to batch have no lengths",
                       "leave 'stateful' or the lengths out");
    inside = is_step(x, inputs[1]);
    const Value lengths = reshape(cast(inputs[1], DType::f32), {x.shape()[0], 1, 1});
    at_last = where(inside, reshape(iota(b.graph(), x.shape()[1]), {1, x.shape()[1], 1}) > lengths - 1.5, 0);
  }
  if (b.decoding() && bidirectional) {
    throw ShapeError("a direction from the last step to the first needs all steps, so that none can be had by itself",
                     "write bidirectional: false, and train again");
  }
  std::vector<Value> last;
  for (int64_t layer = 0; layer < num_layers; ++layer) {
    std::vector<Value> y;
    last.clear();
    for (const bool reverse : {false, true}) {
      if (reverse && !bidirectional) continue;
      const States states = build_one(b, x, inside, at_last, concat("_l", layer, reverse ? "_reverse" : ""), reverse);
      y.push_back(states.y);
      last.push_back(states.h);
    }
    x = concatenate(std::move(y), -1);
    if (dropout > 0 && b.training() && layer + 1 < num_layers) {
      x = x * where(b.random(x.shape()) < dropout, 0, 1 / (1 - dropout));
    }
  }
  return return_sequences ? x : concatenate(std::move(last), -1);
}

}  // namespace dl
