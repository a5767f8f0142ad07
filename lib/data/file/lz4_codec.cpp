// LZ4's frames and blocks through its library.
// SPDX-License-Identifier: Apache-2.0
#include <lz4.h>
#include <lz4frame.h>

#include <limits>

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

// A block without a frame, as Parquet has them.
class Lz4RawCodec final : public BlockCodec {
 public:
  std::string_view name() const override { return "lz4_raw"; }
  uint64_t most_expansion() const override { return 256; }
  bool decode(std::string_view in, std::span<char> out) const override {
    constexpr size_t most = std::numeric_limits<int>::max();
    if (in.size() > most || out.size() > most) return false;
    const auto size = static_cast<int>(out.size());
    return ::LZ4_decompress_safe(in.data(), out.data(), static_cast<int>(in.size()), size) == size;
  }
};
DL_BLOCK_CODEC(Lz4RawCodec);

}  // namespace
}  // namespace dl
