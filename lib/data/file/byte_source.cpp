// Reading with zlib in pieces, so that no more memory is taken than the caller's and one buffer.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/file/byte_source.h"

#include <zlib.h>

#include <algorithm>
#include <vector>

#include "lib/base/error.h"

namespace dl {
namespace {

constexpr size_t piece_bytes = 256 << 10;  // of the file, and of output between two steps of the hash

}  // namespace

struct ByteSource::Inflater {
  z_stream stream{};
  std::vector<unsigned char> input;
  bool ended = false;  // of the last member
  Inflater() : input(piece_bytes) {
    DL_CHECK(::inflateInit2(&stream, 15 + 16) == Z_OK, "inflateInit2: ", stream.msg ? stream.msg : "");
  }
  ~Inflater() { ::inflateEnd(&stream); }
};

ByteSource::ByteSource(std::filesystem::path path) : file_(std::move(path)) {
  unsigned char magic[2]{};
  if (file_.size_bytes() >= sizeof magic) file_.read(0, magic, sizeof magic);
  if (magic[0] == 0x1F && magic[1] == 0x8B) inflater_ = std::make_unique<Inflater>();
}

ByteSource::~ByteSource() = default;

uint64_t ByteSource::most_bytes() const { return file_.size_bytes() * (compressed() ? deflate_ratio : 1); }

size_t ByteSource::read(void* into, size_t bytes) {
  unsigned char* to = static_cast<unsigned char*>(into);
  size_t done = 0;
  while (done < bytes) {
    size_t piece = std::min(bytes - done, piece_bytes);
    if (compressed()) {
      piece = inflate(to + done, piece);
    } else {
      piece = static_cast<size_t>(std::min<uint64_t>(piece, file_.size_bytes() - at_));
      file_.read(at_, to + done, piece);
      at_ += piece;
    }
    if (piece == 0) break;
    hash_.append(to + done, piece);
    done += piece;
  }
  return done;
}

size_t ByteSource::inflate(unsigned char* into, size_t bytes) {
  z_stream& z = inflater_->stream;
  z.next_out = into;
  z.avail_out = static_cast<uInt>(bytes);
  while (z.avail_out > 0) {
    if (z.avail_in == 0) {
      const size_t piece = static_cast<size_t>(std::min<uint64_t>(piece_bytes, file_.size_bytes() - at_));
      if (piece == 0) {
        if (inflater_->ended) break;
        throw Error(
            Exit::data,
            Problem{.where = {.file = path().string()},
                    .what = concat("expected the end of the gzip data, the file ends before it, after ", at_, " bytes"),
                    .help = "get the file again: it is cut short"});
      }
      file_.read(at_, inflater_->input.data(), piece);
      at_ += piece;
      z.next_in = inflater_->input.data();
      z.avail_in = static_cast<uInt>(piece);
    }
    if (inflater_->ended) {  // another member follows, as `cat a.gz b.gz` makes them
      ::inflateReset(&z);
      inflater_->ended = false;
    }
    const int status = ::inflate(&z, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      inflater_->ended = true;
    } else if (status != Z_OK) {
      throw Error(Exit::data, Problem{.where = {.file = path().string()},
                                      .what = concat("gzip data broken before byte ", at_ - z.avail_in, ": ",
                                                     z.msg ? z.msg : "no progress"),
                                      .help = "get the file again"});
    }
  }
  return bytes - z.avail_out;
}

}  // namespace dl
