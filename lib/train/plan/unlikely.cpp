// Warnings of a plan.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/unlikely.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <set>

#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/labelled.h"
#include "lib/data/one_sample.h"
#include "lib/data/padded.h"
#include "lib/data/succession.h"
#include "lib/data/text/tokenized.h"
#include "lib/graph/bounds.h"
#include "lib/graph/ops/attention.h"
#include "lib/graph/ops/convolution.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/recurrent.h"
#include "lib/graph/ops/reduce.h"
#include "lib/nn/warmup.h"
#include "lib/spec/interpolate.h"
#include "lib/spec/path.h"
#include "lib/spec/write.h"

namespace dl {
namespace {

// What the network gives for one sample, in a graph of its own.
NetworkOutputs predict(const Network& network, Graph& g, bool training = false) {
  std::vector<Value> inputs;
  for (const Network::Input& given : network.inputs()) inputs.push_back(input(g, given.name, batched(given.type, 1)));
  const Value step = training ? input(g, "step", Type{DType::i32, {}}) : Value{};
  return network.build(g, inputs, training, step, 0);
}

// The nodes that these depend on, and themselves.
std::set<int> all_behind(const Graph& g, std::vector<int> left) {
  std::set<int> seen;
  while (!left.empty()) {
    const int node = left.back();
    left.pop_back();
    if (!seen.insert(node).second) continue;
    for (const Value& v : g.node(node).inputs) left.push_back(v.node);
  }
  return seen;
}

// What to write so that this operation gives a place of a sequence nothing of those behind it; empty where it does not.
std::string to_see_nothing_behind(const GraphNode& node, int64_t length) {
  if (const auto* attention = dynamic_cast<const AttentionOp*>(node.op.get())) {
    std::vector<Type> tensors;
    for (int t = 0; t < attention->spec.tensors; ++t) tensors.push_back(node.inputs[static_cast<size_t>(t)].type());
    const AttentionParts parts = attention->spec.parts(tensors);
    return !attention->spec.causal && parts.queries == length && parts.keys == length ? "write 'causal: true'" : "";
  }
  if (const auto* recurrent = dynamic_cast<const Recurrent*>(node.op.get()))
    return recurrent->reverse && node.types[0].shape[1] == length ? "write 'bidirectional: false'" : "";
  if (const auto* convolution = dynamic_cast<const Convolution*>(node.op.get())) {
    const bool along = node.types[0].shape.rank() == 3 && node.types[0].shape[1] == length;
    return along && convolution->window.pad_after[0] > 0 ? "write 'padding: causal'" : "";
  }
  return "";
}

class Doubts {
 public:
  explicit Doubts(const Plan& plan) : plan_(plan), network_(*plan.network) {}

  std::vector<Problem> all() {
    about_the_ends();
    about_classes();
    about_balance();
    about_the_positive();
    about_probabilities();
    about_far_differences();
    about_padding();
    about_tables();
    about_numbers_of_things();
    about_next_tokens();
    about_what_is_not_read();
    about_names();
    about_keys(plan_.items);
    about_normalization();
    about_the_rate();
    about_windows();
    about_modes();
    return std::move(doubts_);
  }

 private:
  void add(Problem problem, std::string what, std::string help) {
    problem.what = std::move(what);
    problem.help = std::move(help);
    doubts_.push_back(std::move(problem));
  }
  // Of a key.
  Problem at(const std::string& path) const {
    const Node* node = find_path(plan_.spec, path);
    return {.where = node ? node->where : Where{}, .path = path};
  }
  // Of a layer, by its path.
  Problem at_layer(const std::string& path) const {
    for (const LayerSummary& layer : network_.layers())
      if (layer.path == path)
        return {.where = layer.where, .path = concat(layer.label, " (", layer.type, ")"), .notes = layer.notes};
    return at("model");
  }
  std::string type_of_layer(const std::string& path) const {
    for (const LayerSummary& layer : network_.layers())
      if (layer.path == path) return layer.type;
    return "";
  }

  void about_the_ends() {
    for (const Objectives::Term& term : plan_.objectives.losses()) about_the_end(*term.loss);
  }

  // An activation between the last weights and a loss.
  void about_the_end(const Loss& read_by) {
    Graph g;
    const Value prediction = predict(network_, g).at(read_by.from.output);
    Value end = prediction;  // before what only rearranges it
    while (g.node(end.node).inputs.size() == 1 &&
           (g.node(end.node).op->is_view() || g.node(end.node).op->name() == "transpose"))
      end = g.node(end.node).inputs[0];
    const std::string path = g.node(end.node).scope, layer = type_of_layer(path), loss = read_by.name;
    const Bounds bounds = bounds_of(end);
    const Loss::Reads reads = read_by.reads();
    if (reads == Loss::Reads::log_probabilities) {
      if (layer == "log_softmax" || bounds.high <= 0) return;
      return add(at_layer(path),
                 concat("'", loss, "' takes logarithms of probabilities, which '", layer, "' does not give"),
                 layer == "softmax" ? "remove 'softmax', and take 'cross_entropy': it has both in it"
                                    : "take 'cross_entropy', which has the softmax and the logarithm in it");
    }
    if (reads == Loss::Reads::numbers) {
      if (!read_by.reads_field() || !is_centred(read_by.from.target)) return;
      if (bounds.low >= 0)
        add(at_layer(path),
            concat("what '", layer, "' gives is never below 0, but the targets are normalized: half of them are"),
            concat("remove '", layer, "' at the end"));
      else if (bounds.low >= -1 && bounds.high <= 1)
        add(at_layer(path),
            concat("what '", layer,
                   "' gives is never beyond -1 and 1, but the targets are normalized: many of them are"),
            concat("remove '", layer, "' at the end"));
      return;
    }
    if (reads == Loss::Reads::boxes) return;
    const std::string own = reads == Loss::Reads::logit ? "sigmoid" : "softmax";
    if (layer == own || layer == "log_softmax")
      add(at_layer(path), concat("'", loss, "' applies a ", own, " itself: it takes the values before"),
          concat("remove '", layer, "'; what 'predict' tells are probabilities all the same"));
    else if (bounds.low >= -1 || bounds.high <= 1)
      add(at_layer(path),
          concat("'", loss, "' takes values before a ", own, ", of any size and sign; those of '", layer,
                 "' are never ",
                 bounds.low >= -1 ? "below " + number_text(bounds.low) : "above " + number_text(bounds.high)),
          concat("remove '", layer, "' at the end"));
  }

  bool is_centred(const std::string& target) const {
    const SampleField* field = field_of(target);
    return field && field->centred;
  }
  const SampleField* field_of(const std::string& name) const {
    const auto fields = plan_.data.train->fields();
    const auto found = std::ranges::find(fields, name, &SampleField::name);
    return found == fields.end() ? nullptr : &*found;
  }

  // A difference in the column's own units, where the loss sees deviations.
  void about_far_differences() {
    constexpr double most = 4;  // deviations, beyond which nearly none lies
    for (const Objectives::Term& term : plan_.objectives.losses()) {
      const Loss& loss = *term.loss;
      const auto bend = loss.bend();
      if (bend && bend->at > most && loss.reads_field() && is_centred(loss.from.target))
        add({.where = loss.place, .path = concat("loss (", loss.name, ")")},
            concat("'", bend->key, "' is ", number_text(bend->at),
                   " deviations, as the targets are normalized: nearly none is so far off"),
            concat(field_of(loss.from.target)->unscaled_help, ", or lower it"));
    }
  }

  void about_classes() {
    const auto classes = static_cast<int64_t>(plan_.data.classes.size());
    const Loss& loss = *plan_.objectives.losses()[0].loss;
    const int64_t values = loss.takes_classes() && loss.from.target == "y" ? plan_.predicted_output().shape.last() : 0;
    // Vocabularies are often padded, to sizes that a machine likes.
    if (classes == 1 && plan_.data.target.dtype == DType::i32)
      add(at("data.train"), "the data have one class, so that there is nothing to tell apart",
          "give data of more classes");
    else if (classes > 0 && values > classes && plan_.data.target.shape.rank() == 0)
      add(at("model"),
          concat("the model ends with ", count_of(values, "value"), ", the data have ", count_of(classes, "class")),
          "end the model with 'linear: ${data.classes}'");
  }

  // Rare classes that are made up for twice.
  void about_balance() {
    if (!plan_.run.data.balanced) return;
    for (const Objectives::Term& term : plan_.objectives.losses()) {
      const Node keys = write_object(*term.loss);
      const Node *weight = keys.find("weight"), *positive = keys.find("pos_weight");
      const bool weighs = weight && std::ranges::any_of(weight->items, [&](const Node& each) {
                            return each.text != weight->items[0].text;
                          });
      if (weighs || (positive && positive->as_number().value_or(1) != 1))
        add({.where = term.loss->place, .path = concat("loss (", term.loss->name, ")")},
            concat("'", weighs ? "weight" : "pos_weight",
                   "' makes up for rare classes, which 'data.balanced' draws as often as others"),
            "keep one of them");
    }
  }

  // Figures of one of two classes, where that is the one that nearly all samples are of.
  void about_the_positive() {
    const Dataset& data = *plan_.data.train;
    const std::vector<std::string>& classes = plan_.data.classes;
    if (classes.size() != 2 || plan_.data.target != Type{DType::i32, {}} || data.size() == 0) return;
    if (!has_labels(data) && !data.in_memory()) return;
    std::vector<int64_t> counts;
    for (size_t i = 0; i < plan_.objectives.metrics().size(); ++i) {
      const Metric& metric = *plan_.objectives.metrics()[i].metric;
      const Node keys = write_object(metric);
      const Node *average = keys.find("average"), *positive = keys.find("positive");
      if (metric.from.target != "y" || !average || average->text != "binary" || !positive) continue;
      if (counts.empty()) counts = targets_by_class(data, 2);
      const std::string name = positive->as_string().value_or(positive->text);
      const auto named = std::ranges::find(classes, name);
      const auto chosen =
          static_cast<size_t>(named != classes.end() ? named - classes.begin() : positive->as_integer().value_or(1));
      if (chosen > 1 || 10 * counts[chosen] < 9 * data.size()) continue;
      add({.where = metric.place, .path = concat("metrics[", i, "] (", metric.name, ")")},
          concat("is of the class '", classes[chosen], "', as ", counts[chosen], " of ",
                 count_of(data.size(), "training sample"), " are"),
          concat("write '", metric.name, ": {positive: ", to_yaml_line(Node::string(classes[1 - chosen])), "}'"));
    }
  }

  // Labels that may be there together, which a loss takes for probabilities of classes.
  void about_probabilities() {
    const Dataset& data = *plan_.data.train;
    if (!data.in_memory()) return;
    for (const Objectives::Term& term : plan_.objectives.losses()) {
      const Loss& loss = *term.loss;
      const SampleField* field = loss.reads_field() ? field_of(loss.from.target) : nullptr;
      if (!loss.takes_classes() || !loss.takes_probabilities() || !field || field->type.dtype != DType::f32 ||
          field->type.shape.rank() != 1)
        continue;
      const std::string name = field->name;
      const auto place = static_cast<size_t>(field_index(data, name));
      OneSample sample(data);
      std::vector<float> target(static_cast<size_t>(field->type.shape.elements()));
      constexpr int64_t looked_at = 100;
      for (int64_t i = 0; i < std::min(data.size(), looked_at); ++i) {
        sample.read(i);
        std::memcpy(target.data(), sample.bytes(place), target.size() * sizeof(float));
        const double all = std::accumulate(target.begin(), target.end(), 0.0);
        if (std::abs(all - 1) < 0.01) continue;
        add({.where = loss.place, .path = concat("loss (", loss.name, ")")},
            concat("takes probabilities of classes, which add up to 1; the targets '", name, "' of sample ", i,
                   " add up to ", number_text(std::round(all * 1e4) / 1e4)),
            "write 'bce_with_logits' where several classes may be there together");
        break;
      }
    }
  }

  // Targets behind the end of a sequence, which a loss takes for others.
  void about_padding() {
    const Dataset& data = *plan_.data.train;
    const auto padded = capability<Padded>(data);
    if (!padded) return;
    for (const Objectives::Term& term : plan_.objectives.losses()) {
      const FieldNames& from = term.loss->from;
      const bool is_padded = std::ranges::any_of(
          padded->padded_fields(), [&](size_t field) { return data.fields()[field].name == from.target; });
      if (!is_padded || !term.loss->reads_field() || from.lengths || term.loss->ignored()) continue;
      add({.where = term.loss->place, .path = concat("loss (", term.loss->name, ")")},
          concat("targets '", from.target, "' are padded, and the loss takes padding for targets"),
          concat("write '", term.loss->name, ": {lengths: lengths}'"));
    }
  }

  // Tables with fewer rows than there are things.
  void about_tables() {
    for (const NumberLimit& limit : network_.number_limits()) {
      const auto field = std::ranges::find(plan_.data.inputs, limit.input, &SampleField::name);
      if (field == plan_.data.inputs.end() || !limit.chooses_row || field->values <= limit.count) continue;
      add(at_layer(limit.layer),
          concat("the table has ", count_of(limit.count, "row"), ", '", limit.input, "' counts ", field->values,
                 " different numbers"),
          limit.input == "x" ? "write 'num_embeddings: ${data.vocabulary}'"
                             : concat("write 'num_embeddings: ", field->values, "'"));
    }
  }

  // Tokens whose numbers are weighted as quantities.
  void about_numbers_of_things() {
    Graph g;
    predict(network_, g);
    std::set<std::string> told;
    for (int i = 0; i < g.size(); ++i) {
      const GraphNode& node = g.node(i);
      if (node.op->name() != "matmul" && node.op->name() != "convolution") continue;
      for (const Value& v : node.inputs)
        if (const SampleField* field = counted_in(v); field && told.insert(node.scope).second)
          add(at_layer(node.scope),
              concat("takes the numbers of '", field->name, "', which only count ", field->values,
                     " different things, for quantities"),
              concat("put 'embedding: {num_embeddings: ",
                     field->name == "x" ? std::string("${data.vocabulary}") : std::to_string(field->values),
                     ", embedding_dim: 32}' before it"));
    }
  }
  // The input of tokens of which these values are the numbers, rearranged or beside others; null where none is.
  const SampleField* counted_in(Value v) const {
    const GraphNode& node = v.graph->node(v.node);
    if (const auto* given = dynamic_cast<const Input*>(node.op.get())) {
      const SampleField* field = field_of(given->key);
      const bool counts = field && field->type.dtype == DType::i32 && field->values > 0;
      // A single one may be a length, which is a quantity, where sequences are padded.
      return counts && (field->type.shape.rank() == 1 || !capability<Padded>(*plan_.data.train)) ? field : nullptr;
    }
    const std::string_view op = node.op->name();
    if (!node.op->is_view() && op != "transpose" && op != "cast" && op != "concat") return nullptr;
    for (const Value& part : node.inputs)
      if (const SampleField* field = counted_in(part)) return field;
    return nullptr;
  }

  // A network that is to say the next token, and has it before it.
  void about_next_tokens() {
    const Dataset& data = *plan_.data.train;
    if (!capability<Tokenized>(data) || !capability<Succession>(data) || network_.inputs().size() != 1) return;
    const Shape tokens = network_.inputs()[0].type.shape;
    if (tokens.rank() != 1) return;
    Graph g;
    const NetworkOutputs outputs = predict(network_, g);
    std::vector<int> ends;
    for (const Objectives::Term& term : plan_.objectives.losses()) {
      const Value end = outputs.at(term.loss->from.output);
      if (term.loss->from.target == "y" && end.shape().rank() == 3 && end.shape()[1] == tokens[0])
        ends.push_back(end.node);
    }
    for (const int i : all_behind(g, ends)) {
      const std::string help = to_see_nothing_behind(g.node(i), tokens[0]);
      if (help.empty()) continue;
      return add(at_layer(g.node(i).scope),
                 "sees the tokens behind each place, of which the first is the one to be predicted", help);
    }
  }

  // Inputs and layers that no loss depends on.
  void about_what_is_not_read() {
    const auto [inputs, layers] = read_by_losses();
    const std::vector<std::string> measured = plan_.objectives.fields();  // lengths of metrics are among the inputs
    for (const Network::Input& given : network_.inputs())
      if (!inputs.contains(given.name) && std::ranges::count(measured, given.name) == 0)
        add(at("model"), concat("no layer that the prediction depends on reads the input '", given.name, "'"),
            concat("name it in a layer's 'from:', or leave it out of the data"));
    std::vector<std::string> idle;
    for (const LayerSummary& layer : network_.layers())
      if (layer.parameters > 0 && !layers.contains(layer.path) && !is_frozen(layer.path)) idle.push_back(layer.path);
    if (!idle.empty())
      add(at_layer(idle[0]),
          concat("no loss depends on what it gives, so that its parameters are not trained",
                 idle.size() == 1 ? "" : concat("; nor on ", count_of(std::ssize(idle) - 1, "other layer"))),
          "name it in a layer's 'from:', or its item in a loss's 'output:'; or take it out");
  }

  // Variables and parameters of blocks that stand nowhere. What a run has settled has no references any more.
  void about_names() {
    const Node *variables = plan_.spec.find("variables"), *fitted = find_path(plan_.spec, "data.fitted");
    for (const Node::Entry& variable : variables && (!fitted || fitted->is_null()) ? variables->entries : none_)
      if (!stands_for(plan_.spec, "variables." + variable.key))
        add(at("variables." + variable.key), concat("no value of the config is '${variables.", variable.key, "}'"),
            concat("write '${variables.", variable.key, "}' where it is meant, or take it out"));
    for (const std::string path : {"blocks", "model.blocks"}) {
      const Node* blocks = find_path(plan_.spec, path);
      for (const Node::Entry& block : blocks ? blocks->entries : none_) {
        const Node* params = block.value.find("params");
        for (const Node::Entry& param : params ? params->entries : none_)
          if (!mentions(block.value, param.key))
            add(at(concat(path, ".", block.key, ".params.", param.key)),
                concat("no value of the block is '${", param.key, "}'"),
                concat("write '${", param.key, "}' where it is meant, or take it out"));
      }
    }
  }

  // Keys of layers that change nothing, or that say something else in another framework.
  void about_keys(const std::vector<ModelItem>& items) {
    for (const ModelItem& item : items) {
      about_keys(item.children);
      if (item.layer.is_map() && item.layer.entries.size() == 1) about_keys_of(item, item.layer.entries[0]);
    }
  }
  void about_keys_of(const ModelItem& item, const Node::Entry& layer) {
    const std::string& type = layer.key;
    const auto given = [&](const char* key) {
      const Node* value = layer.value.find(key);
      return value && !value->is_null() ? value : nullptr;
    };
    const auto number = [&](const char* key, double otherwise) {
      const Node* value = given(key);
      return value ? value->as_number().value_or(otherwise) : otherwise;
    };
    const auto doubt = [&](const std::string& what, const std::string& help) {
      Problem problem = at_layer(item.path);
      if (told_.insert(concat(problem.where.text(), what)).second) add(std::move(problem), what, help);
    };
    if (const double momentum = number("momentum", 0); type == "batch_norm" && momentum > 0.5)
      doubt(concat("'momentum' is the share of the new in the running averages: ", number_text(momentum),
                   " keeps next to nothing of what was before"),
            concat("write 'momentum: ", number_text(std::round((1 - momentum) * 1e6) / 1e6), "' for what Keras calls ",
                   number_text(momentum)));
    const bool recurrent = type == "lstm" || type == "gru" || type == "rnn";
    if (const double p = number("dropout", 0); recurrent && p > 0 && number("num_layers", 1) == 1)
      doubt("'dropout' is between the layers of a stack, and 'num_layers' is 1: nothing is dropped",
            concat("put '- dropout: ", number_text(p), "' behind it, or write 'num_layers: 2'"));
    const Node *mode = given("padding_mode"), *padding = given("padding");
    const bool unpadded = !padding || padding->text == "valid" || padding->as_number() == 0.0 ||
                          (padding->is_list() && std::ranges::all_of(padding->items, [](const Node& each) {
                             return each.as_number() == 0.0;
                           }));
    if (mode && mode->text != "zeros" && unpadded)
      doubt("'padding_mode' says what the padding is, and there is none",
            "write 'padding: same', or leave 'padding_mode' out");
    if (const Node* bias = given("bias"); bias && bias->as_bool() == false && given("bias_init"))
      doubt("'bias_init' is of a bias, and 'bias: false' leaves it out", "keep one of them");
    // What is in a block that shares has the keys of the block.
    const bool shares = !item.tensors.empty() && item.tensors != item.path && item.path.find('.') == item.path.npos;
    const bool ties = std::ranges::count(item.ties, "weight", &ModelItem::Tie::parameter) > 0;
    if (given("init") && (shares || ties))
      doubt("'init' is of a weight that another layer has made", "write it in that layer, or take it out");
    const Node* axis = type == "concat" && layer.value.is_scalar() ? &layer.value : given("axis");
    if (type == "concat" && axis && axis->as_integer() == 1)
      for (const LayerSummary& of : network_.layers())
        if (of.path == item.path && of.output.rank() == 3)
          doubt("axis 1 is the height of an image, [height, width, channels]: images are laid below each other",
                "write 'concat' without an axis to lay channels beside each other, which come last");
  }

  bool is_frozen(const std::string& layer) const {
    return std::ranges::any_of(network_.tensors(), [&](const Tensor& tensor) {
      return tensor.trained && tensor.path.starts_with(layer + ".") && network_.frozen_until(tensor.path) > 0;
    });
  }

  struct Read {
    std::set<std::string> inputs, layers;  // by name, by path
  };
  Read read_by_losses() const {
    Graph g;
    Read read;
    const NetworkOutputs outputs = predict(network_, g);
    std::vector<int> ends;
    for (const Objectives::Term& term : plan_.objectives.losses()) {
      ends.push_back(outputs.at(term.loss->from.output).node);
      for (const std::string& further : term.loss->further_outputs()) ends.push_back(outputs.at(further).node);
    }
    for (const int node : all_behind(g, ends)) {
      if (const auto* given = dynamic_cast<const Input*>(g.node(node).op.get())) read.inputs.insert(given->key);
      read.layers.insert(g.node(node).scope);
    }
    for (const Objectives::Term& term : plan_.objectives.losses())
      if (term.loss->from.lengths) read.inputs.insert(*term.loss->from.lengths);
    return read;
  }

  // A single sample at the end of an epoch, of which a layer over the batch has one value of each channel.
  void about_normalization() {
    const int64_t samples = plan_.data.train->size(), batch = plan_.run.data.batch_size;
    const int64_t rest = plan_.run.data.drop_last || samples <= batch ? 0 : samples % batch;
    if (const std::string layer = normalized_over_the_batch(network_); !layer.empty() && rest == 1)
      add(at_layer(layer),
          concat("the last batch of an epoch is a single sample (", samples, " of ", batch,
                 "), which has no deviation to "
                 "normalize by"),
          "write 'data.drop_last: true'");
  }

  // Rates that no run survives, and schedules that the run does not live to see.
  void about_the_rate() {
    const int64_t steps = plan_.total_steps();
    const Progress progress{.total_steps = steps,
                            .steps_per_epoch = plan_.steps_per_epoch(),
                            .batch_size = plan_.run.data.batch_size * plan_.run.trainer.accumulate_grad_batches};
    const auto* schedule = dynamic_cast<const WarmupSchedule*>(plan_.run.schedule.get());
    const double rise = schedule ? updates_in(schedule->warmup, progress) : 0;
    if (steps > 0 && rise == static_cast<double>(steps)) return;  // a test of rates
    const Optimizer& optimizer = *plan_.run.optimizer;
    std::vector<Problem> none;
    const std::string path = plan_.run.optimizer.place_of_optimizer(Reading(none, "optimizer")).path() + ".lr";
    if (const double lr = optimizer.learning_rate(), most = optimizer.boldest_rate(); lr >= most)
      add(at(path), concat("a learning rate of ", number_text(lr), " is more than '", optimizer.name, "' bears"),
          concat("lower it; begin with ", number_text(most / 1000)));
    if (!schedule || steps == 0 || plan_.run.trainer.fast_dev_run) return;
    if (rise > static_cast<double>(steps))
      return add(at("schedule"),
                 concat("the warm-up takes ", schedule->warmup.text(), ", the run ends after ", count_of(steps, "step"),
                        ": before the rate is whole"),
                 "make the warm-up shorter, or the run longer");
    if (is_flat(*schedule, progress, static_cast<int64_t>(std::ceil(rise))) && !schedule->stays())
      add(at("schedule"),
          concat("'", schedule->name, "' changes nothing within the ", count_of(steps, "step"), " of the run"),
          "make its times shorter, or the run longer");
  }
  static bool is_flat(const WarmupSchedule& schedule, Progress progress, int64_t begin) {
    const int64_t last = progress.total_steps - 1, stride = std::max<int64_t>(1, (last - begin) / 1000);
    const auto factor = [&](int64_t step) {
      progress.step = step;
      return schedule.factor(progress);
    };
    const double first = factor(begin);
    for (int64_t step = begin; step < last; step += stride)
      if (factor(step) != first) return false;
    return factor(last) == first;
  }

  void about_windows() {
    const int64_t window = plan_.run.trainer.accumulate_grad_batches, batches = plan_.batches_per_epoch();
    if (batches > 0 && window > batches)
      add(at("trainer.accumulate_grad_batches"),
          concat("an update takes ", window, " batches, an epoch has ", batches, ": each is of fewer"), "lower it");
  }

  // Modes that take the worse for the better.
  void about_modes() {
    const auto look = [&](const std::string& path, const std::string& figure, const std::string& mode) {
      const char* better = plan_.higher_is_better(figure) ? "max" : "min";
      if (!mode.empty() && mode != better)
        add(at(path + ".mode"), concat("'", mode, "' takes the worse values of '", figure, "' for the better"),
            concat("leave 'mode' out, which is as 'mode: ", better, "' then"));
    };
    const TrainerSpec& trainer = plan_.run.trainer;
    if (trainer.checkpoint.best)
      look("trainer.checkpoint", *trainer.checkpoint.best, trainer.checkpoint.mode.value_or(""));
    for (const Keyed<Controller>& own : trainer.controllers) {
      if (!own.object) continue;
      const Node keys = write_object(*own.object);
      const Node* mode = keys.find("mode");
      for (const auto& [key, figure] : own.object->monitors())
        look("trainer." + own.name, figure, mode ? mode->as_string().value_or("") : "");
    }
  }

  const std::vector<Node::Entry> none_;
  std::set<std::string> told_;  // of keys of layers: a block stands for several
  const Plan& plan_;
  const Network& network_;
  std::vector<Problem> doubts_;
};

}  // namespace

std::string normalized_over_the_batch(const Network& network) {
  Graph g;
  predict(network, g, true);
  for (int i = 0; i < g.size(); ++i) {
    const auto* moments = dynamic_cast<const MomentsOp*>(g.node(i).op.get());
    if (moments && moments->axes.front() == 0 && reduced_count(g.node(i).inputs[0].shape(), moments->axes) == 1)
      return g.node(i).scope;
  }
  return "";
}

std::vector<Problem> unlikely(const Plan& plan) { return Doubts(plan).all(); }

}  // namespace dl
