// Losses: https://keras.io/api/losses.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/interop/keras/keras_compiled.h"
#include "lib/interop/keras/keras_names.h"

namespace dl::keras {

void add_loss(const Json& compiled, KerasItems& items, Node& config, std::vector<std::string>& left_out) {
  Json given_loss = compiled.value("loss", Json());
  // Of one output also [mse] and {output: mse}.
  if (items.outputs.size() < 2 && given_loss.size() == 1 &&
      (given_loss.is_array() || (given_loss.is_object() && !given_loss.contains("class_name"))))
    given_loss = Json(*given_loss.begin());
  const std::string loss = items.outputs.size() < 2 ? snake_case_name_of(given_loss) : "";
  const bool ends_in_softmax = items.last_layer == "softmax", ends_in_sigmoid = items.last_layer == "sigmoid";
  // Our losses of classes take what stands before a softmax; predictions are behind it all the same.
  const auto drop_last = [&] { items.items.items.pop_back(); };
  const Json of_loss = given_loss.is_object() ? given_loss.value("config", Json::object()) : Json::object();
  const bool of_logits = of_loss.is_object() && of_loss.value("from_logits", false);
  if (items.outputs.size() > 1 && !given_loss.is_null())
    left_out.push_back("its losses of each output: mse is in their place");
  if ((loss.ends_with("categorical_crossentropy") && !ends_in_softmax && !of_logits) ||
      (loss == "binary_crossentropy" && !ends_in_sigmoid && !ends_in_softmax && !of_logits))
    left_out.push_back(concat("that its loss '", loss, "' takes probabilities: the loss here takes what stands before ",
                              loss == "binary_crossentropy" ? "a sigmoid" : "a softmax", ", which is to be its end"));
  if (loss == "binary_crossentropy" && ends_in_softmax)
    left_out.push_back("its loss 'binary_crossentropy' behind a softmax: cross_entropy is in its place");
  if (items.outputs.size() > 1) {  // each by its error, whatever it is
    Node losses = Node::map();
    for (const std::string& output : items.outputs) {
      Node mse = Node::map(), one = Node::map();
      mse.set("output", Node::string(output));
      mse.set("target", Node::string("y_" + output));
      one.set("mse", std::move(mse));
      losses.set(output, std::move(one));
    }
    config.set("losses", std::move(losses));
  } else if (loss.ends_with("categorical_crossentropy") ||
             ((loss.empty() || loss == "binary_crossentropy") && ends_in_softmax)) {
    if (ends_in_softmax) drop_last();
    config.set("loss", Node::string("cross_entropy"));
    config.set("metrics", Node::list({Node::string("accuracy")}));
  } else if (loss == "binary_crossentropy" || (loss.empty() && ends_in_sigmoid)) {
    if (ends_in_sigmoid) drop_last();
    config.set("loss", Node::string("bce_with_logits"));
  } else {
    static const std::map<std::string, std::string> losses = {{"mean_absolute_error", "l1"},
                                                              {"mae", "l1"},
                                                              {"huber", "huber"},
                                                              {"log_cosh", "log_cosh"},
                                                              {"mean_absolute_percentage_error", "mape"},
                                                              {"mean_squared_logarithmic_error", "msle"}};
    const auto found = losses.find(loss);
    config.set("loss", Node::string(found == losses.end() ? "mse" : found->second));
    if (found == losses.end() && !loss.empty() && loss != "mse" && loss != "mean_squared_error")
      left_out.push_back(concat("its loss '", loss, "': mse is in its place"));
  }
  for (const auto& [key, usual] :
       {std::pair<const char*, Json>("label_smoothing", 0), {"delta", 1}, {"ignore_class", nullptr}})
    if (of_loss.is_object() && of_loss.contains(key) && of_loss[key] != usual)
      left_out.push_back(concat("its loss's '", key, ": ", of_loss[key].dump(), "'"));
}

}  // namespace dl::keras
