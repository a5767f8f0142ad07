// How each operation and each whole is written in ONNX: one table, over all of them that a network's evaluation has.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string_view>

#include "lib/interop/onnx/writer.h"

namespace dl::onnx {

// Writes nodes of opset 17, and holds the step's outputs.
using Row = void (*)(Writer&, const Step&);

const std::map<std::string_view, Row>& rows();

void write_convolution(Writer& w, const Step& step);
void write_transposed_convolution(Writer& w, const Step& step);
void write_biased_convolution(Writer& w, const Step& step);
void write_max_pool(Writer& w, const Step& step);
void write_avg_pool(Writer& w, const Step& step);
void write_attention(Writer& w, const Step& step);
void write_recurrent(Writer& w, const Step& step);
void write_map(Writer& w, const Step& step);

}  // namespace dl::onnx
