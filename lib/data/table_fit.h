// Fitting a table's columns to some of its rows.
#pragma once
#include <span>

#include "lib/data/table.h"

namespace dl {

// A cell's text without what `strip` takes off its end.
std::string_view stripped(std::string_view text, const std::string& strip);
// The finite number that all of the text is.
std::optional<double> number_in(std::string_view text);
// sign(x) log(1 + |x|)
double signed_log(double x);

// What `rows` say of each column. A column that the spec names and the table has not is an Error(Exit::usage), a cell
// that is not of its column's type one of Exit::data.
FittedTable fit_table(const TableParts& parts, std::span<const int64_t> rows);

[[noreturn]] void fail_cell(const TableParts& parts, int64_t row, int64_t column, const std::string& expected,
                            std::string_view found, std::string help);

}  // namespace dl
