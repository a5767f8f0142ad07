// The columns that the schema of an Arrow file describes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lib/data/table/flat_buffer.h"
#include "lib/data/table/parquet_meta.h"

namespace dl {

// How the values of a column lie. They become cells as Parquet's do. `views`: texts that are where each says, in one
// of several buffers or beside its length; `nested`: what is no cell.
enum class ArrowLayout : uint8_t { nothing, bits, numbers, texts, large_texts, views, nested };

struct ArrowColumn {
  std::string name, type;  // as messages are told: "lists"
  ArrowLayout layout = ArrowLayout::nested;
  int64_t width = 0;  // bytes of a number
  bool is_signed = true;
  ParquetColumn value;    // what becomes of a number, widened to the bytes that it says
  bool is_index = false;  // of a dictionary; the layout is then that of its numbers
  int64_t dictionary = 0;
  int64_t own_buffers = 2;  // of nested ones
  std::vector<ArrowColumn> children;
};

// `described` counts them: parts that lie in each other in circles have no end. Throws FlatBufferError.
ArrowColumn describe_column(const FlatTable& field, int depth, int64_t& described);

}  // namespace dl
