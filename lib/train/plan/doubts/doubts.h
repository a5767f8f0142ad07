// What can be trained but is likely not meant: rules, in one file a subject, which register themselves.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/train/plan/plan.h"

namespace dl {

// Of a plan that is right: each with its place and what to write, in the order of their places in the config; behind
// them those that have no line in it, as what --set gave.
std::vector<Problem> doubts_of(const Plan& plan);

// The path of a layer that normalizes each channel over the batch, and of a batch of one sample has a single value of
// it; empty where there is none.
std::string normalized_over_the_batch(const Network& network);

// What rules have found in a plan, which must outlive it.
class Doubts {
 public:
  explicit Doubts(const Plan& plan) : plan_(plan), layers_(plan.network->layers()) {}

  void at(Where where, std::string path, std::string what, std::string help);
  void at_key(const std::string& path, std::string what, std::string help);
  void at_loss(const Loss& loss, std::string what, std::string help);
  // Of a layer by its path; at the model where no layer has it.
  void at_layer(const std::string& path, std::string what, std::string help);

  const std::vector<LayerSummary>& layers() const { return layers_; }
  const LayerSummary* layer(const std::string& path) const;  // null where there is none
  std::vector<Problem> in_order() const;                     // as doubts_of() has them

 private:
  const Plan& plan_;
  const std::vector<LayerSummary> layers_;
  std::vector<Problem> found_;
};

// Looks at one thing in a plan, and appends what it doubts of it.
using DoubtRule = void (*)(const Plan& plan, Doubts& doubts);
bool add_doubt_rule(std::string_view name, DoubtRule rule);  // twice the same name is a failed check

// For rules: what the network gives for one sample, in a graph of its own; the nodes that others depend on, and these
// themselves; the training set's field of a name, null where there is none.
NetworkOutputs build_for_one_sample(const Network& network, Graph& g, bool training = false);
std::set<int> nodes_behind(const Graph& g, std::vector<int> nodes);
const SampleField* training_field(const Plan& plan, const std::string& name);

}  // namespace dl

// DL_DOUBT(doubt_rates): once, behind the rule, in its file.
#define DL_DOUBT(rule) [[maybe_unused]] static const bool rule##_added = ::dl::add_doubt_rule(#rule, rule)
