// Feeding batches to programs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/programs/batch_programs.h"

namespace dl {

BatchProgram::BatchProgram(Program& program, const Dataset& data, const BatchType& batch)
    : program_(&program), step_(program.input("step")) {
  for (size_t i = 0; i < data.fields().size(); ++i) {
    const SampleField& field = data.fields()[i];
    if (const Slot input = program.input(field.name))
      fields_.push_back({input, i, static_cast<size_t>(batch.sample(field.name, field.type).bytes() * batch.count)});
  }
}

void BatchProgram::feed(const Batch& batch) {
  for (const Field& field : fields_) program_->feed(field.input, std::span(batch.fields[field.index], field.bytes));
}

void BatchProgram::feed(const Batch& batch, int64_t number) {
  feed(batch);
  number_ = static_cast<int32_t>(number);
  if (step_) program_->feed(step_, std::span(&number_, 1));
}

BatchProgram& BatchPrograms::of(const BatchType& batch) {
  const auto known = made_.find(batch);
  if (known != made_.end()) return known->second;
  return made_.emplace(batch, BatchProgram(make_(batch), data_, batch)).first->second;
}

}  // namespace dl
