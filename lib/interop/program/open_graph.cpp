// Telling the sizes that count samples from others.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/program/open_graph.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "lib/graph/passes.h"

namespace dl {
namespace {

// Primes, larger than sizes that occur.
constexpr int64_t one_batch = 1'000'003, other_batch = 1'000'033;

bool agree(int64_t a, int64_t b) {
  return a != 0 && a % one_batch == 0 ? b % other_batch == 0 && a / one_batch == b / other_batch : a == b;
}

bool agree(const Shape& a, const Shape& b) {
  return std::ranges::equal(a.sizes(), b.sizes(), [](int64_t m, int64_t n) { return agree(m, n); });
}

// Two texts whose whole numbers may differ as sizes do.
bool agree(const std::string& a, const std::string& b) {
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  const char *p = a.data(), *q = b.data(), *const p_end = p + a.size(), *const q_end = q + b.size();
  while (p < p_end && q < q_end) {
    if (!is_digit(*p) || !is_digit(*q)) {
      if (*p++ != *q++) return false;
      continue;
    }
    uint64_t m = 0, n = 0;
    const auto first = std::from_chars(p, p_end, m), second = std::from_chars(q, q_end, n);
    const bool counted = first.ec == std::errc() && second.ec == std::errc();
    const bool same = std::string_view(p, first.ptr) == std::string_view(q, second.ptr);
    if (!same && !(counted && agree(static_cast<int64_t>(m), static_cast<int64_t>(n)))) return false;
    p = first.ptr;
    q = second.ptr;
  }
  return p == p_end && q == q_end;
}

bool agree(const GraphNode& a, const GraphNode& b) {
  const auto same_place = [](const Value& v, const Value& w) { return v.node == w.node && v.output == w.output; };
  const auto same_type = [](const Type& s, const Type& t) { return s.dtype == t.dtype && agree(s.shape, t.shape); };
  return a.op->name() == b.op->name() && agree(a.op->attributes(), b.op->attributes()) &&
         std::ranges::equal(a.inputs, b.inputs, same_place) && std::ranges::equal(a.types, b.types, same_type);
}

bool agree(const Graph& a, const Graph& b) {
  if (a.size() != b.size()) return false;
  for (int i = 0; i < a.size(); ++i)
    if (!agree(a.node(i), b.node(i))) return false;
  return true;
}

}  // namespace

OpenGraph::OpenGraph(const Build& build) : graph_(std::make_unique<Graph>()), batch_(one_batch) {
  Graph other;
  build(*graph_, one_batch);
  build(other, other_batch);
  if (!agree(*graph_, other)) {
    batch_ = 0;
    graph_ = std::make_unique<Graph>();
    build(*graph_, 1);
  }
  for (int i = 0; i < graph_->size(); ++i) uses_.emplace_back(graph_->node(i).types.size(), 0);
  const std::vector<char> live = live_nodes(*graph_);
  const auto used = [&](const Value& v) { ++uses_[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)]; };
  for (int i = 0; i < graph_->size(); ++i)
    if (live[static_cast<size_t>(i)])
      for (const Value& v : graph_->node(i).inputs) used(v);
  for (const Graph::Named& output : graph_->outputs()) used(output.value);
}

OpenSize OpenGraph::size(int64_t n) const {
  return batch_ > 0 && n != 0 && n % batch_ == 0 ? OpenSize{n / batch_, true} : OpenSize{n, false};
}

OpenShape OpenGraph::shape(const Shape& shape) const {
  OpenShape sizes;
  for (const int64_t n : shape.sizes()) sizes.push_back(size(n));
  return sizes;
}

int OpenGraph::uses(const Value& v) const { return uses_[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)]; }

}  // namespace dl
