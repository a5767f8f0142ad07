// Finding states by the form of their names.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/weights/stored_optimizers.h"

#include <algorithm>
#include <set>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {
namespace {

struct StateName {
  std::string key, parameter, state;
};

// "exp_avg/conv1.weight"
std::optional<StateName> state_name_of_ours(const std::string& name) {
  const size_t slash = name.find('/');
  if (slash == std::string::npos) return {};
  return StateName{"", name.substr(slash + 1), name.substr(0, slash)};
}

// "optimizer_states.0.state.3.exp_avg"
std::optional<StateName> state_name_of_torch(const std::string& name) {
  constexpr std::string_view holder = "state.";
  const size_t last = name.rfind('.');
  if (last == std::string::npos || last == 0) return {};
  const size_t before = name.rfind('.', last - 1);
  if (before == std::string::npos || before + 1 < holder.size()) return {};
  const size_t begin = before + 1 - holder.size();
  const std::string number = name.substr(before + 1, last - before - 1);
  if (name.compare(begin, holder.size(), holder) != 0 || (begin > 0 && name[begin - 1] != '.') || number.empty() ||
      number.find_first_not_of("0123456789") != std::string::npos)
    return {};
  return StateName{begin == 0 ? "" : name.substr(0, begin - 1), number, name.substr(last + 1)};
}

}  // namespace

std::vector<StoredOptimizer> stored_optimizers(const WeightsTable& table, bool is_ours) {
  std::vector<StoredOptimizer> found;
  std::vector<std::set<std::string>> parameters;
  for (const auto& [name, tensor] : table.tensors()) {
    const auto part = is_ours ? state_name_of_ours(name) : state_name_of_torch(name);
    if (!part) continue;
    auto at = std::ranges::find(found, part->key, &StoredOptimizer::key);
    if (at == found.end()) {
      at = found.insert(at, {.key = part->key});
      parameters.emplace_back();
    }
    if (std::ranges::count(at->states, part->state) == 0) at->states.push_back(part->state);
    parameters[static_cast<size_t>(at - found.begin())].insert(part->parameter);
    if (part->state == "step" && !at->step && tensor.shape.elements() == 1 && is_float(tensor.type)) {
      float step = 0;
      TensorReader(tensor).read_f32(0, std::span(&step, 1));
      at->step = step;
    }
  }
  for (size_t i = 0; i < found.size(); ++i) found[i].parameters = std::ssize(parameters[i]);
  return found;
}

std::string in_words(const StoredOptimizer& optimizer) {
  std::string text = concat(join(optimizer.states), " of ", count_of(optimizer.parameters, "parameter"));
  if (optimizer.step) text += concat(", at step ", number_text(*optimizer.step));
  return text;
}

}  // namespace dl
