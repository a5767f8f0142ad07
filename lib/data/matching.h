// Whether sets have what the training set has: fields, types, classes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/data/dataset.h"
#include "lib/data/key_findings.h"
#include "lib/spec/node.h"

namespace dl {

// The same names and types, in their order.
bool has_fields_of(const Dataset& part, const Dataset& train);
// A part must look like the training data; what does not is told at `where`.
void expect_as_training(const Dataset& part, const Dataset& train, const Where& where, const KeyFindings& findings);
// Whether the training set's numbers are those that a fit, of a network that was made elsewhere or of the same set
// before, says: bytes would be divided by 255.
void expect_as_fitted(const Dataset& train, const Node& fit, const Where& where, const KeyFindings& findings);

}  // namespace dl
