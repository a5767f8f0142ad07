// Rows of the table of operations as lines of Python that are in files of their own.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/interop/code/expressions.h"

namespace dl::code {

// Gives each output of the step an expression.
using Row = void (*)(Expressions&, const Step&);

void write_map(Expressions& w, const Step& step);
void write_convolution(Expressions& w, const Step& step);
void write_max_pool(Expressions& w, const Step& step);
void write_avg_pool(Expressions& w, const Step& step);
void write_attention(Expressions& w, const Step& step);
void write_recurrent(Expressions& w, const Step& step);
void write_batch_normalization(Expressions& w, const Step& step);
void write_layer_normalization(Expressions& w, const Step& step);
void write_softmax(Expressions& w, const Step& step);
void write_log_softmax(Expressions& w, const Step& step);
void write_relu(Expressions& w, const Step& step);

}  // namespace dl::code
