// Launching a program: uploads, kernels, results.
//
// What is fed is copied to a staging buffer on a stream of its own, beside the launch before; a launch copies it from
// there to where the kernels read it. So the memory fed is free again when the launch returns, and the staging buffer
// when the launch's first copies are done. The first launch runs the kernels one by one, so that libraries may make
// what they need; from the second on they are one graph, captured once for the memory at hand. Results go to pinned
// memory behind it, those of one launch and of the next to different places, so that the host may read the one while
// the other is at work.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/executable.h"

#include <algorithm>
#include <optional>

#include "lib/base/division.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/handles.h"
#include "lib/device/cuda/room.h"
#include "lib/device/layout.h"
#include "lib/device/operands.h"

namespace dl::cuda {
namespace {

constexpr int64_t alignment = 256;

class CudaExecutable final : public Executable {
 public:
  CudaExecutable(const Layout& layout, CudaDevice& device);
  ~CudaExecutable() override;
  CudaExecutable(const CudaExecutable&) = delete;
  CudaExecutable& operator=(const CudaExecutable&) = delete;

  void place(void* arena, std::span<void* const> variables) override;
  void feed(int input, const void* host) override;
  void launch(bool timed) override;
  void wait(int before) override { driver_.wait(done_[turn_of(before)].get()); }
  const std::byte* results(int before) override {
    return results_.data() + static_cast<int64_t>(turn_of(before)) * result_bytes_;
  }
  void read(const Address& from, void* host, int64_t bytes) override {
    device_.copy_out(host, operands_.at(from), bytes);
  }
  std::vector<KernelTime> times() override;

 private:
  struct Input {
    std::byte *place = nullptr, *staging = nullptr;
    int64_t bytes = 0;
    bool fed = false;
  };

  void take_inputs();
  void run_kernels();
  void run_timed();
  void capture();
  void end_of_step();
  size_t turn_of(int before) const { return turn_ ^ static_cast<size_t>(before); }

  const Layout& layout_;
  CudaDevice& device_;
  Driver& driver_;
  Operands operands_;
  const int64_t own_bytes_, result_bytes_;
  std::optional<Room> room_;
  std::byte* own_ = nullptr;  // of it: constants, results, the inputs' places, their staging buffers
  HostMemory results_;        // pinned, for two launches
  std::vector<Input> inputs_;
  Owned<Stream> uploads_;
  Owned<Event> uploaded_, taken_, done_[2];
  size_t turn_ = 0;  // of the last launch
  Owned<CapturedGraph> graph_;
  bool ran_ = false;  // since its memory was placed
  bool taking_ = false;
  std::vector<Owned<Event>> marks_;  // before each call, and after the last
};

CudaExecutable::CudaExecutable(const Layout& layout, CudaDevice& device)
    : layout_(layout),
      device_(device),
      driver_(device.driver()),
      operands_(layout),
      own_bytes_(Operands::own_bytes(layout)),
      result_bytes_(layout.results * Layout::result_bytes),
      inputs_(layout.inputs.size()),
      uploads_(driver_, driver_.make_stream()),
      uploaded_(driver_, driver_.make_event(false)),
      taken_(driver_, driver_.make_event(false)),
      done_{{driver_, driver_.make_event(false)}, {driver_, driver_.make_event(false)}} {
  int64_t all_bytes = round_up(std::max<int64_t>(own_bytes_, 1), alignment);
  for (size_t i = 0; i < inputs_.size(); ++i) {
    inputs_[i].bytes = layout.inputs[i].type.bytes();
    all_bytes += 2 * round_up(std::max<int64_t>(inputs_[i].bytes, 1), alignment);
  }
  own_ = room_.emplace(device, all_bytes).data();
  std::byte* next = own_ + round_up(std::max<int64_t>(own_bytes_, 1), alignment);
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const int64_t bytes = round_up(std::max<int64_t>(inputs_[i].bytes, 1), alignment);
    inputs_[i].place = next;
    inputs_[i].staging = next + bytes;
    next += 2 * bytes;
    operands_.place_input(static_cast<int>(i), inputs_[i].place);
  }
  for (size_t i = 0; i < layout.constants.size(); ++i)
    device.copy_in(own_ + static_cast<int64_t>(i) * Layout::result_bytes, &layout.constants[i], sizeof(float));
  driver_.wait(device.stream());  // the memory is cleared before uploads, on another stream, begin
  if (result_bytes_ > 0) results_ = HostMemory(device, 2 * result_bytes_);
}

CudaExecutable::~CudaExecutable() {
  try {  // nothing may use the memory any longer
    driver_.wait(uploads_.get());
    driver_.wait(device_.stream());
  } catch (const std::exception&) {  // it was told already to who waited for the launch
  }
}

void CudaExecutable::place(void* arena, std::span<void* const> variables) {
  operands_.place(arena, variables, own_);
  graph_ = {};
  ran_ = false;
}

void CudaExecutable::feed(int input, const void* host) {
  Input& in = inputs_[static_cast<size_t>(input)];
  if (taking_) driver_.wait_in(uploads_.get(), taken_.get());
  taking_ = false;
  driver_.copy_in(in.staging, host, in.bytes, uploads_.get());
  in.fed = true;
}

// After it returns what was fed is no longer read.
void CudaExecutable::take_inputs() {
  if (std::ranges::none_of(inputs_, &Input::fed)) return;
  driver_.record(uploaded_.get(), uploads_.get());
  driver_.wait_in(device_.stream(), uploaded_.get());
  for (Input& in : inputs_) {
    if (in.fed) driver_.copy(in.place, in.staging, in.bytes, device_.stream());
    in.fed = false;
  }
  driver_.record(taken_.get(), device_.stream());
  taking_ = true;
  driver_.wait(uploaded_.get());
}

void CudaExecutable::run_kernels() {
  for (size_t c = 0; c < layout_.calls.size(); ++c) {
    const Operands::Of& operands = operands_.of(c);
    layout_.calls[c].kernel->run(operands.in, operands.out, operands.scratch);
  }
}

void CudaExecutable::run_timed() {
  while (marks_.size() <= layout_.calls.size()) marks_.emplace_back(driver_, driver_.make_event(true));
  for (size_t c = 0; c < layout_.calls.size(); ++c) {
    driver_.record(marks_[c].get(), device_.stream());
    const Operands::Of& operands = operands_.of(c);
    layout_.calls[c].kernel->run(operands.in, operands.out, operands.scratch);
  }
  driver_.record(marks_.back().get(), device_.stream());
}

// The copies at the layout's end.
void CudaExecutable::end_of_step() {
  for (const Layout::Copy& copy : layout_.copies)
    driver_.copy(operands_.at(copy.to), operands_.at(copy.from), copy.bytes, device_.stream());
}

// Where a kernel refuses, the stream is of use for others again.
void CudaExecutable::capture() {
  driver_.begin_capture(device_.stream());
  try {
    run_kernels();
    end_of_step();
  } catch (const std::exception&) {
    try {
      driver_.release(driver_.end_capture(device_.stream()));
    } catch (const Error&) {
    }
    throw;
  }
  graph_ = Owned<CapturedGraph>(driver_, driver_.end_capture(device_.stream()));
}

void CudaExecutable::launch(bool timed) {
  driver_.make_current();
  take_inputs();
  if (timed || !ran_) {
    timed ? run_timed() : run_kernels();
    end_of_step();
    ran_ = true;
  } else {
    if (!graph_) capture();
    driver_.launch(graph_.get(), device_.stream());
  }
  turn_ = 1 - turn_;
  if (result_bytes_ > 0)
    driver_.copy_out(results_.data() + static_cast<int64_t>(turn_) * result_bytes_, own_ + own_bytes_ - result_bytes_,
                     result_bytes_, device_.stream());
  driver_.record(done_[turn_].get(), device_.stream());
}

std::vector<KernelTime> CudaExecutable::times() {
  if (marks_.empty()) return {};
  std::vector<KernelTime> times(layout_.calls.size());
  for (size_t c = 0; c < times.size(); ++c) {
    times[c].begin_s = driver_.seconds(marks_.front().get(), marks_[c].get());
    times[c].seconds = driver_.seconds(marks_[c].get(), marks_[c + 1].get());
  }
  return times;
}

}  // namespace

std::unique_ptr<Executable> make_executable(const Layout& layout, CudaDevice& device) {
  return std::make_unique<CudaExecutable>(layout, device);
}

}  // namespace dl::cuda
