// Turns, and the file of what was chosen.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/choices.h"

#include <algorithm>
#include <charconv>

#include "lib/base/cache_file.h"
#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/device/cpu/machine.h"

namespace dl {
namespace {

constexpr double clearly = 0.98;  // of the first's time: what lets another be chosen

// Another version of the kernels, or another machine, is to choose anew.
std::string head() { return concat("dlcli choices 2: ", processor_key(), "\n"); }
std::string file_name() { return concat("choices-", hash_text(xxh64(processor_key()))); }

}  // namespace

void Choice::took(double seconds) {
  double& least = least_[static_cast<size_t>(runs_ % count_)];
  least = runs_ < count_ ? seconds : std::min(least, seconds);
  if (++runs_ < count_ * rounds) return;
  best_ = static_cast<int>(std::min_element(least_.begin(), least_.begin() + count_) - least_.begin());
  if (least_[static_cast<size_t>(best_)] > clearly * least_[0]) best_ = 0;
}

void Choice::choose(int candidate) {
  best_ = candidate;
  runs_ = count_ * rounds;
}

Choice& Choices::of(const std::string& subject, int candidates) {
  DL_CHECK(candidates >= 1 && candidates <= Choice::most, "candidates ", candidates);
  if (keeps_ && !read_) read();
  const std::string line = concat(subject, " of ", candidates);
  std::unique_ptr<Choice>& choice = all_[line];
  if (choice) return *choice;
  choice = std::make_unique<Choice>(candidates);
  if (const auto kept = kept_.find(line); kept != kept_.end() && kept->second < candidates)
    choice->choose(kept->second);
  return *choice;
}

void Choices::read() {
  read_ = true;
  std::string text = read_cached(file_name()).value_or("");
  if (!text.starts_with(head())) return;
  for (size_t at = head().size(); at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size()), space = text.rfind(' ', end);
    int candidate = -1;
    if (space != std::string::npos && space > at)
      std::from_chars(text.data() + space + 1, text.data() + end, candidate);
    if (candidate >= 0) kept_[text.substr(at, space - at)] = candidate;
    at = end + 1;
  }
}

Choices::~Choices() {
  if (!keeps_) return;
  const auto made = [this](const auto& entry) {
    return !entry.second->open() && !kept_.contains(entry.first) && !entry.first.ends_with(" of 1");
  };
  if (std::none_of(all_.begin(), all_.end(), made)) return;
  read();  // what other processes have added since
  for (const auto& entry : all_)
    if (made(entry)) kept_[entry.first] = entry.second->now();
  std::string text = head();
  for (const auto& [subject, candidate] : kept_) text += concat(subject, " ", candidate, "\n");
  write_cached(file_name(), text);
}

}  // namespace dl
