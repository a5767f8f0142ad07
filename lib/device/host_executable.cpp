// Kernels one after another.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/host_executable.h"

#include <algorithm>
#include <chrono>

#include "lib/device/layout.h"

namespace dl {
namespace {

class HostExecutable final : public Executable {
 public:
  HostExecutable(const Layout& layout, Device& device)
      : layout_(layout),
        device_(device),
        bases_(layout.places.size()),
        calls_(layout.calls.size()),
        inputs_(layout.inputs.size()),
        results_(static_cast<size_t>(layout.results * Layout::result_bytes)) {
    const auto constants = static_cast<int64_t>(layout.constants.size()) * Layout::result_bytes;
    own_bytes_ = constants + static_cast<int64_t>(results_.size());
    if (own_bytes_ > 0) own_ = static_cast<std::byte*>(device.allocate(own_bytes_));
    for (size_t i = 0; i < layout.constants.size(); ++i)
      device.copy_in(constant(static_cast<int>(i)), &layout.constants[i], sizeof(float));
    own_results_ = own_ + constants;
    for (size_t c = 0; c < calls_.size(); ++c) {
      const Call& call = layout.calls[c];
      calls_[c].in.resize(call.in.size());
      calls_[c].out.resize(call.out.size());
      for (size_t k = 0; k < call.in.size(); ++k)
        if (const Place& place = place_of(call.in[k]); place.kind == Place::Kind::input)
          inputs_[static_cast<size_t>(place.index)].reads.push_back({&calls_[c].in[k], call.in[k].offset});
    }
    for (size_t p = 0; p < layout.places.size(); ++p)
      if (layout.places[p].kind == Place::Kind::input)
        inputs_[static_cast<size_t>(layout.places[p].index)].base = &bases_[p];
  }
  ~HostExecutable() override {
    if (own_) device_.release(own_, own_bytes_);
  }
  HostExecutable(const HostExecutable&) = delete;
  HostExecutable& operator=(const HostExecutable&) = delete;

  void place(void* arena, std::span<void* const> variables) override {
    for (size_t p = 0; p < bases_.size(); ++p) {
      const Place& place = layout_.places[p];
      switch (place.kind) {
        case Place::Kind::arena: bases_[p] = static_cast<std::byte*>(arena) + offset_in_arena(place); break;
        case Place::Kind::variable:
          bases_[p] = static_cast<std::byte*>(variables[static_cast<size_t>(place.index)]);
          break;
        case Place::Kind::input: break;  // by feed()
        case Place::Kind::constant: bases_[p] = constant(place.index); break;
        case Place::Kind::result: bases_[p] = own_results_ + place.index * Layout::result_bytes; break;
      }
    }
    for (size_t c = 0; c < calls_.size(); ++c) {
      const Call& call = layout_.calls[c];
      for (size_t k = 0; k < call.in.size(); ++k) calls_[c].in[k] = at(call.in[k]);
      for (size_t k = 0; k < call.out.size(); ++k) calls_[c].out[k] = at(call.out[k]);
      calls_[c].scratch = call.scratch_place >= 0 ? bases_[static_cast<size_t>(call.scratch_place)] : nullptr;
    }
  }

  void feed(int input, const void* host) override {
    const InputReads& in = inputs_[static_cast<size_t>(input)];
    auto* data = static_cast<std::byte*>(const_cast<void*>(host));
    if (*in.base == data) return;
    *in.base = data;
    for (const auto& [pointer, offset] : in.reads) *pointer = data + offset;
  }

  void launch(bool timed) override {
    results_are_here_ = false;
    if (timed) {
      run_timed();
    } else {
      for (size_t c = 0; c < calls_.size(); ++c) run(c);
    }
    for (const Layout::Copy& copy : layout_.copies) device_.copy(at(copy.to), at(copy.from), copy.bytes);
  }
  void wait() override {}

  const std::byte* results() override {
    if (!results_are_here_ && !results_.empty())
      device_.copy_out(results_.data(), own_results_, static_cast<int64_t>(results_.size()));
    results_are_here_ = true;
    return results_.data();
  }
  void read(const Address& from, void* host, int64_t bytes) override { device_.copy_out(host, at(from), bytes); }
  std::vector<KernelTime> times() override { return times_; }

 private:
  // A call's operands.
  struct Pointers {
    std::vector<void*> in, out;
    void* scratch = nullptr;
  };
  // Where the pointer to an input is kept.
  struct InputReads {
    struct Read {
      void** pointer;
      int64_t offset;
    };
    std::byte** base = nullptr;
    std::vector<Read> reads;
  };

  const Place& place_of(const Address& a) const { return layout_.places[static_cast<size_t>(a.place)]; }
  std::byte* at(const Address& a) const { return bases_[static_cast<size_t>(a.place)] + a.offset; }
  std::byte* constant(int index) const { return own_ + index * Layout::result_bytes; }

  int64_t offset_in_arena(const Place& place) const {
    int64_t offset = place.offset;
    for (const Place* p = &place; p->parent >= 0;) {
      p = &layout_.places[static_cast<size_t>(p->parent)];
      offset += p->offset;
    }
    return offset;
  }

  void run(size_t c) {
    const Pointers& operands = calls_[c];
    layout_.calls[c].kernel->run(operands.in, operands.out, operands.scratch);
  }

  void run_timed() {
    using Clock = std::chrono::steady_clock;
    const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
    times_.resize(calls_.size());
    const Clock::time_point begin = Clock::now();
    for (size_t c = 0; c < calls_.size(); ++c) {
      const Clock::time_point start = Clock::now();
      run(c);
      times_[c] = {.begin_s = seconds(start - begin), .seconds = seconds(Clock::now() - start)};
    }
  }

  const Layout& layout_;
  Device& device_;
  std::vector<std::byte*> bases_;  // of the places
  std::vector<Pointers> calls_;
  std::vector<InputReads> inputs_;
  std::byte *own_ = nullptr, *own_results_ = nullptr;  // memory of the device: the constants, then the results
  int64_t own_bytes_ = 0;
  std::vector<std::byte> results_;
  bool results_are_here_ = false;
  std::vector<KernelTime> times_;
};

}  // namespace

std::unique_ptr<Executable> make_host_executable(const Layout& layout, Device& device) {
  return std::make_unique<HostExecutable>(layout, device);
}

}  // namespace dl
