// A training set that lives in the memory of the device that trains (data.cache: device): what loaders deliver are the
// numbers of its samples.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/data/dataset.h"

namespace dl {

// The only field of row_numbers(), i32 [], and an input of programs.
inline constexpr const char* row_field = "data/row";

// As many samples as the set has, each of them its number.
DatasetPointer row_numbers(DatasetPointer data);

// Why a set's samples cannot be kept once and for all; empty: they can.
std::string why_not_kept(const Dataset& data);

}  // namespace dl
