// Cutting samples for validation out of a training set that has been opened, as `data.validation` and `data.folds` ask.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lib/data/data_spec.h"
#include "lib/data/key_findings.h"

namespace dl {

// The raw sets, before transforms.
struct OpenedSets {
  DatasetPointer train, validation, test;
  std::vector<std::string> names;  // of all that the spec names
  std::vector<Problem> warnings;
};

// The training set becomes what is left of it, the validation set the rest; what stands against it is found.
void hold_out_validation(OpenedSets& sets, const Validation& validation, uint64_t seed, const KeyFindings& findings);
// `number` from 1 on.
void hold_out_fold(OpenedSets& sets, const Folds& folds, int64_t number, uint64_t seed, const KeyFindings& findings);

}  // namespace dl
