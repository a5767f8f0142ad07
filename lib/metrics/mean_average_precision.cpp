// Mean average precision of boxes (Lin et al. 2014, arXiv:1405.0312) as pycocotools' COCOeval has it: over the classes
// and the thresholds of intersection over union .50, .55 … .95 the mean of the precision at recalls 0, .01 … 1, of at
// most 100 boxes of a class on an image
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "lib/base/error.h"
#include "lib/graph/boxes.h"
#include "lib/nn/metric.h"

namespace dl {
namespace {

constexpr size_t thresholds = 10;
constexpr size_t most_found = 100;  // of a class, on an image

double threshold(size_t i) { return i + 1 < thresholds ? 0.5 + static_cast<double>(i) * ((0.95 - 0.5) / 9) : 0.95; }

// Of a crowd the share of the found box that lies in it.
double overlap_in_double(const Box& found, const BoxRow& truth) {
  const auto side = [](float begin, float end) { return double{end} - double{begin}; };
  const auto area = [&](const Box& b) { return side(b.left, b.right) * side(b.top, b.bottom); };
  const Box& t = truth.box;
  const double w = side(std::max(found.left, t.left), std::min(found.right, t.right));
  const double h = side(std::max(found.top, t.top), std::min(found.bottom, t.bottom));
  if (w <= 0 || h <= 0) return 0;
  return w * h / (truth.more == BoxRow::crowd ? area(found) : area(found) + area(t) - w * h);
}

// A found box, and what it is by each threshold.
struct Judged {
  enum class As : uint8_t { wrong, right, ignored };
  float score = 0;
  std::array<As, thresholds> as{};
};

// All that was found and is there of one class, image after image.
struct ClassFound {
  std::vector<Judged> judged;
  int64_t counted = 0;  // boxes there are

  // Both of one image. Each box that is there is found once, by the best of those that overlap it; what falls to one
  // that does not count is ignored, a crowd any number of times.
  void add(std::vector<BoxRow> found, std::vector<BoxRow> there) {
    std::ranges::stable_sort(found, std::greater<>(), &BoxRow::more);
    if (found.size() > most_found) found.resize(most_found);
    std::ranges::stable_partition(there, [](const BoxRow& row) { return row.more == BoxRow::counted; });
    counted += std::ranges::count(there, BoxRow::counted, &BoxRow::more);
    const size_t first = judged.size();
    for (const BoxRow& row : found) judged.push_back({row.more});
    for (size_t t = 0; t < thresholds; ++t) {
      std::vector<bool> taken(there.size());
      for (size_t i = 0; i < found.size(); ++i) {
        const auto match = matched(found[i].box, there, taken, threshold(t));
        if (!match) continue;
        taken[*match] = true;
        judged[first + i].as[t] = there[*match].more == BoxRow::counted ? Judged::As::right : Judged::As::ignored;
      }
    }
  }

  // Of the judged in the order of falling scores.
  double average_precision(size_t t) const {
    std::vector<double> precision, recall;
    double right = 0, wrong = 0;
    for (const Judged& each : judged) {
      right += each.as[t] == Judged::As::right;
      wrong += each.as[t] == Judged::As::wrong;
      recall.push_back(right / static_cast<double>(counted));
      precision.push_back(right / (right + wrong + std::numeric_limits<double>::epsilon()));
    }
    for (size_t i = precision.size(); i > 1; --i) precision[i - 2] = std::max(precision[i - 2], precision[i - 1]);
    constexpr int recalls = 101;
    double sum = 0;
    for (int r = 0; r < recalls; ++r) {
      const auto at = std::ranges::lower_bound(recall, r + 1 < recalls ? 0.01 * r : 1.0) - recall.begin();
      if (at < std::ssize(precision)) sum += precision[static_cast<size_t>(at)];
    }
    return sum / recalls;
  }

 private:
  static std::optional<size_t> matched(const Box& found, const std::vector<BoxRow>& there,
                                       const std::vector<bool>& taken, double least) {
    std::optional<size_t> match;
    double best = std::min(least, 1 - 1e-10);
    for (size_t g = 0; g < there.size(); ++g) {
      if (taken[g] && there[g].more != BoxRow::crowd) continue;
      if (match && there[*match].more == BoxRow::counted && there[g].more != BoxRow::counted) break;
      const double by = overlap_in_double(found, there[g]);
      if (by < best) continue;
      best = by;
      match = g;
    }
    return match;
  }
};

struct MeanAveragePrecision final : Metric {
  void describe_keys(Schema& s) override {
    s.summary("how well boxes are found: the mean over classes and overlaps of the precision at all recalls");
    s.details(
        "COCO's: the mean over the intersections over union .50, .55 … .95, and beside it those of .50 and .75 alone, "
        "as _50 and _75. Crowds and boxes that are left out count neither for nor against. Classes that are nowhere in "
        "the set do not count. At most 'detections_per_img' boxes of the loss are measured of an image.");
    s.also_known_as({"map", "mAP", "MeanAveragePrecision", "coco_map", "box_map"});
    s.example("mean_average_precision");
  }
  std::vector<Loss::Reads> takes() const override { return {Loss::Reads::boxes}; }
  void stand_in(const MetricSetting& setting) override {
    found_ = static_cast<size_t>(setting.prediction.shape[0]);
    there_ = static_cast<size_t>(setting.target.shape[0]);
    classes_ = setting.classes;
  }
  void add(Keep& keep, const Fields& f) const override {
    keep.collect("found", reshape(f.prediction, {-1, BoxRow::columns}));
    keep.collect("there", reshape(f.target, {-1, BoxRow::columns}));
  }
  std::vector<std::string> names() const override { return {"", "_50", "_75"}; }
  std::vector<double> figures(const Kept& kept) const override {
    std::vector<double> sums(thresholds), means;
    double classes = 0;
    for (const ClassFound& each : by_class(kept)) {
      if (each.counted == 0) continue;
      ++classes;
      for (size_t t = 0; t < thresholds; ++t) sums[t] += each.average_precision(t);
    }
    const double all = std::accumulate(sums.begin(), sums.end(), 0.0) / thresholds;
    for (const double sum : {all, sums[0], sums[5]})
      means.push_back(classes > 0 ? sum / classes : std::numeric_limits<double>::quiet_NaN());
    return means;
  }
  std::optional<MetricTable> table(const Kept& kept) const override {
    MetricTable table{.columns = {"class", "boxes", "AP", "AP_50", "AP_75"}};
    const std::vector<ClassFound> found = by_class(kept);
    for (size_t c = 0; c < found.size(); ++c) {
      if (found[c].counted == 0) continue;
      std::array<double, thresholds> precisions{};
      for (size_t t = 0; t < thresholds; ++t) precisions[t] = found[c].average_precision(t);
      table.rows.push_back(c < classes_.size() ? classes_[c] : std::to_string(c));
      const double mean = std::accumulate(precisions.begin(), precisions.end(), 0.0) / thresholds;
      for (const double value : {static_cast<double>(found[c].counted), mean, precisions[0], precisions[5]})
        table.values.push_back(value);
    }
    return table;
  }
  bool higher_is_better() const override { return true; }

 private:
  // Of each class, in the order of falling scores.
  std::vector<ClassFound> by_class(const Kept& kept) const {
    const std::vector<float>&found = kept.column("found"), &there = kept.column("there");
    std::vector<ClassFound> classes;
    const size_t images = there.size() / (there_ * BoxRow::columns);
    for (size_t image = 0; image < images; ++image) {
      std::vector<std::pair<std::vector<BoxRow>, std::vector<BoxRow>>> rows(classes.size());
      const auto sort_out = [&](const std::vector<float>& all, size_t each, auto part) {
        const auto* row = reinterpret_cast<const BoxRow*>(all.data()) + image * each;
        for (size_t i = 0; i < each && row[i].is_box(); ++i) {
          const auto label = static_cast<size_t>(row[i].label);
          if (label >= rows.size()) rows.resize(label + 1);
          (rows[label].*part).push_back(row[i]);
        }
      };
      using Rows = std::pair<std::vector<BoxRow>, std::vector<BoxRow>>;
      sort_out(found, found_, &Rows::first);
      sort_out(there, there_, &Rows::second);
      classes.resize(rows.size());
      for (size_t c = 0; c < rows.size(); ++c) classes[c].add(std::move(rows[c].first), std::move(rows[c].second));
    }
    for (ClassFound& each : classes) std::ranges::stable_sort(each.judged, std::greater<>(), &Judged::score);
    return classes;
  }

  size_t found_ = 1, there_ = 1;  // rows of an image
  std::vector<std::string> classes_;
};
DL_METRIC(MeanAveragePrecision, "mean_average_precision");

}  // namespace
}  // namespace dl
