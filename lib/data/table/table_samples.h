// Rows of a table as samples.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/data/table/row_choice.h"
#include "lib/data/table/table.h"

namespace dl {

// The cells of `rows` made numbers, each row a sample, as make_table() says. Columns that the table has not, and cells
// that are not of their column's kind, are an Error(Exit::data).
DatasetPointer table_samples(TableParts parts, FittedTable fitted, RowChoice rows, std::vector<Problem> warnings);

}  // namespace dl
