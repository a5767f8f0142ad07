// A graph laid out: its kernels in order, and which memory each of their operands has.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/device/program.h"

namespace dl {

// Memory that one or several values share.
struct Place {
  enum class Kind { arena, variable, input, constant } kind = Kind::arena;
  int64_t bytes = 0;
  int first = 1 << 30, last = -1;  // steps that touch it
  int parent = -1;                 // arena: lies in this place instead, `offset` bytes in
  int64_t offset = 0;
  void* data = nullptr;  // constant: where it is; the others: bound before a run
  int slot = -1;         // input
  std::string variable;  // its name
};

// A value's memory.
struct Spot {
  int place = -1;
  int64_t offset = 0;  // bytes
};

struct Call {
  std::unique_ptr<Kernel> kernel;
  std::vector<Spot> in, out;
  int scratch_place = -1;
  Program::Step step;
  int node = -1;
  std::vector<void*> in_pointers, out_pointers;  // bound before a run
  void* scratch = nullptr;
};

struct Layout {
  std::vector<Place> places;
  std::vector<Call> calls;
  struct InputSlot {
    std::string name;
    Type type;
    const void* data = nullptr;
    int place = -1;
  };
  std::vector<InputSlot> inputs;
  struct Result {
    Type type;
    Spot spot;
  };
  std::map<std::string, Result> outputs;
  struct Copy {  // after the calls, in order: an assignment whose value could not be computed in place
    Spot from, to;
    int64_t bytes = 0;
  };
  std::vector<Copy> copies;
  std::vector<std::pair<void*, int64_t>> owned;  // memory of the device, to be released with the program
  int64_t arena_bytes = 0;
  double flops = 0;
};

// Compiles the live operations of a graph, fused already where the device fuses, in the graph's order, and gives each
// value a place. Variables that the store does not have are made known to it. ShapeError where the step's memory is
// larger than 64 bits count.
Layout lay_out(const Graph& graph, Store& store);

}  // namespace dl
