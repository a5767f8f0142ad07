// Fused loops as text, run by emulated threads: as the reference device says, the same bits in any order of threads.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "lib/device/cuda/loop_plan.h"
#include "tests/device/cuda/emulated_device.h"
#include "tests/device/random_loop.h"
#include "tests/evaluate.h"

using namespace dl;
using namespace dl::testing;
using Kind = Loop::Instruction::Kind;
using Extent = Loop::Extent;
using ResultKind = Loop::Result::Kind;

namespace {

struct Case {
  Loop loop;
  std::vector<Type> types, outputs;
  std::vector<Numbers> data;
};

Case case_of(const RandomLoop& random) {
  Case c{random.loop, random.types, random.outputs, {}};
  for (size_t i = 0; i < random.types.size(); ++i)
    c.data.push_back(read_numbers(random.data[i].data(), random.types[i]));
  return c;
}

// The same with tensors in bf16: inputs, whose numbers it has, and what is stored.
Case in_bf16(Case c, uint32_t seed) {
  const auto chosen = [&](size_t i) { return random_bits(seed, 0, i) % 2 == 0; };
  for (size_t i = 0; i < c.types.size(); ++i)
    if (c.types[i].dtype == DType::f32 && chosen(i)) c.types[i].dtype = DType::bf16;
  size_t output = 0;
  for (const Loop::Result& r : c.loop.results) {
    if (r.kind == ResultKind::store && chosen(100 + output)) c.outputs[output].dtype = DType::bf16;
    output += r.kind == ResultKind::moments ? 2 : 1;
  }
  return c;
}

LoopOp op_of(const Case& c) { return LoopOp(c.loop, c.outputs); }

// All loops as one program. Each reads copies of its inputs, which nobody else does, so that it may work in place.
std::vector<Numbers> run(Device& device, const std::vector<Case>& cases) {
  Graph g;
  Feed feed;
  const auto copy_of = [&](const Value& x) {
    const Type type = x.type();
    Loop copy{.rows = 1, .cols = type.shape.elements(), .code = {}, .results = {{.source = 0}}};
    copy.code.push_back({.kind = Kind::load, .extent = Extent::full, .input = 0, .access = {}});
    return g.add(std::make_shared<LoopOp>(copy, std::vector{type}), std::vector{x})[0];
  };
  int outputs = 0;
  for (size_t c = 0; c < cases.size(); ++c) {
    std::vector<Value> inputs;
    for (size_t i = 0; i < cases[c].types.size(); ++i) {
      const std::string name = concat("x", c, "_", i);
      const Value x = input(g, name, cases[c].types[i]);
      const bool whole = cases[c].types[i].dtype == DType::i32 || cases[c].types[i].dtype == DType::u8;
      inputs.push_back(whole ? x : copy_of(x));
      feed[name] = cases[c].data[i];
    }
    for (const Value& y : g.add(std::make_shared<LoopOp>(cases[c].loop, cases[c].outputs), inputs))
      g.output(concat("y", outputs++), y);
  }
  Store store(device);
  const std::unique_ptr<Program> program = Program::laid_out(g, store);
  std::map<std::string, HostMemory> memory;
  for (const auto& [name, numbers] : feed) {
    HostMemory& to = memory[name] = HostMemory(device, program->input_type(name).bytes());
    write_numbers(to.data(), program->input_type(name), numbers);
  }
  for (int turn = 0; turn < 2; ++turn) {
    store.spoil_arena(program->arena_bytes());
    for (const auto& [name, to] : memory) program->feed(name, to.as<std::byte>());
    program->run();
  }
  std::vector<Numbers> results;
  for (int i = 0; i < outputs; ++i) results.push_back(output_numbers(*program, concat("y", i)));
  return results;
}

bool same_bits(const Numbers& a, const Numbers& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// On two emulated devices that differ in all orders, and on the reference device.
struct Runs {
  std::vector<Numbers> first, second, expected;
};
Runs run_all(const std::vector<Case>& cases) {
  const auto emulated = [&](unsigned seed) { return run(*cuda::make_emulated_device({}, {.seed = seed}), cases); };
  return {emulated(1), emulated(2), run(*make_device("reference", {}), cases)};
}

void check(const std::vector<Case>& cases) {
  const Runs runs = run_all(cases);
  size_t output = 0;
  for (const Case& c : cases) {
    for (const Type& type : c.outputs) {
      const Numbers& found = runs.first[output];
      // A bf16 may be the neighbour of what it should be.
      const double allowed = type.dtype == DType::bf16 ? 0x1p-8 : 2e-5,
                   worst = difference(found, runs.expected[output]);
      CHECK_MESSAGE(worst <= allowed, "output ", output, " differs by ", worst, ": ", op_of(c).attributes());
      CHECK_MESSAGE(same_bits(found, runs.second[output]), "output ", output,
                    " depends on the order of threads: ", op_of(c).attributes());
      ++output;
    }
  }
}

struct Sizes {
  int64_t rows, cols;
};

// A loop of one column or row more than a chunk, a warp's lanes or a block has, of rows that a thread, a warp or a
// block shares, that registers hold or not.
constexpr Sizes sizes[] = {{1, 1},    {1, 300}, {300, 1}, {3, 6},    {7, 513},  {2, 2500},
                           {129, 33}, {600, 5}, {64, 70}, {9, 1024}, {2, 9000}, {300, 64}};

// Sanitizers make everything some ten times slower: they see fewer of them.
#ifdef __SANITIZE_ADDRESS__
constexpr uint32_t every = 3;
#else
constexpr uint32_t every = 1;
#endif

}  // namespace

TEST_CASE("random loops on emulated threads agree with the reference device, whatever the order of threads") {
  std::vector<Case> cases;
  for (uint32_t i = 0; i < std::size(sizes); i += every)
    cases.push_back(case_of(RandomLoop(i, sizes[i].rows, sizes[i].cols, false)));
  check(cases);
}

TEST_CASE("random loops with tensors in bf16 agree with the reference device") {
  std::vector<Case> cases;
  for (uint32_t i = 1; i < std::size(sizes); i += every)
    cases.push_back(in_bf16(case_of(RandomLoop(50 + i, sizes[i].rows, sizes[i].cols, false)), i));
  check(cases);
}

namespace {

// Builds loops by hand.
struct Builder {
  Case c;
  Builder(int64_t rows, int64_t cols) {
    c.loop.rows = rows;
    c.loop.cols = cols;
  }
  int push(Loop::Instruction i) {
    c.loop.code.push_back(i);
    return static_cast<int>(c.loop.code.size()) - 1;
  }
  int load(DType type, Extent extent = Extent::full, float low = -3, float high = 3) {
    const bool rows = extent == Extent::full || extent == Extent::row,
               cols = extent == Extent::full || extent == Extent::column;
    const int64_t n = (rows ? c.loop.rows : 1) * (cols ? c.loop.cols : 1);
    Loop::Instruction i{.kind = Kind::load, .extent = extent};
    i.input = static_cast<int>(c.types.size());
    i.access = {extent, 1, rows ? c.loop.rows : 1};
    c.data.push_back(random_numbers(n, c.types.size() + 5, low, high));
    for (float& x : c.data.back())
      if (type == DType::bf16) x = float_of_bf16(bf16_of_float(x));
    c.types.push_back({type, {n}});
    return push(i);
  }
  int random(uint64_t key) {
    Loop::Instruction i{.kind = Kind::random, .extent = Extent::full, .key = key};
    i.input = static_cast<int>(c.types.size());
    c.types.push_back({DType::i32, {1}});
    c.data.push_back({-7});
    return push(i);
  }
  int constant(double value) { return push({.kind = Kind::constant, .value = value}); }
  int map(Function f, int x, int y = -1, int z = -1) {
    return push({.kind = Kind::map, .function = f, .extent = Extent::full, .a = x, .b = y, .c = z});
  }
  void store(int source, DType type = DType::f32) {
    c.loop.results.push_back({.source = source});
    c.outputs.push_back({type, {c.loop.rows * c.loop.cols}});
  }
  void sum(ResultKind kind, int source, int64_t group = 0) {
    c.loop.results.push_back({.kind = kind, .source = source, .group = group});
    const int64_t n = kind == ResultKind::total ? 1 : c.loop.rows / group * c.loop.cols;
    for (int i = 0; i < (kind == ResultKind::moments ? 2 : 1); ++i) c.outputs.push_back({DType::f32, {n}});
  }
};

}  // namespace

TEST_CASE("random numbers and what is dithered by them are the reference device's, bit for bit") {
  std::vector<Case> cases;
  for (const Sizes& size : {Sizes{1, 5000}, {70, 96}, {33, 7}, {1, 63}}) {
    Builder b(size.rows, size.cols);
    const int x = b.load(DType::f32), u = b.random(12345678901234567ull), v = b.random(3);
    const int dithered = b.map(Function::dither_bf16, x, u);
    b.store(u);
    b.store(v);
    b.store(dithered);
    b.store(dithered, DType::bf16);
    b.store(b.map(Function::round_bf16, x));
    b.store(x, DType::bf16);
    cases.push_back(b.c);
  }
  Builder rows(9, 640);  // random numbers in rows that are summed
  const int u = rows.random(4);
  const int sum = rows.push({.kind = Kind::row_max, .extent = Extent::row, .a = u});
  rows.store(u);
  rows.store(rows.map(Function::less_equal, u, sum));
  cases.push_back(rows.c);
  const Runs runs = run_all(cases);
  for (size_t i = 0; i < runs.expected.size(); ++i) {
    CHECK(same_bits(runs.first[i], runs.expected[i]));
    CHECK(same_bits(runs.second[i], runs.expected[i]));
  }
}

TEST_CASE("every function within a loop, of f32 and of bf16") {
  std::vector<Case> cases;
  for (const DType type : {DType::f32, DType::bf16}) {
    Builder b(5, 70);
    const int x = b.load(type), y = b.load(type), z = b.load(DType::f32, Extent::full, 0.1f, 3);
    for (int f = 0; f <= static_cast<int>(Function::fma); ++f) {
      const auto function = static_cast<Function>(f);
      if (function == Function::dither_bf16) continue;
      const bool positive = function == Function::log || function == Function::sqrt || function == Function::rsqrt ||
                            function == Function::pow;
      const int count = arity(function);
      b.store(b.map(function, positive ? z : x, count > 1 ? y : -1, count > 2 ? z : -1));
    }
    for (double power : {1.0, 2.0, 3.0, 4.0, 0.5, -0.5, -1.0, 1.7}) b.store(b.map(Function::pow, z, b.constant(power)));
    cases.push_back(b.c);
  }
  check(cases);
}

TEST_CASE("means and variances far from zero, of groups in pieces, of one and of several rows") {
  std::vector<Case> cases;
  for (const auto& [rows, cols, group] :
       {std::tuple{2048, 6, 2048}, {96, 40, 48}, {24, 33, 3}, {4000, 1, 4000}, {60, 130, 1}}) {
    Builder b(rows, cols);
    const int x = b.load(DType::f32, Extent::full, 99, 101);
    b.sum(ResultKind::moments, x, group);
    b.sum(ResultKind::sum, x, group);
    b.sum(ResultKind::total, x);
    cases.push_back(b.c);
  }
  const Runs runs = run_all(cases);
  for (size_t i = 0; i < runs.expected.size(); ++i) {
    CHECK(difference(runs.first[i], runs.expected[i], 1e-9) < 1e-5);
    CHECK(same_bits(runs.first[i], runs.second[i]));
  }
}

TEST_CASE("a part of a loop has the bits of the whole, also where a product that is stored is added to something") {
  // y = softmax(x) scaled, stored with its product a b; the part makes y from that product again.
  Builder whole(6, 520);
  const int a = whole.load(DType::f32), b = whole.load(DType::f32);
  const int product = whole.map(Function::mul, a, b);
  const int sum = whole.map(Function::add, product, a);
  const int row = whole.push({.kind = Kind::row_sum, .extent = Extent::row, .a = sum});
  whole.store(product);
  whole.store(whole.map(Function::div, sum, row));
  Builder part(6, 520);
  part.load(DType::f32), part.load(DType::f32);
  part.c = whole.c;
  part.c.loop.results = {whole.c.loop.results[1]};
  part.c.loop.code[static_cast<size_t>(product)].rounded = true;
  part.c.outputs = {whole.c.outputs[1]};
  const std::vector<Numbers> found = run(*cuda::make_emulated_device({}), {whole.c, part.c});
  CHECK(same_bits(found[1], found[2]));
  part.c.loop.code[static_cast<size_t>(product)].rounded = false;  // then it is one multiply-add
  CHECK(!same_bits(found[1], run(*cuda::make_emulated_device({}), {part.c})[0]));
}
