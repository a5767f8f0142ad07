// Following registers back to what they are made from.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/loop_part.h"

#include <algorithm>

#include "lib/base/error.h"

namespace dl {
namespace {

using Extent = Loop::Extent;
using Kind = Loop::Instruction::Kind;

constexpr int not_needed = -1;

bool rounds(const Loop::Instruction& i) { return i.kind == Kind::map && i.function == Function::round_bf16; }

// The output that can be read as each register, or -1: one of `kept` that has all the register's bits. What every loop
// makes from nothing is made again.
std::vector<int> readable(const LoopOp& whole, std::span<const int> kept) {
  const std::vector<Loop::Instruction>& code = whole.loop.code;
  std::vector<int> output_of(code.size(), -1);
  for (const int output : kept) {
    const Loop::Result& r = result_of(whole.loop, output);
    if (r.kind != Loop::Result::Kind::store) continue;
    const auto source = static_cast<size_t>(r.source);
    const bool narrow = whole.outputs[static_cast<size_t>(output)].dtype != DType::f32;
    if (narrow && !rounds(code[source])) {  // the store rounds; others may read what it stores
      for (size_t i = source; i < code.size(); ++i)
        if (rounds(code[i]) && code[i].a == r.source) output_of[i] = output;
    } else if (code[source].kind != Kind::constant && code[source].kind != Kind::iota) {
      output_of[source] = output;
    }
  }
  return output_of;
}

// Which registers the outputs `wanted` need, where those that are readable need nothing.
std::vector<char> needed(const LoopOp& whole, std::span<const int> wanted, const std::vector<int>& output_of) {
  const std::vector<Loop::Instruction>& code = whole.loop.code;
  std::vector<char> needed(code.size(), 0);
  for (const int output : wanted) needed[static_cast<size_t>(result_of(whole.loop, output).source)] = 1;
  for (size_t i = code.size(); i-- > 0;) {
    if (!needed[i] || output_of[i] >= 0) continue;
    for (const int operand : {code[i].a, code[i].b, code[i].c}) {
      if (operand >= 0) needed[static_cast<size_t>(operand)] = 1;
    }
  }
  return needed;
}

bool is_store(const Loop& loop, int output) { return result_of(loop, output).kind == Loop::Result::Kind::store; }

}  // namespace

const Loop::Result& result_of(const Loop& loop, int output) {
  for (const Loop::Result& r : loop.results) {
    output -= r.kind == Loop::Result::Kind::moments ? 2 : 1;
    if (output < 0) return r;
  }
  DL_CHECK(false, "no output ", output);
  return loop.results.back();
}

LoopPart part_of(const LoopOp& whole, std::span<const int> wanted, std::span<const int> kept, bool first_input) {
  const Loop& from = whole.loop;
  const std::vector<int> output_of = readable(whole, kept);
  const std::vector<char> need = needed(whole, wanted, output_of);
  LoopPart part;
  part.loop.rows = from.rows;
  part.loop.cols = from.cols;
  if (first_input) part.inputs.push_back({});
  const auto slot = [&](bool is_output, int index) {
    const auto same = [&](const LoopPart::Source& s) { return s.is_output == is_output && s.index == index; };
    const auto known = std::ranges::find_if(part.inputs, same);
    if (known != part.inputs.end()) return static_cast<int>(known - part.inputs.begin());
    part.inputs.push_back({is_output, index});
    return static_cast<int>(part.inputs.size()) - 1;
  };
  std::vector<char> stored(from.code.size(), 0);
  for (const Loop::Result& r : from.results)
    stored[static_cast<size_t>(r.source)] |= r.kind == Loop::Result::Kind::store;
  std::vector<int> now(from.code.size(), not_needed);
  for (size_t i = 0; i < from.code.size(); ++i) {
    if (!need[i]) continue;
    Loop::Instruction made = from.code[i];
    if (output_of[i] >= 0) {
      const bool by_row = made.extent == Extent::row || made.extent == Extent::full;
      made = {.kind = Kind::load,
              .extent = made.extent,
              .input = slot(true, output_of[i]),
              .access = {made.extent, 1, by_row ? from.rows : 1}};
    } else {
      made.rounded = made.rounded || stored[i];
      if (made.kind == Kind::load || made.kind == Kind::random) made.input = slot(false, made.input);
      for (int* operand : {&made.a, &made.b, &made.c}) {
        if (*operand >= 0) *operand = now[static_cast<size_t>(*operand)];
      }
    }
    now[i] = static_cast<int>(part.loop.code.size());
    part.loop.code.push_back(made);
  }
  for (const int output : wanted) {
    DL_CHECK(is_store(from, output), "output ", output, " is a sum");
    part.loop.results.push_back({.source = now[static_cast<size_t>(result_of(from, output).source)]});
    part.outputs.push_back(whole.outputs[static_cast<size_t>(output)]);
  }
  return part;
}

std::vector<int> made_from_others(const LoopOp& whole, const std::function<bool(int input)>& avoid) {
  const auto count = static_cast<int>(whole.outputs.size());
  std::vector<int> left, dropped;
  for (int o = 0; o < count; ++o) left.push_back(o);
  for (int o = count; o-- > 0;) {
    if (!is_store(whole.loop, o)) continue;
    std::vector<int> others = left;
    std::erase(others, o);
    dropped.push_back(o);
    const std::vector<int> output_of = readable(whole, others);
    const std::vector<char> need = needed(whole, dropped, output_of);
    bool avoided = true;
    for (size_t i = 0; i < need.size(); ++i) {
      const Loop::Instruction& instruction = whole.loop.code[i];
      if (need[i] && output_of[i] < 0 && instruction.kind == Kind::load && avoid(instruction.input)) avoided = false;
    }
    if (avoided)
      left = others;
    else
      dropped.pop_back();
  }
  return dropped;
}

}  // namespace dl
