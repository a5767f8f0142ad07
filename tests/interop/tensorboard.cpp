// TFRecord's records and TensorBoard's events.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <protozero/pbf_reader.hpp>

#include "lib/base/crc32c.h"
#include "lib/data/file/tfrecord.h"
#include "lib/interop/tensorboard_event.h"

using namespace dl;

namespace {

std::string hex(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) {
    constexpr const char* digits = "0123456789abcdef";
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[c & 15];
  }
  return out;
}

// The first field of that number below a message, which must be there.
protozero::pbf_reader below(protozero::pbf_reader message, protozero::pbf_tag_type tag) {
  REQUIRE(message.next(tag));
  return message.get_message();
}

}  // namespace

TEST_CASE("crc32c is that of RFC 3720") {
  CHECK(crc32c("123456789") == 0xE3069283u);
  CHECK(crc32c("") == 0u);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAu);
  CHECK(crc32c(std::string(32, '\xFF')) == 0x62A8AB43u);
  for (size_t length = 0; length < 40; ++length) {  // of all remainders of the words that it is computed by
    uint32_t crc = ~0u;
    const std::string bytes(length, 'a');
    for (const char c : bytes) {
      crc ^= static_cast<unsigned char>(c);
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    CHECK(crc32c(bytes) == ~crc);
  }
}

TEST_CASE("a TFRecord is as TensorFlow writes it") {
  // tf.io.TFRecordWriter of TensorFlow 2.21.0 given b"hello".
  CHECK(hex(tfrecord("hello")) == "0500000000000000eab2043e68656c6c6fbb1f1c19");
  const std::string file = tfrecord("one") + tfrecord("") + tfrecord("three");
  CHECK(whole_tfrecords(file) == file.size());
  for (size_t cut = 0; cut < file.size(); ++cut) {
    const size_t two = tfrecord("one").size(), three = two + tfrecord("").size();
    CHECK(whole_tfrecords(file.substr(0, cut)) == (cut < two ? 0 : cut < three ? two : three));
  }
  CHECK(whole_tfrecords(std::string(12, '\xFF') + "more than four") == 0);  // a length beyond all
}

TEST_CASE("an event of numbers has its step and tags") {
  const tensorboard::Scalar scalars[] = {{"val/loss", 0.5}, {"lr", NAN}};
  const std::string bytes = tensorboard::scalars(12.5, 7, scalars);
  protozero::pbf_reader event(bytes);
  REQUIRE(event.next(1));
  CHECK(event.get_double() == 12.5);
  REQUIRE(event.next(2));
  CHECK(event.get_int64() == 7);
  REQUIRE(event.next(5));
  protozero::pbf_reader summary = event.get_message();
  REQUIRE(summary.next(1));
  protozero::pbf_reader value = summary.get_message();
  REQUIRE(value.next(1));
  CHECK(value.get_string() == "val/loss");
  REQUIRE(value.next(2));
  CHECK(value.get_float() == 0.5f);
  REQUIRE(summary.next(1));
  value = summary.get_message();
  REQUIRE(value.next(2));
  CHECK(std::isnan(value.get_float()));
  CHECK(!summary.next());
}

TEST_CASE("a histogram counts every finite value once, in buckets that hold it") {
  const float inf = std::numeric_limits<float>::infinity();
  const float values[] = {0, 0, 1, 1.05f, -3, 1e-20f, 3e38f, -3e38f, NAN, inf};
  const std::string bytes = tensorboard::histogram(0, 1, "w", values);
  protozero::pbf_reader histogram = below(below(below(protozero::pbf_reader(bytes), 5), 1), 5);
  double least = 0, most = 0, number = 0;
  std::vector<double> limits, counts;
  while (histogram.next()) {
    const uint32_t tag = histogram.tag();
    if (tag <= 3) {
      (tag == 1 ? least : tag == 2 ? most : number) = histogram.get_double();
    } else if (tag >= 6) {
      for (const double x : histogram.get_packed_double()) (tag == 6 ? limits : counts).push_back(x);
    } else {
      histogram.skip();
    }
  }
  CHECK(least == -3e38f);
  CHECK(most == 3e38f);
  CHECK(number == 8);
  REQUIRE(limits.size() == counts.size());
  double all = 0;
  for (size_t i = 0; i < limits.size(); ++i) {
    all += counts[i];
    if (counts[i] == 0) continue;
    const double from = i == 0 ? -INFINITY : limits[i - 1];
    double inside = 0;
    for (const float x : values) inside += std::isfinite(x) && x >= from && x < limits[i];
    CHECK(inside == counts[i]);
  }
  CHECK(all == 8);
}
