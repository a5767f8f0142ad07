// Snappy's blocks through its library.
// SPDX-License-Identifier: Apache-2.0
#include <snappy-c.h>

#include "lib/data/file/block_codec.h"

namespace dl {
namespace {

class SnappyCodec final : public BlockCodec {
 public:
  std::string_view name() const override { return "snappy"; }
  uint64_t most_expansion() const override { return 64; }  // a copy of 64 bytes has two at least
  bool decode(std::string_view in, std::span<char> out) const override {
    size_t size = 0;
    return ::snappy_uncompressed_length(in.data(), in.size(), &size) == SNAPPY_OK && size == out.size() &&
           ::snappy_uncompress(in.data(), in.size(), out.data(), &size) == SNAPPY_OK;
  }
  std::optional<std::string> encode(std::string_view in) const override {
    std::string out(::snappy_max_compressed_length(in.size()), '\0');
    size_t size = out.size();
    if (::snappy_compress(in.data(), in.size(), out.data(), &size) != SNAPPY_OK) return {};
    out.resize(size);
    return out;
  }
};
DL_BLOCK_CODEC(SnappyCodec);

}  // namespace
}  // namespace dl
