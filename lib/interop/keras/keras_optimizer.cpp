// Optimizers: https://keras.io/api/optimizers.
// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "lib/base/error.h"
#include "lib/interop/keras/keras_compiled.h"
#include "lib/interop/keras/keras_names.h"

namespace dl::keras {
namespace {

double number_in(const Json& keys, const char* key, double otherwise) {
  const auto found = keys.find(key);
  return found != keys.end() && found->is_number() ? as_written(found->get<double>()) : otherwise;
}

}  // namespace

void add_optimizer(const Json& compiled, Node& config, Node& trainer, std::vector<std::string>& left_out) {
  Node optimizer = Node::map();
  const Json& given = compiled.contains("optimizer") ? compiled["optimizer"] : Json();
  std::string kind = given.is_null() ? "adam" : snake_case_name_of(given);
  std::erase(kind, '_');  // "adam_w", "rm_sprop"
  const Json keys = given.is_object() ? given.value("config", Json::object()) : Json::object();
  Node own = Node::map();
  const auto number = [&](const char* key, double otherwise) { return number_in(keys, key, otherwise); };
  const Json rate = keys.value("learning_rate", Json());
  if (keys.contains("learning_rate") && !rate.is_number()) left_out.push_back("the schedule of its learning rate");
  const Json schedule = rate.is_object() ? rate.value("config", Json::object()) : Json::object();
  const double begin = number_in(schedule, "initial_learning_rate", 1e-3);
  own.set("lr", Node::number(number("learning_rate", begin)));
  static const std::set<std::string> adams = {"adam", "adamw", "nadam", "adamax"};
  if (adams.contains(kind) && keys.contains("beta_1")) {
    own.set("betas", Node::list({Node::number(number("beta_1", 0.9)), Node::number(number("beta_2", 0.999))}));
    own.set("eps", Node::number(number("epsilon", 1e-7)));
  }
  if ((kind == "adam" || kind == "adamw") && keys.value("amsgrad", false)) own.set("amsgrad", Node::boolean(true));
  if (kind == "sgd" && number("momentum", 0) != 0) {
    own.set("momentum", Node::number(number("momentum", 0)));
    own.set("nesterov", Node::boolean(keys.value("nesterov", false)));
  }
  if (kind == "rmsprop" && keys.contains("rho")) {
    own.set("alpha", Node::number(number("rho", 0.9)));
    own.set("momentum", Node::number(number("momentum", 0)));
    own.set("eps", Node::number(number("epsilon", 1e-7)));
    own.set("centered", Node::boolean(keys.value("centered", false)));
  }
  if (kind == "adagrad" && keys.contains("epsilon")) own.set("eps", Node::number(number("epsilon", 1e-7)));
  if (kind == "adamw" && number("weight_decay", 0) != 0)
    own.set("weight_decay", Node::number(number("weight_decay", 0)));
  const bool is_known = adams.contains(kind) || kind == "sgd" || kind == "rmsprop" || kind == "adagrad";
  if (!is_known) left_out.push_back(concat("its optimizer '", kind, "': adam is in its place"));
  optimizer.set(is_known ? kind : "adam", std::move(own));
  config.set("optimizer", std::move(optimizer));
  if (number("global_clipnorm", 0) > 0) {
    trainer.set("gradient_clip_val", Node::number(number("global_clipnorm", 0)));
  } else if (number("clipvalue", 0) > 0) {
    trainer.set("gradient_clip_val", Node::number(number("clipvalue", 0)));
    trainer.set("gradient_clip_algorithm", Node::string("value"));
  }
  for (const char* key :
       {"weight_decay", "clipnorm", "use_ema", "gradient_accumulation_steps", "initial_accumulator_value"}) {
    const bool is_said = keys.contains(key) && !keys[key].is_null() && keys[key] != Json(false) && keys[key] != Json(0);
    if (is_said && !(kind == "adamw" && std::string(key) == "weight_decay"))
      left_out.push_back(concat("its optimizer's '", key, ": ",
                                keys[key].is_number() ? number_text(number(key, 0)) : keys[key].dump(), "'"));
  }
}

}  // namespace dl::keras
