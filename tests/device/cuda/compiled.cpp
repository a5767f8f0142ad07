// The kernels of all operations, in f32 and bf16, through the real NVRTC, which needs no GPU: each text compiles for
// each kind of GPU, and none of them has its numbers in local memory.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <mutex>
#include <regex>
#include <set>

#include "lib/base/cpu.h"
#include "lib/base/in_parallel.h"
#include "lib/device/cuda/kernel_texts.h"
#include "lib/device/cuda/nvrtc.h"
#include "lib/device/program.h"
#include "lib/graph/ops.h"
#include "lib/graph/ops/best_boxes.h"
#include "lib/graph/ops/jaccard_slopes.h"
#include "lib/graph/ops/match_boxes.h"
#include "lib/graph/ops/write_rows.h"
#include "tests/device/cuda/cubin.h"
#include "tests/device/cuda/emulated_driver.h"
#include "tests/device/cuda/real_nvrtc.h"
#include "tests/folder.h"
#include "tests/paths.h"

using namespace dl;
using namespace dl::cuda;

namespace fs = std::filesystem;

namespace {

using Sources = std::map<std::string, KernelSource>;  // by the entry's name

// Keeps what it is asked to compile, and compiles nothing.
class Recorder final : public Compiler {
 public:
  explicit Recorder(Sources& found) : found_(found) {}
  std::string compile(std::span<const Code* const> kernels) override {
    const std::lock_guard lock(mutex_);
    for (const Code* code : kernels) found_.emplace(code->name, code->source);
    return {};
  }

 private:
  Sources& found_;
  std::mutex mutex_;
};

// The kernels of a program, which is laid out and not run.
void record(const Graph& graph, Sources& found) {
  Parts parts{.driver = make_emulated_driver(), .compiler = std::make_unique<Recorder>(found)};
  CudaDevice device(std::move(parts), {.threads = 1});
  Store store(device);
  const size_t before = found.size();
  try {
    Program program(graph, store);
    program.run();
  } catch (const CheckFailure& failure) {  // the image is empty
    CHECK_MESSAGE(std::string(failure.what()).find("no kernel ") != std::string::npos, failure.what());
  }
  CHECK(found.size() >= before);
}

// Inputs of a graph, of whose gradients are taken.
struct Inputs {
  Graph& graph;
  std::vector<Value> all = {};

  Value operator()(Shape shape) {
    all.push_back(input(graph, concat("x", all.size()), {DType::f32, std::move(shape)}));
    return all.back();
  }
  Value integers(Shape shape) { return input(graph, concat("i", graph.size()), {DType::i32, std::move(shape)}); }
};

using Build = std::function<Value(Inputs&)>;

// Of what is built, forward and backward, in f32 and in mixed precision.
void record_both(const Build& build, Sources& found) {
  Graph graph;
  Inputs inputs{graph};
  const Value y = build(inputs), loss = y.shape().rank() == 0 ? y : sum(y * y);
  graph.output("loss", loss);
  const std::vector<Value> all = gradients(loss, inputs.all);
  for (size_t i = 0; i < all.size(); ++i)
    if (all[i].graph) graph.output(concat("d", i), all[i]);
  record(graph, found);
  const std::unique_ptr<Graph> joined = join_linear_cross_entropy(graph);
  record(*narrow(joined ? *joined : graph), found);
}

Window window(int rank, int64_t size, int64_t stride, int64_t pad) {
  Window w{.rank = rank};
  for (size_t axis = 0; axis < static_cast<size_t>(rank); ++axis)
    w.size[axis] = size, w.stride[axis] = stride, w.pad_before[axis] = w.pad_after[axis] = pad;
  return w;
}

std::vector<Build> operations() {
  std::vector<Build> all;
  // Products: tiles of both factors as they lie and transposed, odd sizes.
  all.push_back([](Inputs& in) { return matmul(in({256, 128}), in({128, 192})); });
  all.push_back([](Inputs& in) { return matmul(in({33, 17}), in({17, 5})); });
  // Windows.
  all.push_back([](Inputs& in) { return convolution(in({4, 16, 16, 32}), in({64, 32, 3, 3}), window(2, 3, 1, 1)); });
  all.push_back([](Inputs& in) { return convolution(in({4, 64, 64, 96}), in({128, 96, 1, 1}), window(2, 1, 1, 0)); });
  all.push_back([](Inputs& in) { return convolution(in({8, 64, 64, 3}), in({64, 3, 5, 5}), window(2, 5, 2, 2)); });
  all.push_back([](Inputs& in) { return convolution(in({2, 9, 9, 12}), in({12, 1, 3, 3}), window(2, 3, 1, 1), 12); });
  all.push_back([](Inputs& in) { return max_pool(in({2, 8, 8, 16}), window(2, 2, 2, 0)); });
  // Attention.
  all.push_back([](Inputs& in) {
    return attention({in({2, 64, 64}), in({2, 64, 64}), in({2, 64, 64})}, {.heads = 2, .kv_heads = 2, .causal = true});
  });
  all.push_back([](Inputs& in) {  // in the largest tiles
    const Shape shape{24, 128, 768};
    AttentionOptions options{.heads = 12, .kv_heads = 12, .causal = true, .dropout = 0.1};
    options.random = random_uniform(in.integers({}), {24, 12, 128, 128}, 3, "mask");
    return attention({in(shape), in(shape), in(shape)}, options);
  });
  all.push_back([](Inputs& in) {  // of few queries and many keys, in parts
    return attention({in({2, 1, 64}), in({2, 512, 64}), in({2, 512, 64})}, {.heads = 2, .kv_heads = 2});
  });
  // Recurrent layers.
  for (const Cell cell : {Cell::lstm, Cell::gru, Cell::rnn_tanh})
    all.push_back([cell](Inputs& in) {
      const int64_t gates = cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1, hidden = 32;
      RecurrentStart start{.h = in({4, hidden})};
      if (cell == Cell::lstm) start.c = in({4, hidden});
      if (cell == Cell::gru) start.bias = in({3 * hidden});
      return recurrent(cell, in({4, 6, gates * hidden}), in({gates * hidden, hidden}), start).y;
    });
  // Tables, shapes, losses.
  all.push_back([](Inputs& in) { return embedding(in({50, 16}), in.integers({4, 7})); });
  all.push_back([](Inputs& in) { return mean(cross_entropy(in({8, 100}), in.integers({8}))); });
  all.push_back([](Inputs& in) {  // joined
    return mean(cross_entropy(matmul(in({64, 32}), in({3000, 32}), false, true), in.integers({64})));
  });
  all.push_back([](Inputs& in) { return mean(cross_entropy(in({6, 3001}), in.integers({6}), 0.1)); });
  all.push_back([](Inputs& in) { return concatenate({in({4, 3, 8}), slice(in({4, 9, 8}), 1, 2, 5)}, 1); });
  all.push_back([](Inputs& in) { return transpose(in({8, 5, 12}), {2, 0, 1}); });
  all.push_back([](Inputs& in) { return broadcast_to(in({6, 1, 8}), {6, 5, 8}) * in({6, 5, 8}); });
  // Reductions that are no part of a loop.
  all.push_back([](Inputs& in) { return max(in({5000, 16}), {0}) * max(in({16, 9000}), {1}); });
  all.push_back([](Inputs& in) { return sum(in({40, 3, 500}), {0, 2}) + max(in({4, 3, 5, 8}), {0, 2}); });
  all.push_back([](Inputs& in) {
    const Moments m = moments(in({3, 20000}), {1}), n = moments(in({40, 3, 500}), {0, 2});
    return sum(m.mean) + sum(m.variance) + sum(n.mean) + sum(n.variance);
  });
  // Loops with their reductions.
  all.push_back([](Inputs& in) { return softmax(in({16, 40}) * 2.0); });
  all.push_back([](Inputs& in) {
    const Value x = in({32, 24});
    const Moments m = moments(x, {0});
    return (x - broadcast_to(m.mean, x.shape())) * broadcast_to(rsqrt(m.variance + 1e-5), x.shape());
  });
  all.push_back([](Inputs& in) { return max(in({6, 10, 8}), {1}); });
  return all;
}

Sources all_sources() {
  Sources found;
  for (const Build& build : operations()) record_both(build, found);
  Graph graph;
  Inputs in{graph};
  graph.output("y", write_rows(in({2, 9, 8}), in({2, 1, 8}), in.integers({2})));
  graph.output("slopes", jaccard_slopes(in({2, 9}), in({2, 9})));
  graph.output("matches", match_boxes(in({2, 9, 4}), in({2, 3, 6}), in({2, 9}), {}));
  graph.output("found", best_boxes(in({2, 9, 4}), in({2, 9, 2}), {}));
  record(graph, found);
  return found;
}

// A template's name, for a choice of one kernel of each.
std::string template_of(const KernelSource& source) {
  return source.header + ": " + source.call.substr(0, source.call.find('<'));
}

[[maybe_unused]] void compile_all(const std::vector<Code>& codes, int major) {
  constexpr size_t together = 6;
  const auto modules = static_cast<int64_t>((codes.size() + together - 1) / together);
  std::vector<std::string> images(static_cast<size_t>(modules));
  Nvrtc nvrtc(dl::testing::real_nvrtc(), major, 0, CubinCache::of_user());
  in_parallel(modules, usable_cores(), [&](int64_t i) {
    std::vector<const Code*> some;
    for (size_t k = static_cast<size_t>(i) * together;
         k < std::min(codes.size(), (static_cast<size_t>(i) + 1) * together); ++k)
      some.push_back(&codes[k]);
    images[static_cast<size_t>(i)] = nvrtc.compile(some);
  });
  std::map<std::string, dl::testing::Resources> found;
  for (const std::string& image : images) found.merge(dl::testing::resources(image));
  for (const Code& code : codes) {
    REQUIRE_MESSAGE(found.contains(code.name), code.name);
    CHECK_MESSAGE(found[code.name].stack_bytes == 0, code.source.call, " for ", nvrtc.architecture(), " has ",
                  found[code.name].stack_bytes, " bytes of local memory");
    const int most = std::min(255, 65536 / (code.source.threads * code.source.blocks_per_sm));
    CHECK_MESSAGE(found[code.name].registers <= most, code.source.call, " takes ", found[code.name].registers,
                  " registers");
  }
}

}  // namespace

TEST_CASE("every operation that the CPU runs has a kernel on a GPU") {
  const std::regex registration("DL_CPU_KERNEL\\(\"(\\w+)\"");
  int operations = 0;
  for (const auto& file : fs::directory_iterator(fs::path(dl::testing::source_dir()) / "lib/device/cpu")) {
    if (file.path().extension() != ".cpp") continue;
    const std::string text = dl::testing::text_of(file.path());
    for (std::sregex_iterator match(text.begin(), text.end(), registration), end; match != end; ++match) {
      CHECK_MESSAGE(has_kernel((*match)[1].str()), "register DL_CUDA_KERNEL(\"", (*match)[1].str(), "\", …)");
      ++operations;
    }
  }
  CHECK(operations > 20);
  CHECK(has_kernel("loop"));
}

TEST_CASE("every kernel compiles for sm_80, sm_90a and sm_100, with its numbers in registers") {
  if (!dl::testing::real_nvrtc()) return;
  const Sources sources = all_sources();
  std::vector<Code> every, one_of_each;
  std::set<std::string> templates;
  int loops = 0;
  for (const auto& [name, source] : sources) {
    if (source.call == "fused" && ++loops > 12) continue;  // generated texts are many, and alike
    every.push_back({.source = source, .name = name});
    if (templates.insert(template_of(source)).second) one_of_each.push_back(every.back());
  }
  MESSAGE(every.size(), " kernels of ", templates.size(), " templates");
#ifndef __SANITIZE_ADDRESS__  // which sees nothing of what NVRTC does, and makes it slow
  compile_all(every, 9);
  compile_all(one_of_each, 8);
  compile_all(one_of_each, 10);
#endif
}

TEST_CASE("each header of kernels has a kernel among those that are compiled here") {
  const Sources sources = all_sources();
  std::set<std::string> reached = {"lib/device/cuda/kernels/thread.h"};
  for (const auto& [name, source] : sources)
    if (!source.header.empty()) reached.insert("lib/device/cuda/kernels/" + source.header);
  const std::regex include("#include \"([^\"]+)\"");
  for (size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const KernelText& header : kernel_texts()) {
      if (!reached.contains(header.name)) continue;
      const std::string text = header.text;
      for (std::sregex_iterator match(text.begin(), text.end(), include), end; match != end; ++match)
        reached.insert((*match)[1].str());
    }
  }
  for (const std::string common : {"block.h", "numbers.h", "random.h"})  // of any module
    reached.insert("lib/device/cuda/kernels/" + common);
  for (const KernelText& header : kernel_texts())
    CHECK_MESSAGE(reached.contains(header.name), "give operations() one that takes ", std::string(header.name));
}
