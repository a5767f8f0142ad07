// Fused loops on the CPU: as the reference device says, the same bits on any number of threads, in place and in pieces.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "lib/device/cpu/loop_runner.h"
#include "tests/device/random_loop.h"

using namespace dl;
using namespace dl::testing;

namespace {

using Tensors = std::vector<std::vector<float>>;

// Memory whose every element must be written.
Tensors unwritten(const std::vector<Type>& types) {
  Tensors tensors;
  for (const Type& type : types) {
    tensors.emplace_back(static_cast<size_t>(type.shape.elements()), std::numeric_limits<float>::quiet_NaN());
  }
  return tensors;
}

std::vector<void*> pointers(Tensors& tensors) {
  std::vector<void*> all;
  for (std::vector<float>& t : tensors) all.push_back(t.data());
  return all;
}

struct Scratch {
  explicit Scratch(int64_t bytes)
      : memory(static_cast<size_t>(bytes) / 4 + 16, std::numeric_limits<float>::quiet_NaN()) {}
  void* at() {
    void* p = memory.data();
    size_t space = memory.size() * 4;
    return std::align(64, 1, p, space);
  }
  std::vector<float> memory;
};

Tensors run(Device& device, RandomLoop& random) {
  const std::unique_ptr<Kernel> kernel =
      device.compile(LoopOp(random.loop, random.outputs), random.types, random.outputs);
  Tensors y = unwritten(random.outputs);
  Scratch scratch(kernel->scratch_bytes());
  for (int twice = 0; twice < 2; ++twice) kernel->run(random.input_pointers(), pointers(y), scratch.at());
  return y;
}

bool same_bits(const Tensors& a, const Tensors& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(a[i].data(), b[i].data(), a[i].size() * 4) != 0) return false;
  }
  return true;
}

// The largest difference as a part of the larger of 1 and the expected number; not a number counts as infinite.
double difference(const Tensors& found, const Tensors& expected) {
  double worst = 0;
  for (size_t t = 0; t < found.size(); ++t) {
    for (size_t i = 0; i < found[t].size(); ++i) {
      const double want = double{expected[t][i]},
                   d = std::abs(double{found[t][i]} - want) / std::max(1.0, std::abs(want));
      worst = d <= worst ? worst : (std::isnan(d) ? INFINITY : d);
    }
  }
  return worst;
}

struct Sizes {
  int64_t rows, cols;
  uint32_t seeds;
};
constexpr Sizes sizes[] = {{1, 1, 40},     {1, 300, 40},  {300, 1, 40},  {3, 6, 60},    {7, 513, 40},
                           {2, 10001, 20}, {1, 9000, 10}, {500, 6, 40},  {129, 33, 30}, {64, 300, 30},
                           {1, 40000, 8},  {9000, 10, 8}, {40000, 1, 8}, {1200, 64, 8}};

}  // namespace

TEST_CASE(
    "random loops agree with the reference device on every instruction set, with the same bits on 1 to 3 threads") {
  const std::unique_ptr<Device> reference = make_device("reference", {});
  for (Isa isa : supported_isas()) {
    CpuDevice one({.threads = 1}, isa), two({.threads = 2}, isa), three({.threads = 3}, isa);
    for (const Sizes& size : sizes) {
      for (uint32_t seed = 0; seed < size.seeds; ++seed) {
        RandomLoop random(seed, size.rows, size.cols, false);
        const Tensors found = run(one, random);
        const double worst = difference(found, run(*reference, random));
        REQUIRE_MESSAGE(worst < 2e-4, name_of(isa), " seed ", seed, " differs by ", worst, ": ", random.loop.text());
        REQUIRE_MESSAGE(same_bits(found, run(two, random)), name_of(isa), " seed ", seed, ": ", random.loop.text());
        REQUIRE_MESSAGE(same_bits(found, run(three, random)), name_of(isa), " seed ", seed, ": ", random.loop.text());
      }
    }
  }
}

TEST_CASE("where a loop may work in place, it gives the same bits there") {
  CpuDevice device({.threads = 2});
  int tried = 0;
  for (const Sizes& size : sizes) {
    for (uint32_t seed = 100; seed < 100 + size.seeds; ++seed) {
      RandomLoop random(seed, size.rows, size.cols, false);
      const Tensors apart = run(device, random);
      const std::unique_ptr<Kernel> kernel =
          device.compile(LoopOp(random.loop, random.outputs), random.types, random.outputs);
      Scratch scratch(kernel->scratch_bytes());
      for (int in = 0; in < static_cast<int>(random.types.size()); ++in) {
        for (int out = 0; out < static_cast<int>(random.outputs.size()); ++out) {
          const size_t i = static_cast<size_t>(in), o = static_cast<size_t>(out);
          if (random.types[i] != random.outputs[o] || !kernel->in_place(in, out)) continue;
          ++tried;
          const std::vector<float> kept = random.data[i];
          Tensors y = unwritten(random.outputs);
          std::vector<void*> y_at = pointers(y);
          y_at[o] = random.data[i].data();
          kernel->run(random.input_pointers(), y_at, scratch.at());
          y[o] = random.data[i];
          random.data[i] = kept;
          REQUIRE_MESSAGE(same_bits(y, apart), "input ", in, " output ", out, ": ", random.loop.text());
        }
      }
    }
  }
  CHECK(tried > 50);
}

TEST_CASE("a loop behind a product takes its rows in pieces, close together or not, from any thread") {
  const std::unique_ptr<Device> reference = make_device("reference", {});
  CpuDevice device({.threads = 3});
  for (const Sizes& size : sizes) {
    for (uint32_t seed = 200; seed < 200 + size.seeds; ++seed) {
      RandomLoop random(seed, size.rows, size.cols, true);
      const LoopOp op(random.loop, random.outputs);
      LoopRunner runner(op, random.types, device, true);
      const int64_t piece = 1 + static_cast<int64_t>(seed) % 7 * 9, pieces = 1 + seed % 3;
      runner.set_chunk_rows(piece * pieces);
      const bool ordered = runner.chunk_rows() > 1;
      const int64_t chunk = ordered ? runner.chunk_rows() : piece;
      Scratch scratch(runner.scratch_bytes());
      Tensors first;
      for (int64_t gap : {0, 3}) {
        for (int turn : {0, 1}) {  // chunks forward on one thread, backward on three
          const int64_t ld = size.cols + gap;
          std::vector<float> product(static_cast<size_t>(size.rows * ld), std::numeric_limits<float>::quiet_NaN());
          for (int64_t r = 0; r < size.rows; ++r)
            std::copy_n(random.data[0].data() + r * size.cols, size.cols, product.data() + r * ld);
          Tensors y = unwritten(random.outputs);
          const std::vector<void*> x = random.input_pointers(), to = pointers(y);
          runner.begin(std::span(x).subspan(1), to, scratch.at());
          const int64_t chunks = (size.rows + chunk - 1) / chunk;
          for (int64_t i = 0; i < chunks; ++i) {
            const int64_t k = turn ? chunks - 1 - i : i, end = std::min(size.rows, (k + 1) * chunk);
            for (int64_t r = k * chunk; r < end; r += piece)
              runner.rows(turn ? static_cast<int>(k % 3) : 0, r, std::min(end, r + piece), product.data() + r * ld, ld);
          }
          runner.finish();
          if (first.empty()) {
            first = y;
            const double worst = difference(y, run(*reference, random));
            REQUIRE_MESSAGE(worst < 2e-4, "seed ", seed, " differs by ", worst, ": ", random.loop.text());
          }
          REQUIRE_MESSAGE(same_bits(y, first), "seed ", seed, ": ", random.loop.text());
        }
      }
    }
  }
}
