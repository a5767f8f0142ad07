// Concatenation and slices on the CPU: rows of bytes, divided over the team.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/concat.h"

#include <algorithm>

#include "lib/device/cpu/cpu.h"

namespace dl {
namespace {

// `rows` rows of bytes from one tensor into another, whose rows may be longer: what a part of either operation is.
struct Rows {
  int64_t bytes = 0;  // of a row
  int64_t from_step = 0, to_step = 0;
  int64_t from = 0, to = 0;  // where the first row begins
};

class CopyRows final : public Kernel {
 public:
  CopyRows(std::vector<Rows> parts, int64_t rows, CpuDevice& device)
      : parts_(std::move(parts)), rows_(rows), device_(device) {
    int64_t bytes = 0;
    for (const Rows& part : parts_) bytes += part.bytes * rows;
    threads_ = bytes < least_bytes ? 1 : device.team().size();
  }

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    const auto copy = [&](int thread) {
      const Range mine = split(rows_, threads_, thread);
      for (int64_t row = mine.begin; row < mine.end; ++row) {
        for (size_t k = 0; k < parts_.size(); ++k) {
          const Rows& part = parts_[k];
          const char* from = static_cast<const char*>(in[k]) + part.from + row * part.from_step;
          std::copy_n(from, part.bytes, static_cast<char*>(out[0]) + part.to + row * part.to_step);
        }
      }
    };
    threads_ == 1 ? copy(0) : device_.team().run(copy);
  }

 private:
  static constexpr int64_t least_bytes = 64 << 10;  // below, one thread is done before another wakes
  const std::vector<Rows> parts_;
  const int64_t rows_;
  CpuDevice& device_;
  int threads_ = 1;
};

int64_t rows_of(const Type& type, int axis) {
  int64_t rows = 1;
  for (int i = 0; i < axis; ++i) rows *= type.shape[i];
  return rows;
}

std::unique_ptr<Kernel> make_concat(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                    CpuDevice& device, std::unique_ptr<LoopRunner>) {
  const int64_t rows = rows_of(outputs[0], dynamic_cast<const Concat&>(op).axis);
  const int64_t whole = outputs[0].bytes() / std::max<int64_t>(rows, 1);
  std::vector<Rows> parts;
  int64_t to = 0;
  for (const Type& part : inputs) {
    const int64_t bytes = part.bytes() / std::max<int64_t>(rows, 1);
    parts.push_back({.bytes = bytes, .from_step = bytes, .to_step = whole, .to = to});
    to += bytes;
  }
  return std::make_unique<CopyRows>(std::move(parts), rows, device);
}

std::unique_ptr<Kernel> make_slice(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                   CpuDevice& device, std::unique_ptr<LoopRunner>) {
  const Slice& slice = dynamic_cast<const Slice&>(op);
  const int64_t rows = rows_of(outputs[0], slice.axis);
  const int64_t whole = inputs[0].bytes() / std::max<int64_t>(rows, 1);
  const int64_t bytes = outputs[0].bytes() / std::max<int64_t>(rows, 1);
  const Rows part{
      .bytes = bytes, .from_step = whole, .to_step = bytes, .from = whole / inputs[0].shape[slice.axis] * slice.begin};
  return std::make_unique<CopyRows>(std::vector<Rows>{part}, rows, device);
}

DL_CPU_KERNEL("concat", make_concat);
DL_CPU_KERNEL("slice", make_slice);

}  // namespace
}  // namespace dl
