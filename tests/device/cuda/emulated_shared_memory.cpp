// Reads and writes of shared memory, and the races among them.
// SPDX-License-Identifier: Apache-2.0
#include "tests/device/cuda/emulated_shared_memory.h"

#include "lib/base/error.h"

namespace dl::cuda {
namespace {

// Whether a barrier, or for threads of one warp sync_warp, lies between an access and what `who` does now.
template <class Access>
bool ordered_after(const Access& access, const Accessor& who) {
  if (access.epoch != who.epoch || (access.thread == who.thread && !access.several)) return true;
  return access.warp == who.warp && access.warp_epoch < who.warp_epoch;
}

}  // namespace

void SharedMemory::reset(int64_t bytes) {
  values_.assign(static_cast<size_t>(bytes), 0xFF);
  bytes_.assign(values_.size(), Byte{});
}

void SharedMemory::touch(int64_t first, int size, bool write, const Accessor& who) {
  const auto fail = [&](const std::string& what) { block_.undefined(what.c_str()); };
  if (first < 0 || first + size > static_cast<int64_t>(values_.size())) fail("shared memory past its end");
  if (first % size != 0) fail("an access to shared memory that is not aligned");
  for (int64_t at = first; at < first + size; ++at) {
    Byte& byte = bytes_[static_cast<size_t>(at)];
    if (!ordered_after(byte.written, who))
      fail(concat("a race at byte ", at, " of shared memory with thread ", byte.written.thread, ", which writes"));
    if (write && !ordered_after(byte.read, who))
      fail(concat("a race at byte ", at, " of shared memory with thread ", byte.read.thread, ", which reads"));
    if (!write && byte.written.thread < 0) fail(concat("a read of shared memory that nothing wrote, at byte ", at));
    Access now{who};
    if (write) {
      byte.written = now;
    } else {
      if (byte.read.epoch == who.epoch) {
        now.several = byte.read.several || byte.read.thread != who.thread;
        if (byte.read.warp != who.warp) now.warp = -2;
      }
      byte.read = now;
    }
  }
}

void SharedMemory::read(int64_t byte, void* to, int size, const Accessor& who) {
  touch(byte, size, false, who);
  std::memcpy(to, values_.data() + byte, static_cast<size_t>(size));
}

void SharedMemory::write(int64_t byte, const void* from, int size, const Accessor& who) {
  touch(byte, size, true, who);
  std::memcpy(values_.data() + byte, from, static_cast<size_t>(size));
}

void SharedMemory::begin_write(int64_t byte, int size, const Accessor& who) const {
  if (byte % size != 0) block_.undefined("a copy that is not aligned");
  if (byte < 0 || byte + size > static_cast<int64_t>(values_.size())) block_.undefined("shared memory past its end");
  for (int64_t at = byte; at < byte + size; ++at) {
    const Byte& last = bytes_[static_cast<size_t>(at)];
    if (!ordered_after(last.written, who) || !ordered_after(last.read, who))
      block_.undefined(concat("a race at byte ", at, " of shared memory, to which a copy begins").c_str());
  }
}

}  // namespace dl::cuda
