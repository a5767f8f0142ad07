// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html in PKWARE's APPNOTE 6.3.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/npz.h"

#include <zlib.h>

#include "lib/base/error.h"
#include "lib/base/file.h"

namespace dl {
namespace {

void put(std::string& to, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>(number >> (8 * i) & 255);
}

std::string npy(const NpzArray& array) {
  std::string sizes;
  for (const int64_t n : array.shape.sizes()) sizes += concat(n, ", ");
  if (array.shape.rank() > 1) sizes.resize(sizes.size() - 2);
  std::string header = concat("{'descr': '", array.type, "', 'fortran_order': False, 'shape': (", sizes, "), }");
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string out("\x93NUMPY\x01\0", 8);
  put(out, header.size(), 2);
  return out + header + array.bytes;
}

// What local headers and the directory both say of a member.
std::string description(const std::string& data) {
  std::string out;
  put(out, 20, 2);          // version needed
  put(out, 0x0800, 2);      // names are UTF-8
  put(out, 0, 2);           // stored
  put(out, 0x00210000, 4);  // 1980-01-01
  put(out, crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size()), 4);
  put(out, data.size(), 4);
  put(out, data.size(), 4);
  return out;
}

}  // namespace

void write_npz(const std::filesystem::path& path, const std::vector<NpzArray>& arrays) {
  AtomicFile file(path);
  std::string directory;
  uint64_t at = 0;
  for (const NpzArray& array : arrays) {
    const std::string name = array.name + ".npy", data = npy(array), described = description(data);
    std::string local;
    put(local, 0x04034b50, 4);
    local += described;
    put(local, name.size(), 2);
    put(local, 0, 2);
    local += name;
    put(directory, 0x02014b50, 4);
    put(directory, 20, 2);
    directory += described;
    put(directory, name.size(), 2);
    put(directory, 0, 12);  // no extra field, no comment, first disk, attributes
    put(directory, at, 4);
    directory += name;
    file.append(local);
    file.append(data);
    at += local.size() + data.size();
    DL_CHECK(at < uint64_t{1} << 32, "an archive of ", at, " bytes");
  }
  std::string end;
  put(end, 0x06054b50, 4);
  put(end, 0, 4);
  put(end, arrays.size(), 2);
  put(end, arrays.size(), 2);
  put(end, directory.size(), 4);
  put(end, at, 4);
  put(end, 0, 2);
  file.append(directory);
  file.append(end);
  file.commit();
}

}  // namespace dl
