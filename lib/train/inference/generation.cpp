// Two programs: one for a single position with what was kept of those before, one for a whole sequence.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/inference/generation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/random.h"

namespace dl {

namespace {

constexpr const char* output = "values";

Error cannot(const std::string& what, const std::string& help) {
  return Error(Exit::usage, Problem{.path = "model", .what = what, .help = help});
}

}  // namespace

int32_t draw_token(std::span<const float> values, const Sampling& sampling, int64_t index) {
  std::vector<int32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return values[static_cast<size_t>(a)] > values[static_cast<size_t>(b)];
  });
  if (sampling.temperature == 0) return order.front();
  if (sampling.top_k > 0) order.resize(std::min(order.size(), static_cast<size_t>(sampling.top_k)));
  std::vector<double> share;
  const double most = values[static_cast<size_t>(order.front())];
  for (const int32_t token : order)
    share.push_back(std::exp((double{values[static_cast<size_t>(token)]} - most) / sampling.temperature));
  const double all = std::accumulate(share.begin(), share.end(), 0.0);
  double total = 0;
  size_t count = 0;
  while (count < share.size() && (count == 0 || total < sampling.top_p * all)) total += share[count++];
  const uint64_t key = random_key(sampling.seed, random_stream("generate"));
  double left = double{random_uniform(key, 0, static_cast<uint64_t>(index))} * total;
  for (size_t i = 0; i + 1 < count; ++i) {
    if (left < share[i]) return order[i];
    left -= share[i];
  }
  return order[count - 1];
}

struct Generation::Impl {
  Impl(const Network& n, Store& s, bool cache, int64_t tokens)
      : network(n),
        store(s),
        cached(cache),
        length(checked_length(n)),
        token(s.device(), 4),
        position(s.device(), 4),
        count(s.device(), 4),
        window(s.device(), length * 4) {
    values.resize(static_cast<size_t>(network.output().shape.last()));
    for (const NumberLimit& limit : network.number_limits())
      if (limit.chooses_row) known = std::min(known, limit.count);
    follow = static_cast<size_t>(std::min({network.output().shape.last(), tokens, known}));
    one.emplace(build_position(), store);
  }

  static int64_t checked_length(const Network& n) {
    const Type in = n.inputs()[0].type, out = n.output();
    const bool fits = n.inputs().size() == 1 && in.dtype == DType::i32 && in.shape.rank() == 1 &&
                      out.shape.rank() == 2 && out.shape[0] == in.shape[0];
    if (!fits) {
      throw cannot(concat("expected a network from tokens [length] to values [length, tokens], got ", name_of(in.dtype),
                          " ", in.shape.text(), " to ", out.shape.text()),
                   "name a run that was trained to continue text");
    }
    return in.shape[0];
  }

  const Graph& build_position() {
    Graph& graph = by_position;
    const Value x = input(graph, network.inputs()[0].name, {DType::i32, {1, 1}});
    const Decoding decoding{.length = length,
                            .position = input(graph, "position", {DType::i32, {1}}),
                            .count = input(graph, "count", {DType::i32, {1}})};
    try {
      graph.output(output, network.build(graph, std::span(&x, 1), false, {}, 0, &decoding).last);
    } catch (const ShapeError& e) {
      throw cannot(e.what(), e.help);
    }
    return graph;
  }

  // One of the whole numbers that the position's program takes.
  void feed_number(const std::string& name, HostMemory& memory, int64_t value) {
    memory.as<int32_t>()[0] = static_cast<int32_t>(value);
    if (const Slot input = one->input(name)) one->feed(input, memory.as<int32_t>().first(1));
  }

  void run(Program& program, int64_t row) {
    program.run();
    program.read(output, values, row * static_cast<int64_t>(values.size()));
  }

  void run_position(int32_t which) {
    if (done.empty()) forget(by_position);
    const auto before = static_cast<int64_t>(done.size());
    feed_number(network.inputs()[0].name, token, which);
    feed_number("position", position, before);
    feed_number("count", count, before + 1);
    run(*one, 0);
    done.push_back(which);
  }

  // A new sequence begins with states of 0.
  void forget(const Graph& graph) {
    for (const Graph::Named& carried : graph.assigns()) store.zero(carried.name);
  }

  void run_window(std::span<const int32_t> tokens) {
    if (!whole) {
      const Value x = input(by_window, network.inputs()[0].name, {DType::i32, {1, length}});
      by_window.output(output, network.build(by_window, std::span(&x, 1), false, {}, 0).last);
      whole.emplace(by_window, store);
    }
    const std::span<int32_t> padded = window.as<int32_t>();
    std::fill(std::ranges::copy(tokens, padded.begin()).out, padded.end(), 0);
    whole->feed(network.inputs()[0].name, padded);
    forget(by_window);
    run(*whole, static_cast<int64_t>(tokens.size()) - 1);
  }

  const Network& network;
  Store& store;
  const bool cached;
  const int64_t length;
  HostMemory token, position, count, window;  // what is fed
  Graph by_position, by_window;
  std::optional<Program> one, whole;
  std::vector<int32_t> done;  // tokens whose positions are kept
  std::vector<float> values;
  int64_t known = std::numeric_limits<int32_t>::max();  // tokens that the network has rows for
  size_t follow = 0;                                    // tokens of which one may be next
};

Generation::Generation(const Network& network, Store& store, bool cached, int64_t tokens)
    : impl_(std::make_unique<Impl>(network, store, cached, tokens)) {}
Generation::~Generation() = default;

int64_t Generation::length() const { return impl_->length; }

std::span<const float> Generation::next(std::span<const int32_t> tokens) {
  Impl& m = *impl_;
  DL_CHECK(!tokens.empty(), "no token to begin with");
  for (const int32_t token : tokens)
    if (token < 0 || token >= m.known)
      throw cannot(
          concat("expected tokens from 0 to ", m.known - 1, ", as its embedding has ", m.known, " rows, got ", token),
          "begin with tokens that it was trained on");
  const auto seen = tokens.last(std::min(tokens.size(), static_cast<size_t>(m.length)));
  if (!m.cached || tokens.size() > seen.size()) {
    m.run_window(seen);
    return std::span(m.values).first(m.follow);
  }
  const bool goes_on = m.done.size() < seen.size() && std::equal(m.done.begin(), m.done.end(), seen.begin());
  if (!goes_on) m.done.clear();
  for (size_t i = m.done.size(); i < seen.size(); ++i) m.run_position(seen[i]);
  return std::span(m.values).first(m.follow);
}

}  // namespace dl
