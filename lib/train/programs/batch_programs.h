// Programs that run on a data set's batches.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "lib/data/loader.h"
#include "lib/device/program.h"
#include "lib/train/programs/programs.h"

namespace dl {

// A program for batches of one type: where each field goes in, found once.
class BatchProgram {
 public:
  BatchProgram(Program& program, const Dataset& data, const BatchType& batch);

  Program& program() { return *program_; }
  // Every field that the program reads. The batch must stay until the program's launch has returned.
  void feed(const Batch& batch);
  // The same of a program that does not update; `number` of the batch numbers its random draws, where it has any.
  void feed(const Batch& batch, int64_t number);

 private:
  struct Field {
    Slot input;
    size_t index = 0;  // in the batch
    size_t bytes = 0;
  };
  Program* program_;
  std::vector<Field> fields_;
  Slot step_;
  int32_t number_ = 0;
};

// One kind of program for each type of batch that occurs, made when the first such batch comes.
class BatchPrograms {
 public:
  using Make = std::function<Program&(const BatchType& batch)>;
  BatchPrograms(Make make, const Dataset& data) : make_(std::move(make)), data_(data) {}

  BatchProgram& of(const BatchType& batch);
  void forget() { made_.clear(); }  // they are asked for anew

 private:
  Make make_;
  const Dataset& data_;
  std::map<BatchType, BatchProgram> made_;
};

}  // namespace dl
