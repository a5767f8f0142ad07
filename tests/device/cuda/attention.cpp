// The kernels of attention and its gradient, on emulated threads against the reference device.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>

#include "lib/device/cuda/kernels/attention.h"
#include "lib/device/cuda/kernels/attention_grad.h"
#include "lib/device/cuda/kernels/attention_parts.h"
#include "lib/graph/ops/attention.h"
#include "tests/device/cuda/emulated_device.h"
#include "tests/device/cuda/emulated_thread.h"
#include "tests/evaluate.h"

using namespace dl;
using namespace dl::cuda;
using dl::testing::Feed;
using dl::testing::Numbers;

namespace {

// One tensor of q, k and v where queries are as many as keys, else one of q and one of k and v.
struct Form {
  int batch, queries, keys, heads, kv_heads, dim;
  bool lengths = false;
  double dropout = 0;
};

// Of exactly their size, so that the address sanitizer sees every access beyond.
template <class T>
using Memory = std::vector<T>;

template <class T>
Memory<T> memory_of(const Numbers& numbers) {
  Memory<T> memory(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) memory[i] = number<T>(numbers[i]);
  return memory;
}
template <class T>
Numbers numbers_of(const Memory<T>& memory) {
  Numbers numbers;
  for (const T& x : memory) numbers.push_back(to_float(x));
  return numbers;
}

struct Results {
  Numbers y, log_sums, dq, dkv;  // dq: of q, k and v where they are one
  bool operator==(const Results&) const = default;
};

constexpr uint64_t step = 4;

// The graph of a form, what feeds it, and what it gives on the reference device.
struct Expected {
  std::unique_ptr<Graph> graph = std::make_unique<Graph>();
  Feed feed;
  Results results;
  uint64_t key = 0;
};
Expected expected(const Form& f, bool causal, DType dtype) {
  Expected e;
  Graph& g = *e.graph;
  const int64_t q = f.heads * f.dim, kv = 2 * f.kv_heads * f.dim;
  std::vector<Value> tensors;
  const auto add = [&](const char* name, Shape shape) {
    tensors.push_back(input(g, name, {dtype, shape}));
    e.feed[name] = dl::testing::random_numbers(shape.elements(), 7 + tensors.size(), -2, 2);
  };
  if (f.queries == f.keys) {
    add("q", {f.batch, f.queries, q + kv});
  } else {
    add("q", {f.batch, f.queries, q});
    add("kv", {f.batch, f.keys, kv});
  }
  AttentionOptions options{.heads = f.heads, .kv_heads = f.kv_heads, .causal = causal, .dropout = f.dropout};
  if (f.lengths) options.lengths = input(g, "lengths", {DType::i32, {f.batch}});
  for (int b = 0; b < f.batch; ++b)
    e.feed["lengths"].push_back(static_cast<float>((b * 5 + f.keys - 1) % (f.keys + 1)));
  if (f.dropout > 0) {
    options.random =
        random_uniform(input(g, "step", {DType::i32, {}}), {f.batch, f.heads, f.queries, f.keys}, 3, "mask");
    e.feed["step"] = {static_cast<float>(step)};
  }
  const Value y = attention(tensors, options), log_sums{&g, y.node, 1};
  const GraphNode node = g.node(y.node);
  const AttentionOp::Spec spec = dynamic_cast<const AttentionOp&>(*node.op).spec;
  e.key = spec.key;
  std::vector<Value> of_grad{input(g, "dy", y.type()), y, log_sums};
  e.feed["dy"] = dl::testing::random_numbers(y.shape().elements(), 99);
  of_grad.insert(of_grad.end(), node.inputs.begin(), node.inputs.end());
  const std::vector<Value> slopes = g.add(std::make_shared<AttentionGrad>(spec), of_grad);
  g.output("y", y);
  g.output("log_sums", log_sums);
  g.output("dq", slopes[0]);
  if (slopes.size() > 1) g.output("dkv", slopes[1]);
  auto found = dl::testing::outputs_of(g, e.feed, "reference");
  e.results = {found["y"], found["log_sums"], found["dq"], found["dkv"]};
  return e;
}

// What the tiles of the three kernels are.
struct Tiles {
  AttentionTile forward, q, keys;
};

int blocks(int n, int of) { return (n + of - 1) / of; }

template <class Products, Tiles tiles>
Results found(const Form& f, const Expected& e, unsigned seed) {
  using T = typename Products::Element;
  const bool one = f.queries == f.keys;
  const int q_width = f.heads * f.dim, k_width = f.kv_heads * f.dim;
  const Memory<T> q = memory_of<T>(e.feed.at("q")), kv = one ? Memory<T>() : memory_of<T>(e.feed.at("kv"));
  const Memory<T> dy = memory_of<T>(e.feed.at("dy"));
  Memory<int> lengths;
  for (float length : e.feed.at("lengths")) lengths.push_back(static_cast<int>(length));
  const Memory<int> at_step{static_cast<int>(step)};
  AttentionHeads h{};
  h.q = q.data();
  h.k = one ? q.data() + q_width : kv.data();
  h.v = static_cast<const T*>(h.k) + k_width;
  h.lengths = f.lengths ? lengths.data() : nullptr;
  h.step = f.dropout > 0 ? at_step.data() : nullptr;
  h.key = e.key;
  h.q_row = one ? q_width + 2 * k_width : q_width;
  h.k_row = h.v_row = one ? h.q_row : 2 * k_width;
  h.q_sample = f.queries * h.q_row;
  h.k_sample = h.v_sample = f.keys * h.k_row;
  h.queries = f.queries, h.keys = f.keys, h.head_dim = f.dim;
  h.kv_heads = f.kv_heads, h.group = f.heads / f.kv_heads;
  h.scale = static_cast<float>(1 / std::sqrt(f.dim));
  h.dropped = static_cast<unsigned>(std::ceil(static_cast<double>(static_cast<float>(f.dropout)) * 0x1p24));
  h.kept = static_cast<float>(1 / (1 - f.dropout));

  const size_t rows = static_cast<size_t>(f.batch * f.heads * f.queries);
  Memory<T> y(rows * static_cast<size_t>(f.dim), number<T>(NAN));
  Memory<float> log_sums(rows, NAN);
  Attention forward{.heads = h, .y = y.data(), .log_sums = log_sums.data()};
  const int group_rows = f.queries * h.group, groups = f.batch * f.kv_heads;
  Grid grid{.x = groups * blocks(group_rows, attention_rows(tiles.forward)),
            .y = tiles.forward.wide ? blocks(f.dim, tiles.forward.dim) : 1,
            .threads = attention_threads,
            .shared_bytes = attention_shared_bytes(tiles.forward, sizeof(T))};
  Memory<float> part_y, part_sums;
  if (tiles.forward.split) {
    forward.part_tiles = 2;
    grid.z = blocks(f.keys, 2 * tiles.forward.n);
    part_y.assign(static_cast<size_t>(grid.z * f.dim) * rows, NAN);
    part_sums.assign(static_cast<size_t>(grid.z) * rows, NAN);
    forward.part_y = part_y.data(), forward.part_log_sums = part_sums.data();
  }
  run_emulated(
      grid, [](const auto& t, const Attention& p) { attention<Products, tiles.forward>(t, p); }, forward, seed);
  if (tiles.forward.split) {
    run_emulated(
        {.x = blocks(static_cast<int>(rows), 2), .threads = 64},
        [](const auto& t, const AttentionPieces& p) { join_attention<T>(t, p); },
        AttentionPieces{part_y.data(), part_sums.data(), y.data(), log_sums.data(), grid.z, f.batch, f.heads, f.queries,
                        f.dim},
        seed);
  }

  Memory<T> dq(q.size(), number<T>(NAN)), dkv(kv.size(), number<T>(NAN));
  Memory<float> slopes(rows, NAN);
  T* dk = one ? dq.data() + q_width : dkv.data();
  const AttentionSlopes grad{h,         dy.data(), y.data(),     log_sums.data(), slopes.data(),
                             dq.data(), dk,        dk + k_width, f.batch};
  run_emulated(
      {.x = blocks(static_cast<int>(rows), 8), .threads = 64},
      [](const auto& t, const AttentionSlopes& p) { attention_slopes<T, tiles.q.aligned>(t, p); }, grad, seed);
  run_emulated(
      {.x = groups * blocks(group_rows, attention_rows(tiles.q)),
       .y = tiles.q.wide ? blocks(f.dim, tiles.q.dim) : 1,
       .threads = attention_threads,
       .shared_bytes = grad_q_shared_bytes(tiles.q, sizeof(T))},
      [](const auto& t, const AttentionSlopes& p) { attention_grad_q<Products, tiles.q>(t, p); }, grad, seed);
  run_emulated(
      {.x = groups * blocks(f.keys, attention_rows(tiles.keys)),
       .y = tiles.keys.wide ? blocks(f.dim, tiles.keys.dim) : 1,
       .threads = attention_threads,
       .shared_bytes = grad_keys_shared_bytes(tiles.keys, sizeof(T))},
      [](const auto& t, const AttentionSlopes& p) { attention_grad_keys<Products, tiles.keys>(t, p); }, grad, seed);
  return {numbers_of(y), log_sums, numbers_of(dq), numbers_of(dkv)};
}

template <class Products, Tiles tiles>
void check(const Form& f, double tolerance) {
  const DType dtype = sizeof(typename Products::Element) == 2 ? DType::bf16 : DType::f32;
  const Expected e = expected(f, tiles.forward.causal, dtype);
  const Results one = found<Products, tiles>(f, e, 1);
  CHECK(one == found<Products, tiles>(f, e, 2));
  const auto close = [&](const char* what, const Numbers& x, const Numbers& right) {
    const double worst = dl::testing::difference(x, right);
    CHECK_MESSAGE(worst <= tolerance, what, " of ", f.queries, " queries and ", f.keys, " keys differs by ", worst);
  };
  close("y", one.y, e.results.y);
  close("log_sums", one.log_sums, e.results.log_sums);
  close("dq", one.dq, e.results.dq);
  close("dkv", one.dkv, e.results.dkv);
}

constexpr AttentionTile tile(int dim, int m, int n, int buffers, bool causal, bool grouped, bool aligned,
                             int dropout = 0, bool wide = false, bool split = false) {
  return {dim, m, n, buffers, causal, grouped, aligned, wide, split, dropout};
}
constexpr Tiles alike(const AttentionTile& x) { return {x, x, x}; }

constexpr double bf16 = 2e-2, tf32 = 4e-3, f32 = 2e-6;

}  // namespace

TEST_CASE("attention on emulated threads is the reference's in bf16, tf32 and f32") {
  check<Bf16Products, alike(tile(16, 1, 16, 2, false, true, true))>({2, 21, 21, 2, 1, 16, true}, bf16);
  check<Bf16Products, alike(tile(32, 2, 32, 2, true, false, true))>({1, 150, 150, 2, 2, 24}, bf16);
  check<Bf16Products, alike(tile(16, 1, 32, 1, true, true, false))>({2, 9, 45, 6, 2, 5, true}, bf16);
  check<Tf32Products, alike(tile(16, 1, 16, 2, true, true, true))>({2, 37, 37, 2, 1, 12}, tf32);
  check<Tf32Products, alike(tile(16, 1, 32, 1, false, false, false))>({1, 1, 9, 3, 3, 13, true}, tf32);
  check<F32Products, alike(tile(16, 1, 16, 2, true, true, true))>({2, 37, 37, 2, 1, 12, true}, f32);
  check<F32Products, alike(tile(32, 2, 16, 1, false, true, false))>({1, 19, 45, 4, 2, 17}, f32);
}

TEST_CASE("probabilities are dropped by their numbers, wherever rows begin") {
  check<Bf16Products, alike(tile(16, 1, 64, 2, true, false, true, 64))>({1, 128, 128, 1, 1, 16, false, 0.3}, bf16);
  check<Bf16Products, alike(tile(16, 2, 32, 1, false, true, false, 64))>({2, 9, 192, 4, 2, 3, true, 0.5}, bf16);
  check<F32Products, alike(tile(16, 1, 16, 2, true, true, true, 64))>({1, 70, 64, 2, 1, 12, false, 0.2}, f32);
  check<F32Products, alike(tile(16, 1, 32, 1, true, false, true, 1))>({2, 37, 37, 1, 1, 8, true, 0.4}, f32);
}

TEST_CASE("wide heads are made piece by piece, and split keys joined in order") {
  check<Bf16Products, alike(tile(16, 1, 16, 1, true, true, true, 0, true))>({1, 40, 40, 2, 1, 40}, bf16);
  check<F32Products, alike(tile(16, 1, 32, 1, false, false, false, 1, true))>({2, 11, 20, 1, 1, 33, true, 0.3}, f32);
  check<F32Products, Tiles{tile(16, 1, 16, 2, true, true, true, 0, false, true), tile(16, 1, 16, 2, true, true, true),
                           tile(16, 1, 16, 2, true, true, true)}>({2, 9, 150, 2, 1, 12, true}, f32);
  check<Bf16Products, Tiles{tile(32, 1, 16, 2, false, true, false, 0, false, true),
                            tile(32, 1, 16, 2, false, true, false), tile(32, 1, 16, 2, false, true, false)}>(
      {1, 1, 100, 6, 2, 21}, bf16);
}

TEST_CASE("the device's programs of attention cut by shapes: many heads, few queries on many keys, wide heads") {
  struct Case {
    Form form;
    bool causal;
    DType dtype;
    bool tf32;
    double tolerance;
  };
  const Case cases[] = {
      {{2, 64, 64, 4, 2, 16, true, 0.25}, true, DType::bf16, false, bf16},
      {{1, 3, 300, 2, 2, 8, true}, true, DType::f32, false, f32},
      {{1, 6, 6, 1, 1, 264}, false, DType::f32, true, tf32},
  };
  for (const Case& c : cases) {
    CAPTURE(c.form.dim);
    const Expected e = expected(c.form, c.causal, c.dtype);
    const std::unique_ptr<CudaDevice> device = make_emulated_device({.tf32 = c.tf32});
    Store store(*device);
    Program program(*e.graph, store);
    std::vector<HostMemory> memory;
    for (const auto& [name, numbers] : e.feed) {
      if (!program.has_input(name)) continue;
      const Type type = program.input_type(name);
      memory.emplace_back(*device, type.bytes());
      dl::testing::write_numbers(memory.back().data(), type, numbers);
      program.feed(name, memory.back().as<std::byte>());
    }
    program.run();
    const auto output = [&](const char* name) { return dl::testing::output_numbers(program, name); };
    CHECK(dl::testing::difference(output("y"), e.results.y) <= c.tolerance);
    CHECK(dl::testing::difference(output("log_sums"), e.results.log_sums) <= c.tolerance);
    CHECK(dl::testing::difference(output("dq"), e.results.dq) <= c.tolerance);
    if (!e.results.dkv.empty()) CHECK(dl::testing::difference(output("dkv"), e.results.dkv) <= c.tolerance);
  }
}
