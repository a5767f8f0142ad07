// Reading the directory at the archive's end, and members through zlib.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/file/zip.h"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>

#include "lib/base/error.h"
#include "lib/data/file/byte_source.h"

namespace dl {
namespace {

constexpr uint32_t local_signature = 0x04034B50, central_signature = 0x02014B50, end_signature = 0x06054B50,
                   end64_signature = 0x06064B50, locator64_signature = 0x07064B50;
constexpr uint64_t local_bytes = 30, central_bytes = 46, end_bytes = 22, end64_bytes = 56, locator64_bytes = 20;
constexpr uint64_t most_directory_bytes = uint64_t{64} << 20;
constexpr size_t packed_piece_bytes = 256 << 10;

[[noreturn]] void fail(const InputFile& file, std::string what, std::string help = "get the file again") {
  throw Error(Exit::data,
              Problem{.where = {.file = file.path().string()}, .what = std::move(what), .help = std::move(help)});
}

// Little-endian numbers of a block of the file.
class ZipBlock {
 public:
  ZipBlock(const InputFile& file, uint64_t at, uint64_t bytes) : bytes_(static_cast<size_t>(bytes)) {
    if (at > file.size_bytes() || bytes > file.size_bytes() - at)
      fail(file,
           concat("expected ", bytes, " bytes of the zip archive at byte ", at, ", the file has ", file.size_bytes()));
    file.read(at, bytes_.data(), bytes_.size());
  }
  uint64_t number(uint64_t at, int bytes) const {
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; --i) value = value << 8 | bytes_[static_cast<size_t>(at) + static_cast<size_t>(i)];
    return value;
  }
  std::string text(uint64_t at, uint64_t bytes) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + at, static_cast<size_t>(bytes)};
  }
  uint64_t size() const { return bytes_.size(); }

 private:
  std::vector<unsigned char> bytes_;
};

struct Directory {
  uint64_t at, bytes, members;
};

Directory find_directory(const InputFile& file) {
  const uint64_t tail_bytes = std::min<uint64_t>(file.size_bytes(), end_bytes + 0xFFFF);
  const ZipBlock tail(file, file.size_bytes() - tail_bytes, tail_bytes);
  for (uint64_t i = tail_bytes < end_bytes ? 0 : tail_bytes - end_bytes + 1; i-- > 0;) {
    if (tail.number(i, 4) != end_signature) continue;
    const Directory found{tail.number(i + 16, 4), tail.number(i + 12, 4), tail.number(i + 10, 2)};
    const uint64_t end = file.size_bytes() - tail_bytes + i;
    if (end < locator64_bytes) return found;
    const ZipBlock locator(file, end - locator64_bytes, locator64_bytes);
    if (locator.number(0, 4) != locator64_signature) return found;
    const ZipBlock end64(file, locator.number(8, 8), end64_bytes);
    if (end64.number(0, 4) != end64_signature) fail(file, "expected the zip64 record that the archive's end names");
    return {end64.number(48, 8), end64.number(40, 8), end64.number(32, 8)};
  }
  fail(file, "expected a zip archive, found none");
}

// Sizes and place as zip64's extra field gives them, in this order, where the record has all bits set.
void read_extra64(const InputFile& file, const ZipBlock& block, uint64_t at, uint64_t end, ZipMember& member) {
  while (end - at >= 4) {
    const uint64_t id = block.number(at, 2), bytes = block.number(at + 2, 2);
    at += 4;
    if (bytes > end - at)
      fail(file, concat("zip member '", member.name, "': its extra field is longer than its record"));
    if (id == 1) {
      uint64_t left = bytes, from = at;
      for (uint64_t* value : {&member.bytes, &member.packed_bytes, &member.header}) {
        if (*value != 0xFFFFFFFF) continue;
        if (left < 8) fail(file, concat("zip member '", member.name, "': its zip64 sizes are missing"));
        *value = block.number(from, 8);
        from += 8;
        left -= 8;
      }
    }
    at += bytes;
  }
}

}  // namespace

std::vector<ZipMember> read_zip(const InputFile& file) {
  const Directory directory = find_directory(file);
  if (directory.bytes > most_directory_bytes)
    fail(file, concat("expected a zip directory of at most ", most_directory_bytes, " bytes, found ", directory.bytes));
  const ZipBlock block(file, directory.at, directory.bytes);
  std::vector<ZipMember> members;
  uint64_t at = 0;
  for (uint64_t i = 0; i < directory.members; ++i) {
    if (block.size() - at < central_bytes || block.number(at, 4) != central_signature)
      fail(file, concat("expected ", directory.members, " members in the zip directory, found ", i));
    const uint64_t name = block.number(at + 28, 2), extra = block.number(at + 30, 2),
                   comment = block.number(at + 32, 2);
    const uint64_t method = block.number(at + 10, 2), flags = block.number(at + 8, 2);
    if (block.size() - at - central_bytes < name + extra + comment)
      fail(file, concat("expected ", directory.members, " members in the zip directory, found ", i));
    ZipMember member{.name = block.text(at + central_bytes, name),
                     .deflated = method == Z_DEFLATED,
                     .crc32 = static_cast<uint32_t>(block.number(at + 16, 4)),
                     .packed_bytes = block.number(at + 20, 4),
                     .bytes = block.number(at + 24, 4),
                     .header = block.number(at + 42, 4)};
    if ((method != 0 && method != Z_DEFLATED) || flags & 1)
      fail(file, concat("zip member '", member.name,
                        "': expected it stored or deflated and not encrypted, found method ", method));
    read_extra64(file, block, at + central_bytes + name, at + central_bytes + name + extra, member);
    const bool fits =
        member.packed_bytes <= file.size_bytes() &&
        (member.deflated ? member.bytes / deflate_ratio <= member.packed_bytes : member.bytes == member.packed_bytes);
    if (!fits)
      fail(file, concat("zip member '", member.name, "': ", member.packed_bytes, " bytes cannot hold the ",
                        member.bytes, " that the directory says"));
    members.push_back(std::move(member));
    at += central_bytes + name + extra + comment;
  }
  return members;
}

uint64_t zip_data(const InputFile& file, const ZipMember& member) {
  const ZipBlock header(file, member.header, local_bytes);
  if (header.number(0, 4) != local_signature)
    fail(file, concat("zip member '", member.name, "': expected its header at byte ", member.header));
  const uint64_t begin = member.header + local_bytes + header.number(26, 2) + header.number(28, 2);
  if (begin > file.size_bytes() || member.packed_bytes > file.size_bytes() - begin)
    fail(file, concat("zip member '", member.name, "': expected ", member.packed_bytes, " bytes at byte ", begin,
                      ", the file has ", file.size_bytes()));
  return begin;
}

std::unique_ptr<std::byte[]> unzip(const InputFile& file, const ZipMember& member, ZipSum wanted_sum) {
  uint64_t at = zip_data(file, member), left = member.packed_bytes, done = 0;
  const uint64_t machine =
      static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  if (member.bytes > machine)
    fail(file, concat("zip member '", member.name, "': it takes ", member.bytes, " bytes, the machine has ", machine),
         "save it uncompressed");
  auto inflated = std::make_unique_for_overwrite<std::byte[]>(member.bytes);
  auto* out = reinterpret_cast<unsigned char*>(inflated.get());
  if (member.deflated) {
    z_stream z{};
    DL_CHECK(::inflateInit2(&z, -15) == Z_OK, "inflateInit2");
    const std::unique_ptr<z_stream, int (*)(z_stream*)> ending(&z, &::inflateEnd);
    std::vector<unsigned char> input(packed_piece_bytes);
    int status = Z_OK;
    while (status == Z_OK) {
      if (z.avail_in == 0 && left > 0) {
        const auto piece = static_cast<size_t>(std::min<uint64_t>(left, packed_piece_bytes));
        file.read(at, input.data(), piece);
        at += piece;
        left -= piece;
        z.next_in = input.data();
        z.avail_in = static_cast<uInt>(piece);
      }
      const auto room = static_cast<uInt>(std::min<uint64_t>(member.bytes - done, 1 << 30));
      z.next_out = out + done;
      z.avail_out = room;
      status = ::inflate(&z, Z_NO_FLUSH);
      done += room - z.avail_out;
    }
    if (status != Z_STREAM_END || done != member.bytes)
      fail(file, concat("zip member '", member.name, "': broken after ", done, " of ", member.bytes, " bytes"));
  } else {
    file.read(at, out, static_cast<size_t>(member.bytes));
  }
  if (wanted_sum == ZipSum::ignored) return inflated;
  uLong sum = 0;
  for (uint64_t i = 0; i < member.bytes; i += 1 << 30)
    sum = ::crc32(sum, out + i, static_cast<uInt>(std::min<uint64_t>(member.bytes - i, 1 << 30)));
  if (sum != member.crc32)
    fail(file, concat("zip member '", member.name, "': its check sum does not match its contents"));
  return inflated;
}

std::string unzip_start(const InputFile& file, const ZipMember& member, size_t bytes) {
  const uint64_t at = zip_data(file, member);
  std::string start(static_cast<size_t>(std::min<uint64_t>(bytes, member.bytes)), '\0');
  if (!member.deflated) {
    file.read(at, start.data(), start.size());
    return start;
  }
  std::vector<unsigned char> input(static_cast<size_t>(std::min<uint64_t>(member.packed_bytes, bytes + 1024)));
  file.read(at, input.data(), input.size());
  z_stream z{};
  DL_CHECK(::inflateInit2(&z, -15) == Z_OK, "inflateInit2");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> ending(&z, &::inflateEnd);
  z.next_in = input.data();
  z.avail_in = static_cast<uInt>(input.size());
  z.next_out = reinterpret_cast<Bytef*>(start.data());
  z.avail_out = static_cast<uInt>(start.size());
  ::inflate(&z, Z_SYNC_FLUSH);
  start.resize(start.size() - z.avail_out);
  return start;
}

}  // namespace dl
