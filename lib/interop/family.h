// Families of networks as other libraries save them, a folder with config.json and weights: what such a network is as a
// config of ours, and where each of its tensors lies there. A family is a file of YAML, configs/families/NAME.yaml.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/interop/weights/weights_table.h"
#include "lib/spec/node.h"
#include "lib/spec/schema.h"

namespace dl {

// Where the values of a tensor come from. `*` stands for the same in its name and theirs, several in their order.
struct FamilyTensor {
  std::vector<std::string> from;  // several are put one behind the other along the first axis
  std::vector<int64_t> axes;      // of theirs in the order of ours: [1, 0] for a transposed matrix
  std::string add_row;            // a matrix whose first row is added to every row; empty: none
  std::vector<int64_t> blocks;    // of the first axis, in the order of ours: gates of recurrent layers
  std::optional<int64_t> row;     // this one of the first axis alone
  bool reshaped = false;          // ours has other sizes for as many elements
  std::optional<double> all;      // it has no counterpart there: every element is this
  void describe(Schema& s);
};

// A network of another library. Its tensors are named by patterns of ours, or as ours are.
struct FamilyNetwork {
  std::string architecture;  // "GPT2LMHeadModel"
  Node config;               // of a run
  std::string prefix;        // that their names may have: "transformer."
  std::vector<std::string> ignore;
  std::map<std::string, FamilyTensor> tensors;  // by the patterns of ours
  std::vector<std::string> left_out;            // of how it was trained, in words
  std::vector<std::string> notes;               // how its file was understood, a line each
};

// Reads config.json. A folder without one, a family or architecture that is not known, and settings that the family's
// file does not know are an Error(Exit::usage) or (Exit::data) that says what is.
FamilyNetwork read_family_folder(const std::filesystem::path& folder);

// Takes tensors of ours out of a file of theirs.
class FamilyWeights {
 public:
  FamilyWeights(const FamilyNetwork& network, const WeightsTable& table) : network_(network), table_(table) {}

  // The values of ours, in its elements' order. Tensors that are not there and other shapes are an Error(Exit::data).
  std::vector<float> values(const std::string& name, const Shape& shape);
  // Those of the file that nothing was taken from, but for what is never weights.
  std::vector<std::string> left() const;

 private:
  const std::string& name_there(const std::string& name) const;
  std::vector<float> read(const std::string& name, Shape& shape);
  std::vector<float> row_of(const std::string& name, const std::vector<float>& values, Shape& shape, int64_t row) const;
  std::vector<float> reordered(const std::string& name, const std::vector<float>& values, const Shape& shape,
                               const std::vector<int64_t>& blocks) const;

  const FamilyNetwork& network_;
  const WeightsTable& table_;
  std::set<std::string> taken_;
};

}  // namespace dl
