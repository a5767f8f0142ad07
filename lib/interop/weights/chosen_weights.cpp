// Places by the names that training loops use, wrappers by those that PyTorch's modules have.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/weights/chosen_weights.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {
namespace {

constexpr std::array usual_places{"state_dict", "model_state_dict", "model", "net", "module"};
constexpr std::array averaged_places{"state_dict_ema", "model_ema", "ema_state_dict", "ema", "ema_model"};
// Of torch.compile, FSDP and activation checkpointing: also around parts, so that they stand in the midst of names.
constexpr std::array<std::string_view, 3> around_parts{"_orig_mod.", "_fsdp_wrapped_module.",
                                                       "_checkpoint_wrapped_module."};
constexpr std::array wrapping_modules{"module.", "model.", "net.", "backbone.", "encoder."};
constexpr size_t most_wrappers = 4;

bool holds_tensors(const WeightsTable& table, const std::string& key) {
  return std::ranges::any_of(table.holders(),
                             [&](const std::string& h) { return h == key || h.starts_with(key + "."); });
}

std::string without(std::string name, std::string_view wrapper) {
  if (std::ranges::count(around_parts, wrapper) > 0)
    for (size_t at = 0; (at = name.find(wrapper, at)) != std::string::npos;)
      if (at == 0 || name[at - 1] == '.')
        name.erase(at, wrapper.size());
      else
        ++at;
  else if (name.starts_with(wrapper))
    name.erase(0, wrapper.size());
  return name;
}

std::set<std::string> without(const std::set<std::string>& names, std::string_view wrapper) {
  std::set<std::string> out;
  for (const std::string& name : names) out.insert(without(name, wrapper));
  return out;
}

}  // namespace

WeightsPlace weights_place(const WeightsTable& table, const std::optional<std::string>& key) {
  if (key) {
    const auto stands_there = [&](const WeightsTable::Entry& entry) { return entry.name.starts_with(*key + "."); };
    if (std::ranges::any_of(table.tensors(), stands_there)) return {*key, {}};
    std::vector<std::string> there(table.holders().begin(), table.holders().end());
    std::erase(there, "");
    throw Error(Exit::usage,
                Problem{.where = {.file = table.path().string()},
                        .what = concat("holds no weights under '", *key, "'"),
                        .notes = there.empty() ? std::vector<std::string>()
                                               : std::vector{concat("its dicts of weights: ", join(there))},
                        .help = there.empty() ? "leave 'key' out: the file itself is its only table"
                                              : spelling_help(*key, there, "write one of these")});
  }
  WeightsPlace place;
  if (table.dicts_are_layers()) return place;
  const auto look_at = [&](const char* name) {
    if (!holds_tensors(table, name)) return;
    if (place.key.empty())
      place.key = name;
    else
      place.passed.push_back(name);
  };
  for (const char* name : usual_places) look_at(name);
  if (!place.key.empty())
    for (const char* name : averaged_places) look_at(name);
  // {"model": {"state_dict": {…}}}
  for (const char* name : usual_places)
    if (!place.key.empty() && !table.holders().contains(place.key) && holds_tensors(table, place.key + "." + name))
      place.key += concat(".", name);
  return place;
}

std::map<std::string, std::string> names_at(const WeightsTable& table, const WeightsPlace& place) {
  const std::string prefix = place.key.empty() ? "" : place.key + ".";
  std::map<std::string, std::string> names;
  for (const WeightsTable::Entry& entry : table.tensors())
    if (entry.name.starts_with(prefix)) names.emplace(entry.name.substr(prefix.size()), entry.name);
  return names;
}

std::vector<std::string> wrappers(const std::set<std::string>& names, const std::vector<std::string>& wanted) {
  const auto found = [](const std::set<std::string>& among) {
    return [&among](const std::string& name) { return among.contains(name); };
  };
  if (wanted.empty()) return {};
  struct Tried {
    std::set<std::string> names;
    std::vector<std::string> taken;
  };
  Tried whole{names, {}};  // where parts alone are wrapped, others stand there as they are
  for (const std::string_view wrapper : around_parts)
    if (std::set<std::string> next = without(whole.names, wrapper);
        next != whole.names && next.size() == whole.names.size()) {
      whole.names = std::move(next);
      whole.taken.emplace_back(wrapper);
    }
  if (std::ranges::all_of(wanted, found(whole.names))) return whole.taken;
  if (std::ranges::any_of(wanted, found(names))) return {};
  std::vector<Tried> open{{names, {}}};
  while (!open.empty()) {
    const Tried tried = std::move(open.front());
    open.erase(open.begin());
    const auto go_on = [&](std::string_view wrapper) {
      Tried next{without(tried.names, wrapper), tried.taken};
      if (next.names == tried.names || next.names.size() < tried.names.size()) return;
      next.taken.emplace_back(wrapper);
      open.push_back(std::move(next));
    };
    if (std::ranges::all_of(wanted, found(tried.names))) return tried.taken;
    if (tried.taken.size() == most_wrappers) continue;
    for (const std::string_view wrapper : around_parts) go_on(wrapper);
    for (const char* module : wrapping_modules) go_on(module);
  }
  return {};
}

std::string unwrapped(std::string name, const std::vector<std::string>& wrappers) {
  for (const std::string& wrapper : wrappers) name = without(std::move(name), wrapper);
  return name;
}

bool is_beside_weights(const std::string& name) {
  // Of Keras: states of layers that draw numbers, and of a compiled model's optimizer.
  if (name.find("seed_generator") != std::string::npos || name.starts_with("optimizer.vars.") ||
      name.starts_with("optimizer_weights."))
    return true;
  if (name == "n_averaged") return true;  // of torch.optim.swa_utils.AveragedModel
  for (const char* beside : {"num_batches_tracked", "position_ids", "inv_freq", "attn.bias", "attn.masked_bias",
                             "relative_position_index", "attn_mask"})
    if (name == beside || name.ends_with(std::string(".") + beside)) return true;
  return false;
}

}  // namespace dl
