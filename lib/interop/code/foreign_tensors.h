// A network's tensors as the layers of another framework have them: cut, seen with other sizes and turned, as twins
// say.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/interop/code/python_files.h"
#include "lib/interop/program/trained_network.h"
#include "lib/nn/twins.h"
#include "lib/spec/blocks.h"

namespace dl::code {

class ForeignTensors {
 public:
  explicit ForeignTensors(const TrainedNetwork& trained) : trained_(trained) {}

  // A tensor of the item's layer, tied or its own, under a name there. One that is there already is passed over;
  // several are one there where their places say so.
  void keep(const ModelItem& item, const Twin::Place& place, const std::string& name);

  const std::vector<NamedArray>& arrays() const { return arrays_; }
  const std::vector<WrittenTensor>& written() const { return written_; }

 private:
  const TrainedNetwork& trained_;
  std::vector<NamedArray> arrays_;
  std::vector<WrittenTensor> written_;
  std::set<std::pair<std::string, std::string>> kept_;  // paths here, and names there
};

// The path of the item whose tensors it has: its own, or that of the one that it shares them with.
const std::string& tensors_path(const ModelItem& item);

}  // namespace dl::code
