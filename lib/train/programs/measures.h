// What losses and metrics keep of the batches: sums as one range on the device, which programs add to and which is read
// once a record, and rows on the host.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lib/device/program.h"
#include "lib/nn/metric.h"

namespace dl {

// By the owner's name, "loss" or "accuracy".
using Measures = std::map<std::string, Kept>;
Measures& operator+=(Measures& measures, const Measures& other);

// Where each sum lies in the range, and which outputs of the programs are rows.
struct MeasureLayout {
  struct Sum {
    std::string owner, name;
    int64_t offset = 0, count = 0;
    bool operator==(const Sum&) const = default;
  };
  struct Rows {
    std::string owner, name;
    std::string output;  // of the programs
    bool operator==(const Rows&) const = default;
  };
  std::vector<Sum> sums;
  std::vector<Rows> rows;
  int64_t elements = 0;
  bool operator==(const MeasureLayout&) const = default;
};

// Collects what is kept while a graph is built.
class MeasuresGraph final : public Keep {
 public:
  // With the layout of all that a run keeps, this graph keeps a part of it, in its places there.
  explicit MeasuresGraph(Graph& g, const MeasureLayout* all = nullptr) : graph_(g), all_(all) {}
  void of(std::string owner) { owner_ = std::move(owner); }  // of what is kept from now on
  void sum(const std::string& name, Value value) override;
  void collect(const std::string& name, Value value) override;
  // Adds the sums to those of this use of the programs, which are kept to about 48 bits: in a variable and another with
  // what its rounding left.
  MeasureLayout add_up(bool training);

 private:
  Graph& graph_;
  const MeasureLayout* all_;
  std::string owner_;
  std::vector<Value> parts_;
  std::vector<int64_t> offsets_;
  MeasureLayout layout_;
};

// The measures of one use of the programs: training, or evaluation.
class Tally {
 public:
  Tally(Store& store, bool training) : store_(store), training_(training) {}

  void clear(const MeasureLayout& layout);
  // Takes the rows of the batch that the program has just run, as far as it gives them.
  void after(const Program& program, const MeasureLayout& layout);
  // All since the last take(), which begins anew; peek() leaves it as it is.
  Measures take(const MeasureLayout& layout);
  Measures peek(const MeasureLayout& layout) const;

  // Of a checkpoint: the device's sums as they are kept there, to the bit, and the rows.
  struct Sum {
    std::string owner, name;
    std::vector<float> values, rest;  // what their rounding left
  };
  std::vector<Sum> sums(const MeasureLayout& layout) const;
  void put_back(const MeasureLayout& layout, const Sum& sum);
  Measures& rows() { return rows_; }

 private:
  Store& store_;
  bool training_;
  Measures rows_;  // that wait for take()
  std::vector<float> buffer_;
};

// What a checkpoint keeps of measures: measures.safetensors, docs/file-formats.md. By the names of owners, so that a
// run that goes on with other metrics keeps those that it still has.
struct SavedMeasures {
  Measures interval, epoch;  // since the last record, since the epoch began
  std::vector<Tally::Sum> sums;
  Measures rows;
};
void write_measures(const SavedMeasures& saved, const std::function<void(const void* data, size_t bytes)>& append);
SavedMeasures read_measures(const std::filesystem::path& file);

}  // namespace dl
