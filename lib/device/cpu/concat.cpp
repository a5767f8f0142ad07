// Concatenation and slices on the CPU: rows of bytes, divided over the team.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "lib/device/cpu/cpu.h"
#include "lib/device/moves.h"

namespace dl {
namespace {

class CopyRows final : public Kernel {
 public:
  CopyRows(RowParts rows, CpuDevice& device) : parts_(std::move(rows.parts)), rows_(rows.rows), device_(device) {
    int64_t bytes = 0;
    for (const RowPart& part : parts_) bytes += part.bytes * rows_;
    threads_ = bytes < least_bytes ? 1 : device.team().size();
  }

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    const auto copy = [&](int thread) {
      const Range mine = split(rows_, threads_, thread);
      for (int64_t row = mine.begin; row < mine.end; ++row) {
        for (size_t k = 0; k < parts_.size(); ++k) {
          const RowPart& part = parts_[k];
          const char* from = static_cast<const char*>(in[k]) + part.from + row * part.from_step;
          std::copy_n(from, part.bytes, static_cast<char*>(out[0]) + part.to + row * part.to_step);
        }
      }
    };
    threads_ == 1 ? copy(0) : device_.team().run(copy);
  }

 private:
  static constexpr int64_t least_bytes = 64 << 10;  // below, one thread is done before another wakes
  const std::vector<RowPart> parts_;
  const int64_t rows_;
  CpuDevice& device_;
  int threads_ = 1;
};

std::unique_ptr<Kernel> make_concat(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                    CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<CopyRows>(rows_of_concat(dynamic_cast<const Concat&>(op), inputs, outputs[0]), device);
}

std::unique_ptr<Kernel> make_slice(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                   CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<CopyRows>(rows_of_slice(dynamic_cast<const Slice&>(op), inputs[0], outputs[0]), device);
}

DL_CPU_KERNEL("concat", make_concat);
DL_CPU_KERNEL("slice", make_slice);

}  // namespace
}  // namespace dl
