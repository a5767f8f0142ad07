// Reading: problems with their path.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/reading.h"

#include <algorithm>

#include "lib/base/text.h"

namespace dl {

void add_problem(std::vector<Problem>& problems, Problem problem) {
  constexpr size_t most = 100;  // a wholly wrong file is not listed line by line
  if (problems.size() >= most) return;
  const auto place = problem.where.text();
  const bool known = std::any_of(problems.begin(), problems.end(), [&](const Problem& other) {
    return other.what == problem.what && other.path == problem.path && other.where.text() == place;
  });
  if (!known) problems.push_back(std::move(problem));
}

std::string known_keys_text(const std::vector<std::string>& known) {
  return known.empty() ? "it takes no keys" : "known keys: " + join(known);
}

Reading::Reading(std::vector<Problem>& problems, std::string path)
    : problems_(&problems), path_(std::move(path)), label_(path_) {}

Reading Reading::key(std::string_view key) const {
  Reading inner = *this;
  inner.path_ += (path_.empty() ? "" : ".") + std::string(key);
  inner.label_ = inner.path_;
  return inner;
}

Reading Reading::index(size_t index) const {
  Reading inner = *this;
  inner.path_ += "[" + std::to_string(index) + "]";
  inner.label_ = inner.path_;
  return inner;
}

Reading Reading::registered(std::string_view name) const {
  Reading inner = key(name);
  inner.label_ = path_.empty() ? std::string(name) : path_ + " (" + std::string(name) + ")";
  return inner;
}

Reading Reading::noted(std::vector<std::string> notes) const {
  Reading inner = *this;
  inner.notes_.insert(inner.notes_.end(), notes.begin(), notes.end());
  return inner;
}

void Reading::problem(const Where& where, std::string what, std::string help, std::vector<std::string> notes) const {
  notes.insert(notes.end(), notes_.begin(), notes_.end());
  add_problem(*problems_, {where, label_, std::move(what), std::move(notes), std::move(help)});
}

void Reading::expected(const Node& node, std::string_view expected, std::string help) const {
  std::vector<std::string> notes;
  if (!node.via.empty()) notes.push_back("from " + node.via);
  problem(node.where, "expected " + std::string(expected) + ", got " + node.described(), std::move(help),
          std::move(notes));
}

std::string Reading::unknown_key(const Node::Entry& entry, const std::vector<std::string>& known) const {
  problem(entry.key_where, "unknown key " + Node::string(entry.key).described(), spelling_help(entry.key, known),
          {known_keys_text(known)});
  return closest(entry.key, known);
}

}  // namespace dl
