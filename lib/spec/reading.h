// Reading: where the reader of a spec stands, and the problems found so far.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/spec/node.h"
#include "lib/spec/units.h"

namespace dl {

// What a field's values must satisfy; of lists and pairs, each element.
struct Limits {
  std::optional<double> at_least, at_most, above, below;
  std::vector<std::string> one_of;                              // strings
  std::optional<Duration::Unit> unit;                           // of a bare number
  std::vector<Duration::Unit> units;                            // allowed; empty: all
  std::vector<std::pair<std::string, std::string>> instead_of;  // values of other frameworks, each with its help
  std::string help;                                             // of a value that is not taken; may be empty
  std::string type;                                             // of a Node: "a list of layers"; else empty
};

// Adds the problem, unless the same was said of the same place (a block used twice) or 100 are there already.
void add_problem(std::vector<Problem>& problems, Problem problem);

// "known keys: a, b", or that there are none.
std::string known_keys_text(const std::vector<std::string>& known);

// A place in the spec and the list that problems go to. Cheap to copy; problems outlives it.
class Reading {
 public:
  explicit Reading(std::vector<Problem>& problems, std::string path = {});

  const std::string& path() const { return path_; }    // "model[3].conv2d"
  const std::string& label() const { return label_; }  // "model[3] (conv2d)": what problems of the object itself name

  Reading key(std::string_view key) const;              // path.key
  Reading index(size_t index) const;                    // path[index]
  Reading registered(std::string_view name) const;      // path "model[3].conv2d", label "model[3] (conv2d)"
  Reading noted(std::vector<std::string> notes) const;  // each problem gets these notes after its own

  void problem(const Where& where, std::string what, std::string help = {}, std::vector<std::string> notes = {}) const;
  // "expected EXPECTED, got …": the value is named.
  void expected(const Node& node, std::string_view expected, std::string help = {}) const;
  // "unknown key 'kernal_size'", with those that are known; returns the nearest of them, or "".
  std::string unknown_key(const Node::Entry& entry, const std::vector<std::string>& known) const;
  size_t problem_count() const { return problems_->size(); }

 private:
  std::vector<Problem>* problems_;
  std::string path_, label_;
  std::vector<std::string> notes_;
};

}  // namespace dl
