// Sets that know the class of each sample without reading it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/dataset.h"

namespace dl {

class Labelled {
 public:
  virtual ~Labelled() = default;
  // Whether samples have a class each.
  virtual bool has_labels() const { return true; }
  // A number for each sample, the same for two of the same class. Samples without a class each are an
  // Error(Exit::usage).
  virtual std::vector<int64_t> labels() const = 0;
  // The name of a sample's class; empty: that which the set's classes() give its label.
  virtual std::string class_of(int64_t /*index*/) const { return {}; }
};

// Whether labels() reads no sample.
bool has_labels(const Dataset& data);
// As of Labelled; of a set that is none, all samples are read.
std::vector<int64_t> labels(const Dataset& data);
// The name of a sample's class.
std::string class_of(const Dataset& data, int64_t index);

// How many targets "y", i32, are of each class 0 … classes - 1. Reads all samples where nothing better is known. Of
// sequences only those count that are no padding, as many as the field `lengths` says.
std::vector<int64_t> targets_by_class(const Dataset& data, int64_t classes,
                                      const std::optional<std::string>& lengths = {});

}  // namespace dl
