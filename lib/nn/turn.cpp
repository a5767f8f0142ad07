// The keys of a turn.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/turn.h"

#include <algorithm>

namespace dl {

void Turn::describe(Schema& s) {
  s.summary("an update of some of the parameters, by losses of its own");
  s.details(
      "A step takes the turns in their order, on the same batch; each sees the parameters as the turn before it left "
      "them. Figures are named by the turn, 'discriminator_loss', or by its losses, 'discriminator_real_loss'.");
  s.required("update", update, "which parameters: an item of the model, or patterns of their paths, \"generator.*\"")
      .known_as({"updates", "parameters", "params", "train"});
  s.optional("name", name, "of its figures; without it, the first word of 'update'");
  s.required("loss", loss, "what the turn makes small").unless({"losses"}).help("write 'loss: {mse: {output: NAME}}'");
  s.optional("losses", losses, "in the place of 'loss', several by name, each with its 'weight'");
  s.optional("optimizer", optimizer, "how these parameters are updated; without it, as the run's 'optimizer' says");
  s.optional("every", every, "the turn is taken in each such step: 5 in every fifth")
      .at_least(1)
      .known_as({"frequency", "every_n_steps", "interval"});
  s.check([this](const Report& report) {
    if (loss && !losses.terms.empty()) report.at("losses", "'loss' and 'losses' are both given", "keep one of them");
    if (update.empty()) report.at("update", "no parameters are named", "write 'update: NAME', an item of the model");
  });
}

std::string Turn::title() const {
  if (name) return *name;
  const std::string& first = update.list.at(0);
  return first.substr(0, first.find_first_of(".*?"));
}

bool Turn::updates(const std::string& parameter) const {
  return std::ranges::any_of(update.list, [&](const std::string& pattern) { return fits(pattern, parameter); });
}

bool Turn::fits(const std::string& pattern, const std::string& parameter) {
  return fits_pattern(pattern, parameter) || parameter.starts_with(pattern + ".");
}

}  // namespace dl
