// The fields of a table's samples.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/data/sample.h"
#include "lib/data/table/table.h"

namespace dl {

// Of a column that is a field of its own.
SampleField field_of(const TableSpec& spec, const FittedColumn& column, const std::string& name);
// Of several targets, "y".
SampleField field_of_targets(const TableSpec& spec, const OneOrMore<FittedColumn>& targets);

}  // namespace dl
