// Keys of --set held against what is settled.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/settled.h"

#include <algorithm>

#include "lib/spec/path.h"

namespace dl {
namespace {

std::string key_of_set(const std::string& set) { return set.substr(0, set.find('=')); }

// Whether a path is the key, or leads into it.
bool leads_into(const std::string& path, const std::string& key) {
  return path == key || path.starts_with(key + ".") || path.starts_with(key + "[");
}

// The first that leads into one of the keys is an error.
void refuse(const std::vector<std::string>& sets, const std::vector<std::string>& keys, const char* what,
            const char* help) {
  for (const std::string& set : sets)
    if (const std::string path = key_of_set(set);
        std::ranges::any_of(keys, [&](const std::string& key) { return leads_into(path, key); }))
      throw Error(Exit::usage, Problem{.where = {.file = "--set " + set}, .path = path, .what = what, .help = help});
}

}  // namespace

void refuse_another_fit(const Plan& plan, const std::vector<std::string>& sets) {
  const Node* fitted = find_path(plan.spec, "data.fitted");
  const auto reader = fitted && !fitted->is_null() ? reader_of(plan.run.data.train, "train", plan.folder()) : nullptr;
  if (!reader) return;
  std::vector<std::string> keys;
  for (const std::string& key : reader->keys_of_fit()) keys.push_back("data.train." + key);
  refuse(sets, keys, "the run's data were fitted without it, and that fit, 'data.fitted', stays",
         "begin another run with it");
}

void refuse_another_part(const Plan& plan, const std::vector<std::string>& sets, const std::string& split) {
  const DataSpec& data = plan.run.data;
  const bool is_held_out = data.folds || (data.validation && !data.validation->source.given());
  if (is_held_out && split != "test")
    refuse(sets, {"seed", "data.fold", "data.folds", "data.validation"},
           "other samples would be held out than the run was not trained on", "leave it out");
}

void refuse_another_beginning(const std::vector<std::string>& sets) {
  refuse(sets, {"init_from"}, "a run that goes on has the weights of its checkpoint", "begin another run with it");
  refuse(sets, {"name"}, "a run that goes on has its name", "leave it out");
}

}  // namespace dl
