// Sums on the device, rows on the host.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/programs/measures.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/graph/ops.h"

namespace dl {
namespace {

// The variables with a use's sums: the sums, and what their rounding left.
std::vector<Variable> variables_of(bool training, const MeasureLayout& layout) {
  const std::string use = training ? "measures/train" : "measures/evaluate";
  const Type type{DType::f32, {layout.elements}};
  return {{use, type, Role::measure}, {use + "/rest", type, Role::measure}};
}

}  // namespace

Measures& operator+=(Measures& measures, const Measures& other) {
  for (const auto& [owner, kept] : other) measures[owner] += kept;
  return measures;
}

void MeasuresGraph::sum(const std::string& name, Value value) {
  const int64_t count = value.shape().elements();
  int64_t offset = layout_.elements;
  if (all_) {
    const auto place = std::ranges::find_if(
        all_->sums, [&](const MeasureLayout::Sum& sum) { return sum.owner == owner_ && sum.name == name; });
    DL_CHECK(place != all_->sums.end() && place->count == count, owner_, " has no place for its ", name);
    offset = place->offset;
  }
  layout_.sums.push_back({owner_, name, offset, count});
  parts_.push_back(value);
  offsets_.push_back(offset);
  layout_.elements = offset + count;
}

void MeasuresGraph::collect(const std::string& name, Value value) {
  const std::string output = "rows/" + owner_ + "/" + name;
  graph_.output(output, value);
  layout_.rows.push_back({owner_, name, output});
}

// Knuth's two-sum (The Art of Computer Programming 2, 4.2.2): the sum and, exactly, what rounding it lost.
MeasureLayout MeasuresGraph::add_up(bool training) {
  if (all_) layout_ = *all_;
  const std::vector<Variable> kept = variables_of(training, layout_);
  const Value before = variable(graph_, kept[0]), rest = variable(graph_, kept[1]);
  const Value batch = pack(parts_, offsets_, layout_.elements);
  const Value after = before + batch, added = after - before;
  graph_.assign(kept[0].name, after);
  graph_.assign(kept[1].name, rest + ((before - (after - added)) + (batch - added)));
  return layout_;
}

void Tally::clear(const MeasureLayout& layout) {
  rows_.clear();
  for (const Variable& v : variables_of(training_, layout)) {
    if (!store_.has(v.name)) continue;
    const std::vector<float> zeros(static_cast<size_t>(layout.elements), 0.0f);
    store_.write(v.name, zeros.data(), layout.elements);
  }
}

void Tally::after(const Program& program, const MeasureLayout& layout) {
  for (const MeasureLayout::Rows& rows : layout.rows) {
    if (!program.has_output(rows.output)) continue;
    buffer_.resize(static_cast<size_t>(program.output_type(rows.output).shape.elements()));
    program.read(rows.output, buffer_);
    std::vector<float>& all = rows_[rows.owner].columns[rows.name];
    all.insert(all.end(), buffer_.begin(), buffer_.end());
  }
}

Measures Tally::take(const MeasureLayout& layout) {
  Measures taken = peek(layout);
  clear(layout);
  return taken;
}

Measures Tally::peek(const MeasureLayout& layout) const {
  Measures measures = rows_;
  for (const Sum& sum : sums(layout)) {
    std::vector<double>& values = measures[sum.owner].sums[sum.name];
    for (size_t i = 0; i < sum.values.size(); ++i)
      values.push_back(static_cast<double>(sum.values[i]) + static_cast<double>(sum.rest[i]));
  }
  for (const MeasureLayout::Rows& rows : layout.rows) measures[rows.owner].columns[rows.name];
  return measures;
}

std::vector<Tally::Sum> Tally::sums(const MeasureLayout& layout) const {
  const std::vector<Variable> kept = variables_of(training_, layout);
  std::vector<float> values(static_cast<size_t>(layout.elements)), rest(values);
  if (store_.has(kept[0].name)) {
    values = store_.read(kept[0].name);
    rest = store_.read(kept[1].name);
  }
  std::vector<Sum> sums;
  for (const MeasureLayout::Sum& sum : layout.sums) {
    const auto of = [&](const std::vector<float>& all) {
      return std::vector<float>(all.begin() + sum.offset, all.begin() + sum.offset + sum.count);
    };
    sums.push_back({sum.owner, sum.name, of(values), of(rest)});
  }
  return sums;
}

void Tally::put_back(const MeasureLayout& layout, const Sum& saved) {
  const std::vector<Variable> kept = variables_of(training_, layout);
  for (const MeasureLayout::Sum& sum : layout.sums) {
    if (sum.owner != saved.owner || sum.name != saved.name || sum.count != std::ssize(saved.values)) continue;
    for (const Variable& v : kept) store_.declare(v);
    store_.write_part(kept[0].name, sum.offset, saved.values.data(), sum.count);
    store_.write_part(kept[1].name, sum.offset, saved.rest.data(), sum.count);
  }
}

}  // namespace dl
