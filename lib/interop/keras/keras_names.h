// Names in Keras's files.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace dl::keras {

// As the paths of weights have a class: "MultiHeadAttention" is "multi_head_attention", "Conv2DTranspose"
// "conv2d_transpose", "ReLU" "re_lu".
std::string snake_case(const std::string& name);

}  // namespace dl::keras
