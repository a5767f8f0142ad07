// The keys of what is frozen.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/frozen.h"

namespace dl {

void FreezeSpec::describe(Schema& s) {
  s.summary("parameters that stay as they are, for the whole run or at its beginning");
  s.required("params", params, "patterns of parameters' paths, or of parts of the model: \"layer*\"")
      .positional()
      .known_as({"parameters", "match", "layers", "modules"})
      .help("name what stays: 'freeze: [\"layer1\", \"*.bn1.*\"]'");
  s.optional("until", until, "when they begin to train, by optimizer state of their own; without it, never")
      .units({Duration::Unit::steps, Duration::Unit::epochs})
      .above(0)
      .known_as({"unfreeze_at_epoch", "unfreeze_backbone_at_epoch", "unfreeze_at", "freeze_epochs"});
}

}  // namespace dl
