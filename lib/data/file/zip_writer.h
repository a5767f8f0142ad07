// Writing zip archives of stored members (PKWARE's APPNOTE 6.3, with zip64 where a size needs it), piece by piece.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dl {

class ZipWriter {
 public:
  using Append = std::function<void(const void* data, size_t bytes)>;

  // The archive goes to `append`; each member's contents begin at a multiple of 64, as PyTorch's do.
  explicit ZipWriter(Append append) : append_(std::move(append)) {}

  void add(const std::string& name, std::string_view contents);
  // `write` gives exactly `bytes` bytes, in pieces, and is called twice: for their sum, which stands before them, and
  // for themselves.
  void add(const std::string& name, uint64_t bytes, const std::function<void(const Append& append)>& write);
  void finish();  // the directory; nothing follows it

 private:
  void emit(const std::string& bytes);

  Append append_;
  uint64_t at_ = 0;
  std::string directory_;
  uint64_t members_ = 0;
};

}  // namespace dl
