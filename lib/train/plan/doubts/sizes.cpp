// Inputs and targets that are far from 1, where nothing brings them near it.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/labelled.h"
#include "lib/data/one_sample.h"
#include "lib/data/streamed.h"
#include "lib/graph/ops/map.h"
#include "lib/graph/ops/reduce.h"
#include "lib/train/plan/doubts/doubts.h"

namespace dl {
namespace {

// Of the numbers of a field in the first samples; none where they are not to be had without much ado.
struct Spread {
  double mean = 0, deviation = 0;
  double least = INFINITY, most = -INFINITY;
  bool whole = true;  // numbers all
  double size() const { return std::hypot(mean, deviation); }
  bool is_of_bytes() const { return whole && least >= 0 && most > 100 && most <= 255; }
};
std::optional<Spread> spread_of(const Dataset& data, const std::string& name) {
  constexpr int64_t most_bytes = 1 << 26;  // of what is read for this alone
  int64_t bytes = 0;                       // of a sample
  for (const SampleField& field : data.fields()) bytes += field.type.bytes();
  if (capability<Streamed>(data) || bytes > most_bytes || (data.in_memory() && data.size() > most_bytes / bytes))
    return {};
  const auto place = static_cast<size_t>(field_index(data, name));
  OneSample sample(data);
  std::vector<float> numbers(static_cast<size_t>(data.fields()[place].type.shape.elements()));
  Spread spread;
  double sum = 0, squares = 0, count = 0;
  constexpr int64_t looked_at = 16;
  for (int64_t i = 0; i < std::min(data.size(), looked_at); ++i) {
    try {
      sample.read(i);
    } catch (const Error&) {
      return {};  // told when it is trained on
    }
    std::memcpy(numbers.data(), sample.bytes(place), numbers.size() * sizeof(float));
    for (const double number : numbers) {
      if (!std::isfinite(number)) continue;
      spread.least = std::min(spread.least, number);
      spread.most = std::max(spread.most, number);
      spread.whole &= number == std::floor(number);
      sum += number;
      squares += number * number;
      ++count;
    }
  }
  if (count == 0) return {};
  spread.mean = sum / count;
  spread.deviation = std::sqrt(std::max(0.0, squares / count - spread.mean * spread.mean));
  return spread;
}

// With two digits that count.
std::string roughly(double number) {
  const double unit = number == 0 ? 1 : std::pow(10, std::floor(std::log10(std::abs(number))) - 1);
  return number_text(std::round(number / unit) * unit);
}

// Whether a layer divides by deviations or lengths: by its statistics, or by a reciprocal root of what it is given.
bool normalizes(const Network& network) {
  Graph g;
  build_for_one_sample(network, g, true);
  for (int i = 0; i < g.size(); ++i) {
    const auto* map = dynamic_cast<const Map*>(g.node(i).op.get());
    if (dynamic_cast<const MomentsOp*>(g.node(i).op.get()) || (map && map->function == Function::rsqrt)) return true;
  }
  return false;
}

std::string help_for_inputs(const SampleField& input, const Spread& spread) {
  if (input.name != "x") return "divide them before they are saved";
  const bool of_bytes = input.type.shape.rank() == 3 && spread.is_of_bytes();
  const std::string normalize =
      of_bytes ? "{mean: 127.5, std: 127.5}"
               : concat("{mean: ", roughly(spread.mean),
                        ", std: ", roughly(spread.deviation > 0 ? spread.deviation : spread.size()), "}");
  return concat(of_bytes ? "save the images by .astype(numpy.uint8), or " : "",
                "write 'transforms: [normalize: ", normalize, "]' below 'data'");
}

// Pixels from 0 to 255, ages, incomes: a layer's first weights are for numbers around 1.
void doubt_large_inputs(const Plan& plan, Doubts& doubts) {
  constexpr double most = 30;
  if (plan.data.raw_input.dtype == DType::u8) return;
  for (const SampleField& input : plan.data.inputs) {
    if (input.type.dtype != DType::f32 || input.boxes || input.pixels) continue;
    const auto spread = spread_of(*plan.data.train, input.name);
    if (!spread || spread->size() < most || normalizes(*plan.network)) continue;
    doubts.at_key("data.train",
                  concat("the numbers of '", input.name, "' are around ", roughly(spread->size()),
                         ", and nothing brings them near 1, for which the first weights are made"),
                  help_for_inputs(input, *spread));
  }
}
DL_DOUBT(doubt_large_inputs);

// Prices and counts as they are, which updates of a learning rate's size do not reach.
void doubt_large_targets(const Plan& plan, Doubts& doubts) {
  constexpr double most = 1000;
  for (const Objectives::Term& term : plan.objectives.losses()) {
    const Loss& loss = *term.loss;
    const SampleField* target = loss.reads_field() ? training_field(plan, loss.from.target) : nullptr;
    if (!target || target->type.dtype != DType::f32 || target->normalized || target->boxes || !loss.takes_scaled() ||
        loss.reads() != Loss::Reads::numbers)
      continue;
    const auto spread = spread_of(*plan.data.train, target->name);
    if (!spread || spread->size() < most) continue;
    doubts.at_loss(loss,
                   concat("the targets '", target->name, "' are around ", roughly(spread->size()),
                          ", which updates of the size of a learning rate do not reach soon"),
                   concat("save them divided by ", roughly(spread->size()),
                          ", or in a table, whose targets are normalized as they are read"));
  }
}
DL_DOUBT(doubt_large_targets);

}  // namespace
}  // namespace dl
