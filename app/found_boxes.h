// Boxes that a detector found, as people see them: in pixels of their image, as lines of CSV or of JSON
// (docs/file-formats.md).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/graph/boxes.h"
#include "lib/train/inference/evaluate.h"
#include "lib/train/plan/plan.h"

namespace dl {

// Whether what the plan predicts are boxes.
bool predicts_boxes(const Plan& plan);

class FoundBoxes {
 public:
  // In pixels of images of this size; unset: of the sample's file as it stands upright, where that is an image, else of
  // the sample before transforms.
  FoundBoxes(const Plan& plan, const Dataset& data, std::optional<Pair> size = {});

  // Of a sample, in the order of falling scores.
  std::vector<BoxRow> of(const Prediction& prediction) const;
  std::string class_name(const BoxRow& box) const;

  static std::string csv_header();
  std::string csv(const std::string& input, const Prediction& prediction) const;   // a line a box
  std::string json(const std::string& input, const Prediction& prediction) const;  // one line

 private:
  const Plan& plan_;
  const Dataset& data_;
  const std::optional<Pair> size_;
};

}  // namespace dl
