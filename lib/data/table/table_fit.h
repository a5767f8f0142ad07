// Fitting a table's columns to some of its rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/data/table/row_choice.h"
#include "lib/data/table/table.h"

namespace dl {

// What `rows` say of each column. A column that the spec names and the table has not is an Error(Exit::usage), a cell
// that is not of its column's type is an Error(Exit::data), a table that leaves no input one of Exit::usage. What is
// likely meant otherwise is added to `warnings`.
FittedTable fit_table(const TableParts& parts, RowChoice rows, std::vector<Problem>& warnings);

// Whether the target is a class, by the spec or by the cells of `rows`.
bool target_is_class(const TableParts& parts, RowChoice rows);

// How the spec says that a target is a class: "target: {column: kind, as: class}".
std::string as_class(const TableSpec& spec, const std::string& target);

double signed_log(double x);  // sign(x) log(1 + |x|)

}  // namespace dl
