// Values of Parquet's columns as cells of a table.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

#include "lib/data/table/parquet_meta.h"

namespace dl {

// The text of a value, given as its bytes (ParquetValues): numbers in the fewest digits that tell them, NaN as a
// missing cell, dates as 2024-02-29, times as 13:00:00, both as 2024-02-29T13:00:00, with what there is of a second
// behind a point. Throws ParquetError where it is no text.
std::string parquet_cell(std::string_view value, const ParquetColumn& column);

}  // namespace dl
