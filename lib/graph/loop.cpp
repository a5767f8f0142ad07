// Loops as text, and what they cost.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/loop.h"

#include "lib/base/error.h"

namespace dl {

namespace {

const char* extent_name(Loop::Extent e) {
  switch (e) {
    case Loop::Extent::scalar: return "scalar";
    case Loop::Extent::column: return "column";
    case Loop::Extent::row: return "row";
    case Loop::Extent::full: return "full";
  }
  return "?";
}

}  // namespace

std::string Loop::text() const {
  std::ostringstream out;
  out.precision(17);
  out << rows << "x" << cols << ":";
  for (size_t i = 0; i < code.size(); ++i) {
    const Instruction& ins = code[i];
    out << " r" << i << "=";
    switch (ins.kind) {
      case Instruction::Kind::load:
        out << "load(" << ins.input << " " << extent_name(ins.access.extent) << " " << ins.access.divide << " "
            << ins.access.modulo << ")";
        break;
      case Instruction::Kind::constant: out << ins.value; break;
      case Instruction::Kind::iota: out << "iota"; break;
      case Instruction::Kind::random: out << "random(" << ins.input << " " << ins.key << ")"; break;
      case Instruction::Kind::row_sum: out << "row_sum(r" << ins.a << ")"; break;
      case Instruction::Kind::row_max: out << "row_max(r" << ins.a << ")"; break;
      case Instruction::Kind::map:
        out << name_of(ins.function) << "(r" << ins.a;
        if (ins.b >= 0) out << " r" << ins.b;
        if (ins.c >= 0) out << " r" << ins.c;
        out << ")";
        break;
    }
    if (ins.rounded) out << "'";
  }
  static constexpr const char* kinds[] = {"store", "sum", "moments", "total"};
  for (const Result& r : results) {
    out << " " << kinds[static_cast<size_t>(r.kind)] << "(r" << r.source;
    if (r.group) out << " by " << r.group;
    out << ")";
  }
  return out.str();
}

double Loop::flops() const {
  double flops = 0;
  for (const Instruction& ins : code) {
    if (ins.kind != Instruction::Kind::map && ins.kind != Instruction::Kind::row_sum &&
        ins.kind != Instruction::Kind::row_max)
      continue;
    const bool over_rows = ins.extent == Extent::full || ins.extent == Extent::row;
    const bool over_cols =
        ins.extent == Extent::full || ins.extent == Extent::column || ins.kind != Instruction::Kind::map;
    flops += static_cast<double>((over_rows ? rows : 1) * (over_cols ? cols : 1));
  }
  for (const Result& r : results) {
    if (r.kind != Result::Kind::store)
      flops += static_cast<double>(rows * cols) * (r.kind == Result::Kind::moments ? 3 : 1);
  }
  return flops;
}

Cost LoopOp::cost(std::span<const Type> in, std::span<const Type> out) const {
  Cost cost = Op::cost(in, out);
  cost.flops = loop.flops();
  return cost;
}

std::string LoopOp::attributes() const {
  std::string text = loop.text();
  for (const Type& type : outputs)
    text += concat(" ", type.shape.text(), type.dtype == DType::f32 ? "" : name_of(type.dtype));
  return text;
}

std::string EpilogueOp::attributes() const {
  return concat(base->name(), "{", base->attributes(), "} ", loop.attributes());
}

Cost EpilogueOp::cost(std::span<const Type> in, std::span<const Type> out) const {
  Cost cost = Op::cost(in, out);
  const Type product[] = {base_type};
  cost.flops = base->cost(in.first(static_cast<size_t>(base_inputs)), product).flops + loop.loop.flops();
  return cost;
}

}  // namespace dl
