// A Parquet file of flat columns as a table (github.com/apache/parquet-format): none, snappy, gzip or zstd.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "lib/data/table/table_text.h"

namespace dl {

// Reads all of it. `reads`: whether the column of that name is wanted; the cells of others are empty, and not decoded.
// What is not whole, of another codec or encoding, and a column of lists or structures that is wanted, are an
// Error(Exit::data) that names the column.
std::shared_ptr<const TableText> read_parquet(const std::filesystem::path& path,
                                              const std::function<bool(const std::string& column)>& reads);

}  // namespace dl
