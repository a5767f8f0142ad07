// Addresses from places.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/operands.h"

namespace dl {

Operands::Operands(const Layout& layout)
    : layout_(layout), bases_(layout.places.size()), calls_(layout.calls.size()), inputs_(layout.inputs.size()) {
  for (size_t c = 0; c < calls_.size(); ++c) {
    const Call& call = layout.calls[c];
    calls_[c].in.resize(call.in.size());
    calls_[c].out.resize(call.out.size());
    for (size_t k = 0; k < call.in.size(); ++k)
      if (const Place& place = place_of(call.in[k]); place.kind == Place::Kind::input)
        inputs_[static_cast<size_t>(place.index)].reads.push_back({&calls_[c].in[k], call.in[k].offset});
  }
  for (size_t p = 0; p < layout.places.size(); ++p)
    if (layout.places[p].kind == Place::Kind::input)
      inputs_[static_cast<size_t>(layout.places[p].index)].base = &bases_[p];
}

int64_t Operands::own_bytes(const Layout& layout) {
  return (static_cast<int64_t>(layout.constants.size()) + layout.results) * Layout::result_bytes;
}

void Operands::place(void* arena, std::span<void* const> variables, std::byte* own) {
  const auto constants = static_cast<int64_t>(layout_.constants.size());
  for (size_t p = 0; p < bases_.size(); ++p) {
    const Place& place = layout_.places[p];
    switch (place.kind) {
      case Place::Kind::arena: bases_[p] = static_cast<std::byte*>(arena) + offset_in_arena(place); break;
      case Place::Kind::variable:
        bases_[p] = static_cast<std::byte*>(variables[static_cast<size_t>(place.index)]);
        break;
      case Place::Kind::input: break;
      case Place::Kind::constant: bases_[p] = own + place.index * Layout::result_bytes; break;
      case Place::Kind::result: bases_[p] = own + (constants + place.index) * Layout::result_bytes; break;
    }
  }
  for (size_t c = 0; c < calls_.size(); ++c) {
    const Call& call = layout_.calls[c];
    for (size_t k = 0; k < call.in.size(); ++k) calls_[c].in[k] = at(call.in[k]);
    for (size_t k = 0; k < call.out.size(); ++k) calls_[c].out[k] = at(call.out[k]);
    calls_[c].scratch = call.scratch_place >= 0 ? bases_[static_cast<size_t>(call.scratch_place)] : nullptr;
  }
}

bool Operands::place_input(int input, std::byte* memory) {
  const InputReads& in = inputs_[static_cast<size_t>(input)];
  if (*in.base == memory) return false;
  *in.base = memory;
  for (const auto& [pointer, offset] : in.reads) *pointer = memory + offset;
  return true;
}

int64_t Operands::offset_in_arena(const Place& place) const {
  int64_t offset = place.offset;
  for (const Place* p = &place; p->parent >= 0;) {
    p = &layout_.places[static_cast<size_t>(p->parent)];
    offset += p->offset;
  }
  return offset;
}

}  // namespace dl
