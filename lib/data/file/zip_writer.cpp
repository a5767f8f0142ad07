// Headers before the members, a directory behind them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/file/zip_writer.h"

#include <zlib.h>

#include <algorithm>

#include "lib/base/error.h"

namespace dl {
namespace {

constexpr uint64_t alignment = 64, no_room32 = 0xFFFFFFFF, no_room16 = 0xFFFF;
constexpr uint64_t local_header_bytes = 30, extra_head_bytes = 4;
constexpr uint16_t version = 45;  // zip64
constexpr uint16_t utf8_names = 0x0800;
constexpr uint16_t first_day = 0x21;  // 1 January 1980: the same tensors give the same bytes

void put(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i, value >>= 8) out.push_back(static_cast<char>(value));
}

uint32_t sum_of(uint64_t bytes, const std::function<void(const ZipWriter::Append&)>& write) {
  uLong sum = 0;
  uint64_t given = 0;
  write([&](const void* data, size_t n) {
    given += n;
    for (size_t done = 0; done < n; done += 1 << 30)
      sum =
          ::crc32(sum, static_cast<const Bytef*>(data) + done, static_cast<uInt>(std::min<size_t>(n - done, 1 << 30)));
  });
  DL_CHECK(given == bytes, given, " bytes of ", bytes);
  return static_cast<uint32_t>(sum);
}

// What local and central headers have in common, from the version needed on to the length of the name.
std::string common_header(uint32_t sum, uint64_t bytes, size_t name_bytes) {
  std::string out;
  put(out, version, 2);
  put(out, utf8_names, 2);
  put(out, 0, 2);  // stored
  put(out, 0, 2);
  put(out, first_day, 2);
  put(out, sum, 4);
  for (int i = 0; i < 2; ++i) put(out, std::min(bytes, no_room32), 4);
  put(out, name_bytes, 2);
  return out;
}

// An extra field of zip64 with the values for which there is no room elsewhere.
std::string extra64(std::initializer_list<uint64_t> values) {
  std::string out;
  put(out, 1, 2);
  put(out, 8 * values.size(), 2);
  for (const uint64_t value : values) put(out, value, 8);
  return out;
}

}  // namespace

void ZipWriter::emit(const std::string& bytes) {
  append_(bytes.data(), bytes.size());
  at_ += bytes.size();
}

void ZipWriter::add(const std::string& name, std::string_view contents) {
  add(name, contents.size(), [&](const Append& append) { append(contents.data(), contents.size()); });
}

void ZipWriter::add(const std::string& name, uint64_t bytes, const std::function<void(const Append& append)>& write) {
  const uint32_t sum = sum_of(bytes, write);
  const uint64_t header_at = at_;
  std::string extra = bytes >= no_room32 ? extra64({bytes, bytes}) : "";
  const uint64_t contents_at = at_ + local_header_bytes + name.size() + extra.size() + extra_head_bytes;
  const uint64_t padding = (alignment - contents_at % alignment) % alignment;
  put(extra, 'F' | 'B' << 8, 2);  // as PyTorch names it
  put(extra, padding, 2);
  extra.append(padding, 'Z');

  std::string header = "PK\x03\x04" + common_header(sum, bytes, name.size());
  put(header, extra.size(), 2);
  emit(header + name + extra);
  write(append_);
  at_ += bytes;

  std::string central_extra;
  if (bytes >= no_room32 && header_at >= no_room32)
    central_extra = extra64({bytes, bytes, header_at});
  else if (bytes >= no_room32)
    central_extra = extra64({bytes, bytes});
  else if (header_at >= no_room32)
    central_extra = extra64({header_at});
  directory_ += "PK\x01\x02";
  put(directory_, version, 2);
  directory_ += common_header(sum, bytes, name.size());
  put(directory_, central_extra.size(), 2);
  put(directory_, 0, 2 + 2 + 2 + 4);  // comment, disk, attributes
  put(directory_, std::min(header_at, no_room32), 4);
  directory_ += name + central_extra;
  ++members_;
}

void ZipWriter::finish() {
  const uint64_t directory_at = at_;
  emit(directory_);
  if (members_ >= no_room16 || directory_at >= no_room32 || directory_.size() >= no_room32) {
    const uint64_t end64_at = at_;
    std::string end64 = "PK\x06\x06";
    put(end64, 44, 8);
    put(end64, version, 2);
    put(end64, version, 2);
    put(end64, 0, 8);  // disks
    put(end64, members_, 8);
    put(end64, members_, 8);
    put(end64, directory_.size(), 8);
    put(end64, directory_at, 8);
    end64 += "PK\x06\x07";
    put(end64, 0, 4);
    put(end64, end64_at, 8);
    put(end64, 1, 4);
    emit(end64);
  }
  std::string end = "PK\x05\x06";
  put(end, 0, 4);
  for (int i = 0; i < 2; ++i) put(end, std::min(members_, no_room16), 2);
  put(end, std::min<uint64_t>(directory_.size(), no_room32), 4);
  put(end, std::min(directory_at, no_room32), 4);
  put(end, 0, 2);
  emit(end);
}

}  // namespace dl
