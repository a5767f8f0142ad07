// What a run keeps of data whose samples are read as they are: their fields and the names of their classes, so that
// neither evaluation nor prediction needs the training data again.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/data/dataset.h"
#include "lib/spec/schema.h"

namespace dl {

// Classes are bound by this before a name is made for each.
constexpr int64_t most_classes = int64_t{1} << 20;

// "0", "1", …: names of classes that have none.
std::vector<std::string> numbered_classes(int64_t count);
bool are_numbered(std::span<const std::string> classes);  // whether these are such names

// For Fittable::fit() of such a set.
Node fit_samples(const Dataset& data);
// The type of a field in a fit that stands there before there were data, an import's, of targets that are numbers or
// classes 0 and 1 as the data have them; and whether a fit has one: what the data are is fitted when they are read.
constexpr const char* f32_or_i32 = "f32_or_i32";
bool leaves_types_open(const Node& fit);
// For Reader::open_fitted(): the fields and classes of that fit, and no sample. A fit of another kind is an
// Error(Exit::usage).
DatasetPointer samples_of_fit(const Node& fit);

}  // namespace dl
