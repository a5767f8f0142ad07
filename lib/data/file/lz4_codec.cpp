// LZ4's frames through its library.
// SPDX-License-Identifier: Apache-2.0
#include <lz4frame.h>

#include "lib/data/file/block_codec.h"

namespace dl {
namespace {

class Lz4Codec final : public BlockCodec {
 public:
  std::string_view name() const override { return "lz4_frame"; }
  uint64_t most_expansion() const override { return 256; }  // a byte more of a match's length is 255 bytes
  bool decode(std::string_view in, std::span<char> out) const override {
    LZ4F_dctx* context = nullptr;
    if (LZ4F_isError(::LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) return false;
    size_t made = out.size(), read = in.size();
    const size_t left = ::LZ4F_decompress(context, out.data(), &made, in.data(), &read, nullptr);
    ::LZ4F_freeDecompressionContext(context);
    return left == 0 && made == out.size() && read == in.size();
  }
};
DL_BLOCK_CODEC(Lz4Codec);

}  // namespace
}  // namespace dl
