// Codecs of blocks whose size is known before they are decompressed, as tables in columns have them. They register
// themselves; one whose library is not built is not there.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dl {

class BlockCodec {
 public:
  virtual ~BlockCodec() = default;
  virtual std::string_view name() const = 0;
  // The most bytes that one of its bytes stands for: a block that is said to hold more is broken.
  virtual uint64_t most_expansion() const = 0;
  // Whether the block was whole and filled `out`, no more and no less.
  virtual bool decode(std::string_view in, std::span<char> out) const = 0;
  // The same bytes as a block; none where blocks of this codec are not written.
  virtual std::optional<std::string> encode(std::string_view /*in*/) const { return {}; }
};

// Adds a codec; it lives as long as the program.
bool add_block_codec(const BlockCodec& codec);
const BlockCodec* block_codec(std::string_view name);  // null where there is none

}  // namespace dl

#define DL_BLOCK_CODEC(Type)    \
  static const Type the_##Type; \
  [[maybe_unused]] static const bool Type##_added = ::dl::add_block_codec(the_##Type)
