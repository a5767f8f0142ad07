// Boxes brought back to their image.
// SPDX-License-Identifier: Apache-2.0
#include "app/found_boxes.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "app/console/json.h"
#include "app/console/text.h"
#include "lib/base/csv_cell.h"
#include "lib/base/error.h"
#include "lib/data/image/image.h"
#include "lib/data/image/image_names.h"
#include "lib/data/transform.h"

namespace dl {
namespace {

// Of the sample's file; else `otherwise`.
Pair size_of_file(const Dataset& data, int64_t index, Pair otherwise, const ImageLimits& limits) {
  const std::filesystem::path file = data.place(index).file;
  std::error_code unreadable;
  if (!is_image_name(file) || !std::filesystem::is_regular_file(file, unreadable)) return otherwise;
  return image_size(file, limits);
}

constexpr std::array sides{&Box::left, &Box::top, &Box::right, &Box::bottom};

}  // namespace

bool predicts_boxes(const Plan& plan) {
  const Loss* loss = plan.objectives.predicted_by();
  return loss && loss->reads() == Loss::Reads::boxes;
}

FoundBoxes::FoundBoxes(const Plan& plan, const Dataset& data, std::optional<Pair> size)
    : plan_(plan), data_(data), size_(size) {}

std::vector<BoxRow> FoundBoxes::of(const Prediction& prediction) const {
  const auto* rows = reinterpret_cast<const BoxRow*>(prediction.output.data());
  std::vector<BoxRow> found(rows, rows + prediction.positions());
  std::erase_if(found, [](const BoxRow& row) { return !row.is_box(); });
  if (found.empty()) return found;
  const Shape& raw = plan_.data.raw_input.shape;
  const Pair read(raw[0], raw[1]);
  constexpr ImageLimits any{.pixels = int64_t{1} << 32};
  const Pair told = size_ ? *size_ : size_of_file(data_, prediction.index, read, any);
  // Outside training an image is stretched and cut alone, so that two points tell all.
  std::array<Point, 2> corners{Point{0, 0}, Point{static_cast<double>(read.w), static_cast<double>(read.h)}};
  move_points(data_, corners);
  const auto back = [](float at, double begin, double end, int64_t size) {
    const double share = (double{at} - begin) / (end - begin);
    return static_cast<float>(std::clamp(share, 0.0, 1.0) * static_cast<double>(size));
  };
  for (BoxRow& row : found) {
    Box& b = row.box;
    b = {back(b.left, corners[0].x, corners[1].x, told.w), back(b.top, corners[0].y, corners[1].y, told.h),
         back(b.right, corners[0].x, corners[1].x, told.w), back(b.bottom, corners[0].y, corners[1].y, told.h)};
  }
  return found;
}

std::string FoundBoxes::class_name(const BoxRow& box) const {
  const auto label = static_cast<size_t>(box.label);
  return label < plan_.data.classes.size() ? plan_.data.classes[label] : std::to_string(label);
}

std::string FoundBoxes::csv_header() { return "input,class,score,left,top,right,bottom\n"; }

std::string FoundBoxes::csv(const std::string& input, const Prediction& prediction) const {
  std::string text;
  for (const BoxRow& row : of(prediction)) {
    text += csv_cell(input) + "," + csv_cell(class_name(row)) + "," + float_text(row.more);
    for (const auto side : sides) text += "," + float_text(row.box.*side);
    text += "\n";
  }
  return text;
}

std::string FoundBoxes::json(const std::string& input, const Prediction& prediction) const {
  Node boxes = Node::list();
  for (const BoxRow& row : of(prediction)) {
    Node box = Node::list();
    for (const auto side : sides) box.items.push_back(Node::scalar(float_text(row.box.*side)));
    boxes.items.push_back(json_object({{"class", Node::string(class_name(row))},
                                       {"score", Node::scalar(float_text(row.more))},
                                       {"box", std::move(box)}}));
  }
  Node line = json_object({{"input", Node::string(input)}});
  line.set("boxes", std::move(boxes));
  return json_line(line);
}

}  // namespace dl
