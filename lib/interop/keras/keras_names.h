// Names in Keras's files, and ours that are made of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace dl::keras {

// As the paths of weights have a class: "MultiHeadAttention" is "multi_head_attention", "Conv2DTranspose"
// "conv2d_transpose", "ReLU" "re_lu".
std::string snake_case(const std::string& name);

// So of what stands by its name or as an object of a class, as losses and optimizers do; "" of anything else.
std::string snake_case_name_of(const nlohmann::json& named);

// An item of a config by the name of a layer and which of its calls it is, behind `scope`, the beginning of all names
// there. No input or target is called so.
std::string item_name(const std::string& scope, const std::string& layer, int64_t call);

}  // namespace dl::keras
