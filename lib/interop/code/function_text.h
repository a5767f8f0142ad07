// A whole network as one function of Python, made of its operations.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/interop/code/dialect.h"
#include "lib/interop/program/trained_network.h"

namespace dl::code {

// A module with network(p, inputs …), p being the tensors by their paths, and predict(inputs), which reads model.npz.
std::string function_text(const TrainedNetwork& trained, const Dialect& dialect);

}  // namespace dl::code
