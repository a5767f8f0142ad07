// Keras's layers as https://keras.io/api/layers groups them, a table a group, and what several groups make theirs with.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/interop/keras/keras_layers.h"

namespace dl::keras {

const LayerTable& activation_layers();
const LayerTable& attention_layers();
const LayerTable& convolution_layers();
const LayerTable& core_layers();
const LayerTable& merging_layers();
const LayerTable& normalization_layers();
const LayerTable& pooling_layers();
const LayerTable& preprocessing_layers();
const LayerTable& recurrent_layers();
const LayerTable& regularization_layers();
const LayerTable& reshaping_layers();

// A truth value as YAML.
inline std::string yes(bool flag) { return flag ? "true" : "false"; }
// A variable whose axes stand in another order.
inline FamilyTensor axes(std::vector<int64_t> order) { return {.axes = std::move(order)}; }

// The layer of the activation that a setting says by its name, or by a layer without weights; "" of none.
std::string activation_at(const Settings& s, const char* key);
// … that the setting 'activation' says, behind what is made.
void add_activation(Made& made, const Settings& s);
// The bias, where 'use_bias' says so.
void add_bias(Made& made, const Settings& s, const std::string& ours = "bias", const std::string& number = "1");
// That it is along the last axis.
void need_last_axis(const Settings& s);
// What a layer within this one could not be taken for, said of this one.
void refuse_all(const Settings& s, const std::vector<std::string>& problems_within);

}  // namespace dl::keras
