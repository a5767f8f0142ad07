// A graph laid out: its kernels in order, and which memory each of their operands has.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/device/program.h"

namespace dl {

// Memory that one or several values share.
struct Place {
  enum class Kind { arena, variable, input, constant, result } kind = Kind::arena;
  int64_t bytes = 0;
  int first = 1 << 30, last = -1;  // calls that touch it
  int parent = -1;                 // arena: lies in this place instead, `offset` bytes in
  int64_t offset = 0;
  int index = -1;  // among the layout's variables, inputs, constants or results
};

// A value's memory.
struct Address {
  int place = -1;
  int64_t offset = 0;  // bytes
};

struct Call {
  std::unique_ptr<Kernel> kernel;
  std::vector<Address> in, out;
  int scratch_place = -1;
  Program::KernelCall about;
  int node = -1;
};

struct Layout {
  std::vector<Place> places;
  std::vector<Call> calls;
  struct Copy {  // after the calls, in order: what could not be computed where it belongs
    Address from, to;
    int64_t bytes = 0;
  };
  std::vector<Copy> copies;

  std::vector<std::string> variables;
  std::vector<std::string> changed;  // of the variables
  struct Input {
    std::string name;
    Type type;
  };
  std::vector<Input> inputs;
  std::vector<float> constants;
  // Outputs of one f32 lie apart from the arena, so that they are read together and outlast other programs' runs.
  struct Output {
    std::string name;
    Type type;
    Address from;     // never an input's memory
    int result = -1;  // which result it is, if it is one
  };
  std::vector<Output> outputs;
  struct FaultOf {
    int call = 0, result = 0;
  };
  std::vector<FaultOf> faults;
  int results = 0;                             // of both kinds
  static constexpr int64_t result_bytes = 64;  // from one result to the next

  int64_t arena_bytes = 0;
  double flops = 0;
};

// Compiles the live operations of a graph, fused already where the device fuses, in the graph's order, and gives each
// value a place. Variables that the store does not have are made known to it. ShapeError where the program's memory is
// larger than 64 bits count.
Layout lay_out(const Graph& graph, Store& store);

}  // namespace dl
