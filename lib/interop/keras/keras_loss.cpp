// Losses: https://keras.io/api/losses.
// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/keras/keras_compiled.h"
#include "lib/interop/keras/keras_names.h"

namespace dl::keras {
namespace {

// Names that a loss has besides.
std::string without_alias(const std::string& name) {
  static const std::map<std::string, std::string> aliases = {{"bce", "binary_crossentropy"},
                                                             {"cosine_proximity", "cosine_similarity"},
                                                             {"kld", "kl_divergence"},
                                                             {"kullback_leibler_divergence", "kl_divergence"},
                                                             {"logcosh", "log_cosh"},
                                                             {"mae", "mean_absolute_error"},
                                                             {"mape", "mean_absolute_percentage_error"},
                                                             {"mse", "mean_squared_error"},
                                                             {"msle", "mean_squared_logarithmic_error"}};
  const auto found = aliases.find(name);
  return found == aliases.end() ? name : found->second;
}

// A loss of probabilities that is one here of what stands before `end`.
struct OfLogits {
  const char *ours, *end;
};
const std::map<std::string, OfLogits> losses_of_logits = {
    {"binary_crossentropy", {"bce_with_logits", "sigmoid"}},
    {"binary_focal_crossentropy", {"binary_focal", "sigmoid"}},
    {"categorical_crossentropy", {"cross_entropy", "softmax"}},
    {"categorical_focal_crossentropy", {"focal", "softmax"}},
    {"sparse_categorical_crossentropy", {"cross_entropy", "softmax"}},
};
// Of what the model gives as it is.
const std::map<std::string, const char*> other_losses = {
    {"cosine_similarity", "cosine_similarity"},
    {"hinge", "hinge"},
    {"huber", "huber"},
    {"log_cosh", "log_cosh"},
    {"mean_absolute_error", "l1"},
    {"mean_absolute_percentage_error", "mape"},
    {"mean_squared_error", "mse"},
    {"mean_squared_logarithmic_error", "msle"},
    {"poisson", "poisson_nll"},
    {"squared_hinge", "squared_hinge"},
};

bool is_one_loss(const Json& given) {
  return given.is_null() || given.is_string() || (given.is_object() && given.contains("class_name"));
}

// The loss of one output.
class TakingLoss {
 public:
  // `of`: the output as Keras calls it, "" of the only one; `end`: the activation that it ends with.
  TakingLoss(const Json& given, std::string of, std::string end, std::vector<std::string>& left_out)
      : given_name_(name_of(given)),
        name_(without_alias(given_name_)),
        of_(std::move(of)),
        end_(std::move(end)),
        left_out_(left_out) {
    if (given.is_object()) keys_ = given.value("config", Json::object());
    if (!keys_.is_object()) keys_ = Json::object();  // of a function its name
  }

  // As `loss:` has it.
  Node loss() {
    tell_settings();
    if (name_.empty()) return by_end();
    if (const auto found = losses_of_logits.find(name_); found != losses_of_logits.end())
      return of_logits(found->second);
    if (name_ == "kl_divergence" && end_ == "softmax") {
      in_its_place_ = "log_softmax";
      return Node::string("kl_div");
    }
    if (name_ == "categorical_hinge") return instead("multi_margin");
    const auto found = other_losses.find(name_);
    if (found == other_losses.end()) return instead("mse");
    if (name_ == "mean_absolute_percentage_error")
      left_out_.push_back(concat("that ", loss_text(), " counts hundredths: it is 100 times the one here"));
    Node keys = Node::map();
    if (name_ == "huber" && number("delta", 1) != 1) keys.set("delta", Node::number(number("delta", 1)));
    if (name_ == "poisson") {
      keys.set("log_input", Node::boolean(false));
      keys.set("eps", Node::number(1e-7));
    }
    return loss_with(found->second, std::move(keys));
  }

  // The layer that is to stand for the activation at the end, "" for none; unset: it stays.
  const std::optional<std::string>& in_its_place() const { return in_its_place_; }

 private:
  static std::string name_of(const Json& given) {
    if (!given.is_object() || !given.contains("class_name")) return snake_case_name_of(given);
    return snake_case(Settings::name_of_object(given));
  }

  static Node loss_with(const std::string& ours, Node keys) {
    if (keys.entries.empty()) return Node::string(ours);
    Node loss = Node::map();
    loss.set(ours, std::move(keys));
    return loss;
  }

  Node by_end() {
    if (end_ == "softmax" || end_ == "sigmoid") in_its_place_ = "";
    return Node::string(end_ == "softmax" ? "cross_entropy" : end_ == "sigmoid" ? "bce_with_logits" : "mse");
  }

  Node of_logits(const OfLogits& taken) {
    if (name_ == "binary_crossentropy" && end_ == "softmax") {
      left_out_.push_back(concat(loss_text(), " behind a softmax: cross_entropy is in its place"));
      return by_end();
    }
    if (end_ == taken.end)
      in_its_place_ = "";
    else if (!keys_.value("from_logits", false))
      left_out_.push_back(concat("that ", loss_text(),
                                 " takes probabilities: the loss here takes what stands before a ", taken.end,
                                 ", which is to be its end"));
    Node keys = Node::map();
    if (name_.ends_with("focal_crossentropy")) {
      if (number("gamma", 2) != 2) keys.set("gamma", Node::number(number("gamma", 2)));
      if (name_.starts_with("categorical"))
        tell("alpha", keys_.value("alpha", Json(0.25)));
      else if (keys_.value("apply_class_balancing", false))
        keys.set("alpha", Node::number(number("alpha", 0.25)));
    }
    return loss_with(taken.ours, std::move(keys));
  }

  Node instead(const char* ours) {
    left_out_.push_back(concat(loss_text(), ": ", ours, " is in its place"));
    return Node::string(ours);
  }

  void tell_settings() {
    for (const auto& [key, usual] : {std::pair<const char*, Json>("label_smoothing", 0), {"ignore_class", nullptr}})
      if (keys_.contains(key) && keys_[key] != usual) tell(key, keys_[key]);
    if (keys_.value("reduction", Json()) == "sum") tell("reduction", keys_["reduction"]);
    if (name_ == "cosine_similarity" && keys_.contains("axis") && keys_["axis"] != -1) tell("axis", keys_["axis"]);
  }
  void tell(const std::string& key, const Json& value) {
    const std::string setting = concat("'", key, ": ", value.dump(), "'");
    left_out_.push_back(of_.empty() ? concat("its loss's ", setting) : concat(setting, " of the loss of '", of_, "'"));
  }

  std::string loss_text() const {
    return of_.empty() ? concat("its loss '", given_name_, "'") : concat("the loss '", given_name_, "' of '", of_, "'");
  }
  double number(const char* key, double otherwise) const {
    const Json value = keys_.value(key, Json());
    return value.is_number() ? as_written(value.get<double>()) : otherwise;
  }

  const std::string given_name_, name_, of_, end_;
  std::vector<std::string>& left_out_;
  Json keys_ = Json::object();
  std::optional<std::string> in_its_place_;
};

// What is said of each output: one for all, a list in their order, or a map by their names; null where nothing is.
std::vector<Json> of_each_output(const Json& said, const KerasItems& items, bool (*is_one)(const Json&)) {
  const size_t count = items.outputs.size();
  if (is_one(said)) return std::vector<Json>(count, said);
  std::vector<Json> each(count);
  for (size_t i = 0; i < count; ++i) {
    if (said.is_array() && said.size() == count) each[i] = said[i];
    for (const std::string& name : items.output_names[i])
      if (said.is_object() && said.contains(name)) each[i] = said[name];
    if (each[i].is_array() && each[i].size() == 1) each[i] = Json(each[i][0]);
  }
  return each;
}

// {LOSS: {output: …, target: …, …}}
Node reading(const Node& loss, const std::string& output) {
  Node keys = Node::map(), all = Node::map();
  keys.set("output", Node::string(output));
  keys.set("target", Node::string("y_" + output));
  if (loss.is_map())
    for (const Node::Entry& entry : loss.entries[0].value.entries) keys.set(entry.key, entry.value);
  all.set(loss.is_map() ? loss.entries[0].key : loss.text, std::move(keys));
  return all;
}

// Items whose outputs are to be small, as further losses.
void add_activities(const KerasItems& items, Node& losses) {
  for (const KerasItems::Activity& activity : items.activities) {
    Node keys = Node::map(), one = Node::map();
    keys.set("output", Node::string(activity.item));
    if (activity.l1 > 0) keys.set("l1", Node::number(activity.l1));
    if (activity.l2 > 0) keys.set("l2", Node::number(activity.l2));
    one.set("activity", std::move(keys));
    std::string name = activity.item;
    for (int again = 2; losses.find(name); ++again) name = concat(activity.item, "_", again);
    losses.set(name, std::move(one));
  }
}

OutputLosses add_losses(const Json& compiled, KerasItems& items, Node& config, std::vector<std::string>& left_out) {
  const Json said = compiled.value("loss", Json()), weights = compiled.value("loss_weights", Json());
  const std::vector<Json> losses_there = of_each_output(said, items, is_one_loss);
  const std::vector<Json> weights_there = of_each_output(weights, items, [](const Json& w) { return w.is_null(); });
  const bool any = std::ranges::any_of(losses_there, [](const Json& loss) { return !loss.is_null(); });
  if (!any && !said.is_null())
    left_out.push_back("its losses, which are not those of its outputs: each has one by what it ends with");
  Node losses = Node::map();
  OutputLosses of_outputs;
  for (size_t i = 0; i < items.outputs.size(); ++i) {
    std::string& output = items.outputs[i];
    const std::string& theirs = items.output_names[i].back();
    const Json& weight = weights_there[i];
    const double times = weight.is_number() ? as_written(weight.get<double>()) : 1;
    if (of_outputs.contains(output)) {
      left_out.push_back(concat("that '", theirs, "' is an output twice"));
      continue;
    }
    if (any && (losses_there[i].is_null() || times <= 0)) {
      left_out.push_back(concat("that '", theirs, "' is an output: it has no loss"));
      continue;
    }
    TakingLoss taking(losses_there[i], theirs, items.end_of(output), left_out);
    const Node loss = taking.loss();
    if (taking.in_its_place()) output = items.replace_end(output, *taking.in_its_place());
    Node one = reading(loss, output);
    if (times != 1 && times > 0) one.set("weight", Node::number(times));
    losses.set(output, std::move(one));
    of_outputs[output] = loss;
  }
  add_activities(items, losses);
  config.set("losses", std::move(losses));
  return of_outputs;
}

}  // namespace

OutputLosses add_loss(const Json& compiled, KerasItems& items, Node& config, std::vector<std::string>& left_out) {
  if (items.outputs.size() > 1) return add_losses(compiled, items, config, left_out);
  Json given = compiled.value("loss", Json());
  // Of one output also [mse] and {output: mse}.
  if (!is_one_loss(given) && given.size() == 1) given = Json(*given.begin());
  TakingLoss taking(given, "", items.end_of(""), left_out);
  const Node loss = taking.loss();
  if (taking.in_its_place()) items.replace_end("", *taking.in_its_place());
  if (items.activities.empty()) {
    config.set("loss", loss);
  } else {
    Node losses = Node::map(), fit = loss;
    if (!fit.is_map()) {
      fit = Node::map();
      fit.set(loss.text, Node::map());
    }
    losses.set("fit", std::move(fit));
    add_activities(items, losses);
    config.set("losses", std::move(losses));
  }
  if (loss.text == "cross_entropy") config.set("metrics", Node::list({Node::string("accuracy")}));
  return {{"", loss}};
}

}  // namespace dl::keras
