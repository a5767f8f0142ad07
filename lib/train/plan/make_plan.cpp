// A plan made of a config and its data, and all that is wrong with them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/plan.h"

#include <algorithm>
#include <utility>

#include "lib/base/text.h"
#include "lib/spec/blocks.h"
#include "lib/train/kept/run_folder.h"
#include "lib/train/plan/check_network.h"
#include "lib/train/plan/check_trainer.h"
#include "lib/train/plan/config_file.h"
#include "lib/train/plan/doubts/doubts.h"
#include "lib/train/plan/plan_problems.h"
#include "lib/train/plan/plan_updates.h"
#include "lib/train/plan/plan_weights.h"
#include "lib/train/plan/settled.h"

namespace dl {
namespace {

enum class Weights { initial, given };

// Reads each layer's keys without building it.
void check_keys(const std::vector<ModelItem>& items, std::vector<Problem>& problems) {
  for (const ModelItem& item : items) {
    if (item.is_layer()) Registry<Layer>::read(item.layer, Reading(problems, item.label).noted(item.notes));
    check_keys(item.children, problems);
  }
}

// Makes the parts of a plan one after another.
class RunPlanner {
 public:
  RunPlanner(Plan& plan, PlanProblems& problems, std::filesystem::path config_folder, const SetsToRead& read)
      : plan_(plan), problems_(problems), config_folder_(std::move(config_folder)), read_(read) {}

  // True where the sets can be used.
  bool open_data_sets() {
    const size_t before = problems_.all().size();
    DataSpec data;
    int64_t seed = 0;
    std::vector<Problem> told_by_read_run;
    const Node* section = plan_.spec.find("data");
    if (!section || !Codec<DataSpec>::read(*section, data, {}, Reading(told_by_read_run, "data"))) return false;
    if (const Node* node = plan_.spec.find("seed"))
      Codec<int64_t>::read(*node, seed, {}, Reading(told_by_read_run, "seed"));
    if (problems_.all().size() == before)
      plan_.data = open_data(data, folder(), static_cast<uint64_t>(seed), problems_.all(), read_);
    return problems_.all().size() == before;
  }

  void read_run() {
    read_object(plan_.spec, plan_.run, Reading(problems_.all()));
    refuse_idle_variables();
    if (!plan_.run.name) plan_.run.name = plan_.name;
    plan_.name = *plan_.run.name;
    if (const auto problem = refused_run_name(plan_.name)) problems_.add(problem->path, problem->what, problem->help);
    plan_.run.folder = folder().string();
    if (!valid_utf8(*plan_.run.folder))
      problems_.add("", "the config's folder has a name that is not UTF-8: '" + *plan_.run.folder + "'",
                    "rename the folder: the run keeps its name, and a run's config is UTF-8 text");
    plan_.run.data.fitted = plan_.data.fitted;
    plan_.objectives = Objectives(plan_.run);
    // What only losses and metrics read is no input of the model.
    const std::vector<std::string> read = plan_.objectives.targets();
    std::vector<SampleField>& inputs = plan_.data.inputs;
    if (inputs.empty()) return;
    inputs.erase(std::remove_if(inputs.begin() + 1, inputs.end(),
                                [&](const SampleField& field) { return std::ranges::count(read, field.name) > 0; }),
                 inputs.end());
  }

  void build_network(bool data_good) {
    if (plan_.run.model.is_null()) return;  // reported when the whole was read
    const size_t before = problems_.all().size();
    std::vector<std::string> names;
    std::vector<Network::Input> inputs;
    for (const SampleField& field : plan_.data.inputs) {
      names.push_back(field.name);
      inputs.push_back({field.name, field.type});
    }
    if (!data_good) names.clear();
    plan_.items = expand_model(plan_.run.model, plan_.run.blocks, names, problems_.all());
    if (!data_good || problems_.all().size() > before) return check_keys(plan_.items, problems_.all());
    plan_.network = std::make_unique<Network>(plan_.items, std::move(inputs), problems_.all());
    if (problems_.all().size() > before) return;
    check_network(plan_, problems_);
  }

  void plan_updates() {
    dl::plan_updates(plan_, problems_.all(), [this](const std::string& path, std::string what, std::string help) {
      problems_.add(path, std::move(what), std::move(help));
    });
  }

  // What can be trained but is likely not meant; the plan is whole.
  void warn_of_the_unlikely() {
    for (const Problem& warning : plan_.data.warnings) add_problem(plan_.warnings, warning);
    const int64_t samples = plan_.data.train->size(), batch = plan_.run.data.batch_size;
    if (samples > 0 && batch > samples)
      problems_.warn("data.batch_size",
                     concat("a batch of ", batch, " is more than the ", count_of(samples, "training sample"),
                            ", so that each epoch is one smaller batch"),
                     "lower it");
  }

  // The same of what a training run meets.
  void doubt() {
    for (Problem& doubt : doubts_of(plan_)) add_problem(plan_.warnings, std::move(doubt));
    const int64_t batch = std::min(plan_.run.data.batch_size, plan_.data.train->size());
    const std::string layer = batch == 1 ? normalized_over_the_batch(*plan_.network) : "";
    if (!layer.empty())
      problems_.add("data.batch_size",
                    concat("a batch of one sample has one value of each channel, and the layer '", layer,
                           "' normalizes over the batch: it expects more than one"),
                    "raise it");
  }

 private:
  std::filesystem::path folder() const {
    const Node* given = plan_.spec.find("folder");
    return given && given->is_scalar() ? std::filesystem::path(given->as_string().value_or(given->text))
                                       : config_folder_;
  }

  // Variables that --set gave and that stand nowhere; of a run that has begun no variable does.
  void refuse_idle_variables() {
    const Node* variables = plan_.spec.find("variables");
    if (!variables || !problems_.none()) return;
    const Node* fitted = find_path(plan_.spec, "data.fitted");
    for (const Node::Entry& variable : variables->entries) {
      const std::string path = "variables." + variable.key;
      if (variable.value.origin != Node::Origin::option || stands_for(plan_.spec, path)) continue;
      if (fitted && !fitted->is_null())
        problems_.add(path, "the run has settled what variables stand for", "set the keys themselves");
      else
        problems_.add(path, "no value of the config is '${" + path + "}'",
                      "write '${" + path + "}' where it is meant, or set the key itself");
    }
  }

  Plan& plan_;
  PlanProblems& problems_;
  std::filesystem::path config_folder_;
  SetsToRead read_;
};

std::unique_ptr<Plan> make_plan(const std::filesystem::path& name, const std::vector<std::string>& sets,
                                Weights weights, const SetsToRead& read) {
  const std::filesystem::path config = find_config(name);
  auto plan = std::make_unique<Plan>();
  plan->spec = load_spec(config, config_options(sets));
  plan->config = config_text(config, plan->spec, sets);
  plan->name = config.stem().string();
  PlanProblems problems(*plan);
  RunPlanner planner(*plan, problems, std::filesystem::absolute(config).parent_path(), read);
  try {
    const bool data_good = planner.open_data_sets();
    plan->spec = provide(plan->spec, data_good ? data_values(plan->data) : data_stand_ins());
    planner.read_run();
    planner.build_network(data_good);
    planner.plan_updates();
    // What is only evaluated may be measured otherwise, and has the run's end behind it.
    if (read.all()) check_schedule(*plan, problems);
    check_trainer(*plan, problems, read.all());
    if (weights == Weights::initial && problems.none()) plan_weights(*plan, problems);
    if (problems.none()) planner.warn_of_the_unlikely();
    if (weights == Weights::initial && problems.none()) planner.doubt();
  } catch (const Error& error) {  // provide() found references to what is not known
    if (error.exit() != Exit::usage) throw;
    for (Problem problem : error.problems()) {
      if (problem.what.starts_with("unknown name 'data.classes'") && !plan->data.class_help.empty())
        problem.help = plan->data.class_help + " if the target, which is taken as a number, is a class";
      problems.add(std::move(problem));
    }
  }
  if (!problems.none()) throw Error(std::move(problems.all()));
  refuse_another_fit(*plan, sets);
  return plan;
}

}  // namespace

std::unique_ptr<Plan> plan_run(const std::filesystem::path& config, const std::vector<std::string>& sets) {
  return make_plan(config, sets, Weights::initial, {});
}

std::unique_ptr<Plan> plan_from(const std::filesystem::path& resolved, const std::vector<std::string>& sets,
                                const SetsToRead& read) {
  return make_plan(resolved, sets, Weights::given, read);
}

std::string run_name(const std::filesystem::path& name) {
  const std::filesystem::path config = find_config(name);
  const Node spec = load_spec(config, config_options({}));
  const Node* given = spec.find("name");
  return given && given->is_scalar() ? given->as_string().value_or(given->text) : config.stem().string();
}

}  // namespace dl
