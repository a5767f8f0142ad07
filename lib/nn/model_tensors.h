// The tensors of a model: what of it is saved, and where its parameters lie in one flat range.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/graph/ops.h"
#include "lib/nn/initializer.h"

namespace dl {

// A tensor of the model that is saved: a part of the variable "parameters", or (buffers) a variable of its own.
struct Tensor {
  std::string path;  // "0.weight", "layer1.0.conv1.weight", "1.running_mean"
  Shape shape;
  bool trained = true;  // false: a buffer
  int64_t offset = 0;   // elements into "parameters"; 0 for a buffer, whose variable has the path's name
  std::string layer;    // registered name of its layer, "conv2d"
  std::shared_ptr<const Initializer> initial;
  int64_t number = 0;  // of a parameter: how many layers asked for before it, however they are arranged
};

// Where the average of that name of the parameters has that of a buffer.
inline Variable average_of(const Tensor& buffer, const std::string& average) {
  return {average + "/" + buffer.path, {DType::f32, buffer.shape}, Role::average_of_buffer};
}
// The path of the buffer that such a variable is an average of.
inline std::string averaged_buffer(const Variable& average) { return average.name.substr(average.name.find('/') + 1); }

// Those of a network, while its layers ask for them and afterwards.
class ModelTensors {
 public:
  // In the order that layers ask for them; each path once.
  void add_parameter(const std::string& path, const Shape& shape, const std::string& layer,
                     std::shared_ptr<const Initializer> initial);
  void add_buffer(const std::string& path, const Shape& shape, const std::string& layer,
                  std::shared_ptr<const Initializer> initial);
  // What a layer calls a tensor of another, by 'tie' or 'share': "head.weight", and the path that the tensor has.
  void add_other_name(const std::string& name, const std::string& path) { other_names_.emplace_back(name, path); }
  void complete();  // once all have been added

  // Lays the parameters out anew, see Network::arrange().
  void arrange(const std::function<size_t(const Tensor&)>& group);

  const Tensor* parameter(const std::string& path) const;  // null where there is none
  const Tensor* buffer(const std::string& path) const;
  const std::vector<Tensor>& parameters() const { return parameters_; }  // in the arena's order
  const std::vector<Tensor>& all() const { return all_; }                // these, then buffers
  const std::vector<std::pair<std::string, std::string>>& other_names() const { return other_names_; }
  Variable flat() const { return {"parameters", {DType::f32, {arena_}}, Role::parameter}; }
  int64_t arena_elements() const { return arena_; }   // gaps included
  int64_t parameter_count() const { return count_; }  // without gaps

 private:
  std::vector<Tensor> parameters_, buffers_, all_;
  std::map<std::string, size_t> index_;  // by path, into parameters_
  int64_t arena_ = 0, count_ = 0;
  std::vector<std::pair<std::string, std::string>> other_names_;
};

}  // namespace dl
