// What of a checkpoint must be as the run has it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/resuming.h"

#include <utility>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/spec/yaml.h"

namespace dl {
namespace {

[[noreturn]] void refuse(const Checkpoint& checkpoint, std::string what, std::string help, Exit exit = Exit::usage) {
  throw Error(exit,
              Problem{.where = {.file = checkpoint.folder.string()}, .what = std::move(what), .help = std::move(help)});
}

Node resolved_in(const Checkpoint& checkpoint) {
  const std::filesystem::path file = checkpoint.resolved();
  return parse_yaml(read_file(file, resolved_limits.bytes), file.string(), resolved_limits);
}

// The optimizer's groups in a resolved config.
Node groups_of(const Node& resolved) {
  const Node* keys = optimizer_keys(resolved);
  const Node* groups = keys ? keys->find("groups") : nullptr;
  return groups ? *groups : Node::list();
}

}  // namespace

void expect_same_run(const Plan& plan, const Checkpoint& checkpoint) {
  const TrainState& saved = checkpoint.state;
  if (saved.seed != plan.seed())
    refuse(checkpoint, concat("was trained with seed ", saved.seed, ", the config has seed ", plan.seed()),
           concat("write 'seed: ", saved.seed, "', or start a new run"));
  if (const int64_t now = plan.run.data.batch_size; saved.batch_size != now)
    refuse(checkpoint, concat("was trained with batches of ", saved.batch_size, ", the config has batch_size ", now),
           concat("write 'data.batch_size: ", saved.batch_size, "', or start a new run"));
  const Node now = groups_of(plan.resolved_node()), then = groups_of(resolved_in(checkpoint));
  if (!same_value(now, then))
    refuse(checkpoint,
           concat("was trained with the parameter groups ", to_json(then, 0), ", the config has ", to_json(now, 0)),
           "give the optimizer the same 'groups:', or start a new run with 'init_from:' this checkpoint's weights");
}

void expect_same_data(const std::string& fingerprint, const Checkpoint& checkpoint) {
  const std::string& then = checkpoint.state.data;
  if (fingerprint != then)
    refuse(checkpoint, concat("was trained on other data: fingerprint ", then, ", the data now have ", fingerprint),
           "put the data back as they were, or start a new run", Exit::data);
}

}  // namespace dl
