// Finding a bias in a loop's instructions.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/loop_bias.h"

#include <algorithm>
#include <vector>

namespace dl::cuda {

namespace {

using Kind = Loop::Instruction::Kind;

// The one instruction that reads the register; none where several do, or a result.
std::optional<int> only_reader(const Loop& loop, int read) {
  if (std::ranges::any_of(loop.results, [&](const Loop::Result& r) { return r.source == read; })) return std::nullopt;
  std::optional<int> found;
  for (size_t i = 0; i < loop.code.size(); ++i) {
    const Loop::Instruction& at = loop.code[i];
    if (at.a != read && at.b != read && at.c != read) continue;
    if (found) return std::nullopt;
    found = static_cast<int>(i);
  }
  return found;
}

// The register that loads all of input 0, element by element; none where there are several.
std::optional<int> product_of(const Loop& loop) {
  std::optional<int> found;
  for (size_t i = 0; i < loop.code.size(); ++i) {
    const Loop::Instruction& at = loop.code[i];
    if (at.kind != Kind::load || at.input != 0) continue;
    const Loop::Access& to = at.access;
    const bool plain = to.extent == Loop::Extent::full && to.divide == 1 && to.modulo >= loop.rows;
    if (found || !plain) return std::nullopt;
    found = static_cast<int>(i);
  }
  return found;
}

// The loop without the instructions that no result depends on.
Loop without_dead_code(Loop loop) {
  std::vector<char> live(loop.code.size(), 0);
  for (const Loop::Result& r : loop.results)
    if (r.source >= 0) live[static_cast<size_t>(r.source)] = 1;
  for (size_t i = loop.code.size(); i-- > 0;) {
    if (!live[i]) continue;
    for (int of : {loop.code[i].a, loop.code[i].b, loop.code[i].c})
      if (of >= 0) live[static_cast<size_t>(of)] = 1;
  }
  std::vector<int> now(loop.code.size(), -1);
  std::vector<Loop::Instruction> code;
  const auto moved = [&](int& of) { of = of < 0 ? of : now[static_cast<size_t>(of)]; };
  for (size_t i = 0; i < loop.code.size(); ++i) {
    if (!live[i]) continue;
    now[i] = static_cast<int>(code.size());
    code.push_back(loop.code[i]);
    moved(code.back().a), moved(code.back().b), moved(code.back().c);
  }
  for (Loop::Result& r : loop.results) moved(r.source);
  loop.code = std::move(code);
  return loop;
}

}  // namespace

std::optional<BiasedLoop> split_bias(const Loop& loop, std::span<const Type> inputs) {
  const std::optional<int> product = product_of(loop);
  const std::optional<int> sum = product ? only_reader(loop, *product) : std::nullopt;
  if (!sum) return std::nullopt;
  const Loop::Instruction& at = loop.code[static_cast<size_t>(*sum)];
  if (at.kind != Kind::map || at.function != Function::add || at.a == at.b) return std::nullopt;
  const Loop::Instruction& added = loop.code[static_cast<size_t>(at.a == *product ? at.b : at.a)];
  const bool is_bias = added.kind == Kind::load && added.extent == Loop::Extent::column &&
                       added.access.extent == Loop::Extent::column && added.input > 0 &&
                       inputs[static_cast<size_t>(added.input)].dtype == DType::f32;
  if (!is_bias) return std::nullopt;
  BiasedLoop split{.bias = added.input, .loop = loop};
  split.loop.code[static_cast<size_t>(*sum)] = loop.code[static_cast<size_t>(*product)];
  split.loop = without_dead_code(std::move(split.loop));
  return split;
}

bool only_stores_product(const Loop& loop) {
  return loop.results.size() == 1 && loop.results[0].kind == Loop::Result::Kind::store &&
         product_of(loop) == loop.results[0].source;
}

}  // namespace dl::cuda
