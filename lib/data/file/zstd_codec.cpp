// Zstandard's frames through its library.
// SPDX-License-Identifier: Apache-2.0
#include <zstd.h>

#include "lib/data/file/block_codec.h"

namespace dl {
namespace {

class ZstdCodec final : public BlockCodec {
 public:
  std::string_view name() const override { return "zstd"; }
  uint64_t most_expansion() const override { return uint64_t{1} << 15; }  // a block of 128 KiB has four bytes at least
  bool decode(std::string_view in, std::span<char> out) const override {
    return ::ZSTD_decompress(out.data(), out.size(), in.data(), in.size()) == out.size();
  }
};
DL_BLOCK_CODEC(ZstdCodec);

}  // namespace
}  // namespace dl
