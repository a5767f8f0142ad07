// A graph laid out for one device: kernels in order over one planned arena.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <concepts>
#include <map>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
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
  void allocate();  // the memory of all variables that are known; Error(Exit::failed) where the machine refuses it
  bool has(const std::string& name) const { return variables_.contains(name); }
  const Variable& description(const std::string& name) const;
  std::vector<Variable> variables() const;  // in the order of creation
  std::vector<Variable> of_role(Role role) const;
  // The elements as f32; those of a bf16 variable are converted, on the way in to the nearest.
  std::vector<float> read(const std::string& name);
  void write(const std::string& name, const float* values, int64_t count);  // all of them
  // Elements [begin, begin + count), as f32, or in the type that they are kept in.
  void read_part(const std::string& name, int64_t begin, int64_t count, float* into);
  void read_kept(const std::string& name, int64_t begin, int64_t count, void* into);
  void write_kept(const std::string& name, int64_t begin, int64_t count, const void* values);
  // Those from `begin` on; threads may write different elements of what is allocated at the same time.
  void write_part(const std::string& name, int64_t begin, const float* values, int64_t count);

  // On the device, without a way through the host.
  void zero(const std::string& name);
  void copy(const std::string& to, const std::string& from);  // of the same type

  // Programs made from here on only read most variables, as those of a trained network do: their kernels may keep what
  // they make of those, at the price of about as much memory as the weights take.
  void expect_no_changes() { expects_no_changes_ = true; }
  bool expects_no_changes() const { return expects_no_changes_; }
  // Counts what was written to a variable; where it lies stays the same.
  const int64_t& changes(const std::string& name) const;

  int64_t arena_bytes() const { return arena_bytes_; }
  // Fills the activations' memory with NaN, so that an element that no kernel writes shows: for tests.
  void spoil_arena(int64_t bytes);
  int64_t variable_bytes() const;  // of all that are known; ShapeError where 64 bits do not count them

 private:
  struct Entry {
    Variable variable;
    void* data = nullptr;
    int order = 0;
    int64_t changes = 0;
  };
  friend class Program;
  Entry& entry(const std::string& name);
  void* data(const std::string& name);  // on the device
  void changed(const std::string& name) { ++entry(name).changes; }
  void* arena(int64_t bytes);  // at least this large; may move, so programs ask before each run

  Device& device_;
  std::map<std::string, Entry> variables_;
  void* arena_ = nullptr;
  int64_t arena_bytes_ = 0;
  bool expects_no_changes_ = false;
};

// The options with those that the device decides.
PassOptions passes_for(Device& device, PassOptions options);

// One of a program's inputs or outputs, found by its name once; none where `index` is below 0.
struct Slot {
  int index = -1;
  explicit operator bool() const { return index >= 0; }
};

// What numbers in memory of the host are as a program's.
template <class T>
constexpr DType dtype_of() {
  using Number = std::remove_cv_t<T>;
  if constexpr (std::same_as<Number, float>) return DType::f32;
  if constexpr (std::same_as<Number, int32_t>) return DType::i32;
  if constexpr (std::same_as<Number, uint8_t>) return DType::u8;
  if constexpr (std::same_as<Number, uint16_t>) return DType::bf16;
}

// Each run takes every input anew: feed() them all, run(), read(). Names, types and sizes are checked. feed(), run()
// and read() of slots look no name up and take no heap memory but at the first run.
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

  // None where the graph has no such input, or nothing that it gives depends on it.
  Slot input(const std::string& name) const;
  bool has_input(const std::string& name) const { return bool(input(name)); }
  const Type& input_type(const std::string& name) const;
  bool has_output(const std::string& name) const;
  // A failed check where there is no such output.
  Slot output(const std::string& name) const;
  const Type& output_type(const std::string& name) const;

  // What the input is to be in the next run: as many numbers as its type has, of its type. They are to be 64-byte
  // aligned, as HostMemory is, and to stay as they are until that run() or launch() has returned. While a launch is at
  // work the inputs of the next may be fed.
  template <std::ranges::contiguous_range Numbers>
  void feed(Slot input, const Numbers& numbers) {
    using T = std::ranges::range_value_t<Numbers>;
    const void* data = std::ranges::data(numbers);
    const auto count = static_cast<int64_t>(std::ranges::size(numbers));
    if constexpr (std::same_as<T, std::byte>)
      feed_bytes(input, data, count);
    else
      feed_numbers(input, data, dtype_of<T>(), count);
  }
  template <std::ranges::contiguous_range Numbers>
  void feed(const std::string& input, const Numbers& numbers) {
    feed(known_input(input), numbers);
  }

  void run() {
    launch();
    wait();
  }
  void launch();  // begins a run
  // Until it is done; with `before` 1, the run before it. Error where a kernel found numbers that make no sense, as an
  // index outside its table; what the run has computed is of no use then.
  void wait(int before = 0);
  int64_t launches() const;  // until now
  void run_timed();          // as run(), with the time of each kernel

  // Elements of an output of the last run, from `first` on, as many as there is room for. Valid until the next run of
  // any program of the store.
  template <std::ranges::contiguous_range Numbers>
  void read(Slot output, Numbers&& into, int64_t first = 0) const {
    read_numbers(output, std::ranges::data(into), dtype_of<std::ranges::range_value_t<Numbers>>(), first,
                 static_cast<int64_t>(std::ranges::size(into)));
  }
  template <std::ranges::contiguous_range Numbers>
  void read(const std::string& output, Numbers&& into, int64_t first = 0) const {
    read(this->output(output), into, first);
  }
  std::vector<float> read(const std::string& output) const;  // the whole of an f32 output

  // The outputs of one f32, in the order of the graph, of the last run or the one before it. They are read from the
  // device all at once.
  std::vector<std::string> scalar_names() const;
  void read_scalars(std::span<float> into) const;
  float scalar(Slot output, int before = 0) const;
  float scalar(const std::string& output, int before = 0) const { return scalar(this->output(output), before); }

  int64_t arena_bytes() const;
  double flops() const;
  struct KernelCall {  // for profiles and `check --graph`
    std::string op, attributes, scope;
    std::string way;  // Kernel::way(), of now
    Phase phase = Phase::forward;
    std::vector<Type> inputs, outputs;
    double loop_flops = 0;            // of cost.flops: those of a fused loop, the rest are the operation's own
    Cost cost;                        // of a pack: only of the parts that are not computed where they belong
    double begin_s = 0, seconds = 0;  // in the last timed run, from its start
  };
  std::vector<KernelCall> kernel_calls() const;

 private:
  struct Impl;
  Slot known_input(const std::string& name) const;
  void feed_numbers(Slot input, const void* data, DType type, int64_t count);
  void feed_bytes(Slot input, const void* data, int64_t bytes);
  void read_numbers(Slot output, void* into, DType type, int64_t first, int64_t count) const;
  explicit Program(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dl
