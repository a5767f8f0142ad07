// A graph laid out for one device: kernels in order over one planned arena.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/device/device.h"
#include "lib/graph/graph.h"
#include "lib/graph/passes.h"

namespace dl {

// Memory that outlives a step and is shared by all programs of a run: variables by name, and the activations' arena,
// which is as large as the largest program needs.
class Store {
 public:
  explicit Store(Device& device) : device_(device) {}
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Device& device() { return device_; }
  // Makes the variable known, if it is not; a different type is a failed check. Its memory, zeroed, is taken when it is
  // first written, read or run with, so that planning takes none.
  void declare(const Variable& v);
  // Where the variable is. Error(Exit::failed) where the machine refuses the memory.
  void* data(const std::string& name);
  void allocate();  // the memory of all variables that are known
  bool has(const std::string& name) const { return variables_.contains(name); }
  const Variable& description(const std::string& name) const;
  std::vector<Variable> variables() const;  // in the order of creation
  // The elements as f32; those of a bf16 variable are converted, on the way in to the nearest.
  std::vector<float> read(const std::string& name);
  void write(const std::string& name, const float* values, int64_t count);  // all of them
  // Elements [begin, begin + count), as f32, or in the type that they are kept in.
  void read_part(const std::string& name, int64_t begin, int64_t count, float* into);
  void read_kept(const std::string& name, int64_t begin, int64_t count, void* into);
  // Those from `begin` on; threads may write different elements of what is allocated at the same time.
  void write_part(const std::string& name, int64_t begin, const float* values, int64_t count);

  void* arena(int64_t bytes);  // at least this large; may move, so programs ask before each run
  int64_t arena_bytes() const { return arena_bytes_; }
  int64_t variable_bytes() const;  // of all that are known; ShapeError where 64 bits do not count them

 private:
  struct Entry {
    Variable variable;
    void* data = nullptr;
    int order = 0;
  };
  Device& device_;
  std::map<std::string, Entry> variables_;
  void* arena_ = nullptr;
  int64_t arena_bytes_ = 0;
};

// The options with those that the device decides.
PassOptions passes_for(Device& device, PassOptions options);

class Program {
 public:
  // Runs the passes, compiles every operation and plans memory, of which it takes none: the first run does. The graph
  // is not needed afterwards.
  Program(const Graph& graph, Store& store, const PassOptions& options = {});
  // The same of a graph after the passes.
  static std::unique_ptr<Program> laid_out(const Graph& graph, Store& store);
  ~Program();
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;

  // The memory an input is read from at each run until it is bound again: contiguous, 64-byte aligned, of the input's
  // type.
  void bind(const std::string& input, const void* data);
  bool has_input(const std::string& name) const;
  Type input_type(const std::string& name) const;
  void run();
  // A scalar output of the last run.
  float scalar(const std::string& output) const;
  // An output of the last run, as it lies in memory; valid until the next run of any program of the store.
  const void* output(const std::string& name) const;
  Type output_type(const std::string& name) const;

  int64_t arena_bytes() const;
  double flops() const;
  struct Step {  // one kernel call, for profiles and `check --graph`
    std::string op, attributes, scope;
    Phase phase = Phase::forward;
    std::vector<Type> inputs, outputs;
    double loop_flops = 0;            // of cost.flops: those of a fused loop, the rest are the operation's own
    Cost cost;                        // of a pack: only of the parts that are not computed where they belong
    double begin_s = 0, seconds = 0;  // in the last timed run, from its start
  };
  std::vector<Step> steps() const;
  void run_timed();  // as run(), with the time of each kernel

 private:
  struct Impl;
  explicit Program(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dl
