// What of a network is frozen, and until when: patterns of its parts held against its tensors and layers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <vector>

#include "lib/nn/frozen.h"
#include "lib/nn/model_tensors.h"

namespace dl {

class Freezing {
 public:
  // As Network::freeze() has it. `layers` are the paths of all layers.
  std::vector<std::string> freeze(const std::vector<Frozen>& frozen, const ModelTensors& tensors,
                                  const std::vector<std::string>& layers);

  // The updates until which a tensor, or a layer, is frozen; 0: it is not.
  int64_t until(const std::string& tensor, const ModelTensors& tensors) const;
  int64_t layer_until(const std::string& layer) const;
  std::vector<int64_t> ends() const;  // of what is not frozen for ever, ascending, each once

 private:
  std::vector<Frozen> frozen_;
  std::map<std::string, int64_t> layers_;  // by path
};

}  // namespace dl
