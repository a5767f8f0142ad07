// A file of Arrow's IPC format of flat columns as a table (arrow.apache.org, "Columnar format"): a stream of messages,
// or a file of them, which is Feather's second version; none, lz4 or zstd.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "lib/data/table/table_text.h"

namespace dl {

// Reads all of it. `reads`: whether the column of that name is wanted; the cells of others are empty. What is not
// whole, compressed otherwise, and a column of lists, structures or bytes that is wanted, are an Error(Exit::data) that
// names the column.
std::shared_ptr<const TableText> read_arrow(const std::filesystem::path& path,
                                            const std::function<bool(const std::string& column)>& reads);

}  // namespace dl
