// The codecs there are, and gzip's through zlib.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/file/block_codec.h"

#include <zlib.h>

#include <limits>
#include <map>
#include <string>

#include "lib/data/file/byte_source.h"

namespace dl {
namespace {

std::map<std::string, const BlockCodec*, std::less<>>& block_codecs() {
  static std::map<std::string, const BlockCodec*, std::less<>> all;
  return all;
}

class GzipCodec final : public BlockCodec {
 public:
  std::string_view name() const override { return "gzip"; }
  uint64_t most_expansion() const override { return deflate_ratio; }
  bool decode(std::string_view in, std::span<char> out) const override {
    constexpr size_t most = std::numeric_limits<uInt>::max();
    if (in.size() > most || out.size() > most) return false;
    z_stream z{};
    if (::inflateInit2(&z, 15 + 32) != Z_OK) return false;  // gzip's header or zlib's
    z.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
    z.avail_in = static_cast<uInt>(in.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    const int status = ::inflate(&z, Z_FINISH);
    ::inflateEnd(&z);
    return status == Z_STREAM_END && z.avail_out == 0;
  }
};
DL_BLOCK_CODEC(GzipCodec);

}  // namespace

bool add_block_codec(const BlockCodec& codec) { return block_codecs().emplace(codec.name(), &codec).second; }

const BlockCodec* block_codec(std::string_view name) {
  const auto found = block_codecs().find(name);
  return found == block_codecs().end() ? nullptr : found->second;
}

}  // namespace dl
