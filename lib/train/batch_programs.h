// Programs that run on a data set's batches.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <vector>

#include "lib/data/loader.h"
#include "lib/device/program.h"
#include "lib/train/programs.h"

namespace dl {

// A program for batches of one size: where each field goes in, found once.
class BatchProgram {
 public:
  BatchProgram(Program& program, const Dataset& data, int64_t batch);

  Program& program() { return *program_; }
  // Every field that the program reads. The batch must stay until the program's launch has returned.
  void feed(const Batch& batch);

 private:
  struct Field {
    Slot input;
    size_t index = 0;  // in the batch
    size_t bytes = 0;
  };
  Program* program_;
  std::vector<Field> fields_;
};

// One kind of program for each size that occurs, made when the first batch of the size comes.
class BatchPrograms {
 public:
  using Make = Program& (Programs::*)(int64_t batch);
  BatchPrograms(Programs& programs, Make make, const Dataset& data) : programs_(programs), make_(make), data_(data) {}

  BatchProgram& of(int64_t batch);

 private:
  Programs& programs_;
  const Make make_;
  const Dataset& data_;
  std::map<int64_t, BatchProgram> made_;
};

}  // namespace dl
