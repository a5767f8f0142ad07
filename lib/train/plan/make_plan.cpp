// A plan made of a config and its data, and all that is wrong with them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/plan.h"

#include <algorithm>
#include <set>

#include "lib/base/cpu.h"
#include "lib/base/file.h"
#include "lib/base/printable.h"
#include "lib/base/shared_files.h"
#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/padded.h"
#include "lib/graph/sizes.h"
#include "lib/nn/one_sample_alone.h"
#include "lib/nn/warmup.h"
#include "lib/spec/blocks.h"
#include "lib/train/kept/checkpoint.h"
#include "lib/train/kept/weights.h"
#include "lib/train/plan/plan_updates.h"
#include "lib/train/plan/settled.h"
#include "lib/train/plan/unlikely.h"

namespace dl {
namespace {

// What to write for a figure that is never measured, of those that are: "accuracy", "val_f1" as val/accuracy,
// val/f_beta.
std::string figure_meant(const std::string& figure, const std::vector<std::string>& known) {
  std::string name = figure.substr(figure.rfind('/') + 1);
  for (const char* part : {"val_", "valid_", "validation_"})
    if (name.starts_with(part)) name.erase(0, std::string_view(part).size());
  const AnyRegistry::Meant metric = Registry<Metric>::instance().meant(name);
  const std::string meant = "val/" + (metric.name.empty() ? name : metric.name);
  if (std::ranges::count(known, meant) > 0) return "write '" + meant + "'";
  if (same_word(metric.name, name))
    return "write one of them, or '" + meant + "' with '" + metric.name + "' added to 'metrics'";
  return spelling_help(figure, known, "write one of them, or add the metric to 'metrics:'");
}

enum class Weights { initial, given };

// The config, and after it what it was made of besides, as comments.
std::string config_text(const std::filesystem::path& config, const Node& spec, const std::vector<std::string>& sets) {
  std::string text;
  for (const std::string& set : sets) text += "# --set " + set + "\n";
  text += read_file(config, resolved_limits.bytes);
  std::set<std::string> others;
  auto collect = [&](const Node& node, auto&& self) -> void {
    if (node.origin == Node::Origin::file && !node.where.file.empty()) others.insert(node.where.file);
    for (const Node& item : node.items) self(item, self);
    for (const Node::Entry& entry : node.entries) self(entry.value, self);
  };
  collect(spec, collect);
  std::error_code error;
  for (const std::string& other : others) {
    if (!std::filesystem::exists(other, error) || std::filesystem::equivalent(other, config, error)) continue;
    text += "\n# " + other + "\n";
    std::istringstream lines(read_file(other, resolved_limits.bytes));
    for (std::string line; std::getline(lines, line);) text += "# " + line + "\n";
  }
  return text;
}

// Reads each layer's keys without building it.
void check_keys(const std::vector<ModelItem>& items, std::vector<Problem>& problems) {
  for (const ModelItem& item : items) {
    if (item.is_layer()) Registry<Layer>::read(item.layer, Reading(problems, item.label).noted(item.notes));
    check_keys(item.children, problems);
  }
}

// Collects what is wrong while the plan is made.
class RunPlanner {
 public:
  RunPlanner(Plan& plan, std::vector<Problem>& problems, std::filesystem::path config_folder, const SetsToRead& read)
      : plan_(plan), problems_(problems), config_folder_(std::move(config_folder)), read_(read) {}

  // True where the sets can be used.
  bool open_data_sets() {
    const size_t before = problems_.size();
    DataSpec data;
    int64_t seed = 0;
    std::vector<Problem> told_by_read_run;
    const Node* section = plan_.spec.find("data");
    if (!section || !Codec<DataSpec>::read(*section, data, {}, Reading(told_by_read_run, "data"))) return false;
    if (const Node* node = plan_.spec.find("seed"))
      Codec<int64_t>::read(*node, seed, {}, Reading(told_by_read_run, "seed"));
    if (problems_.size() == before)
      plan_.data = open_data(data, folder(), static_cast<uint64_t>(seed), problems_, read_);
    return problems_.size() == before;
  }

  void read_run() {
    read_object(plan_.spec, plan_.run, Reading(problems_));
    refuse_idle_variables();
    if (!plan_.run.name) plan_.run.name = plan_.name;
    plan_.name = *plan_.run.name;
    if (plan_.name.empty() || plan_.name.starts_with(".") || plan_.name.find('/') != std::string::npos)
      add("name", "'" + plan_.name + "' cannot name a folder", "write a name without '/' that does not begin with '.'");
    else if (printable(plan_.name) != plan_.name)
      add("name", "a name with control characters, or that is not UTF-8: '" + plan_.name + "'",
          "write 'name: …', in letters, digits, - and _");
    plan_.run.folder = folder().string();
    if (!valid_utf8(*plan_.run.folder))
      add("", "the config's folder has a name that is not UTF-8: '" + *plan_.run.folder + "'",
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
    const size_t before = problems_.size();
    std::vector<std::string> names;
    std::vector<Network::Input> inputs;
    for (const SampleField& field : plan_.data.inputs) {
      names.push_back(field.name);
      inputs.push_back({field.name, field.type});
    }
    if (!data_good) names.clear();
    plan_.items = expand_model(plan_.run.model, plan_.run.blocks, names, problems_);
    if (!data_good || problems_.size() > before) return check_keys(plan_.items, problems_);
    plan_.network = std::make_unique<Network>(plan_.items, std::move(inputs), problems_);
    if (problems_.size() > before) return;
    if (const std::vector<std::string> idle = plan_.network->freeze(plan_.frozen()); !idle.empty())
      add("freeze", concat("nothing of the model is ", join(idle, " or ")),
          "write an item of the model, or a pattern of tensors' paths: " + some_paths());
    if (plan_.network->parameter_count() == 0)
      add("model", "the model has no parameters, so there is nothing to train",
          "add a layer with weights: 'linear: 10'");
    else if (parameters_counted()) {
      if (!check_batches()) return;
      check_output();
      check_buckets();
      check_test_time();
    }
  }

  // That a network with a layer out of a file takes batches of any size.
  bool check_batches() {
    const auto is_of_file = [](const LayerSummary& layer) { return layer.type == "onnx"; };
    if (std::ranges::none_of(plan_.network->layers(), is_of_file)) return true;
    std::optional<Problem> problem = one_sample_alone(*plan_.network);
    if (!problem) return true;
    add(std::move(problem->path), std::move(problem->what), std::move(problem->help));
    return false;
  }

  // That the network takes sequences of each bucket's length.
  void check_buckets() {
    if (!capability<Padded>(*plan_.data.train)) return;
    for (const int64_t length : plan_.run.data.buckets) {
      const BatchType batch = padded_batch(*plan_.data.train, 2, length);
      Graph g;
      std::vector<Value> given;
      for (const Network::Input& from : plan_.network->inputs())
        given.push_back(input(g, from.name, batched(batch.sample(from.name, from.type), batch.count)));
      try {
        plan_.network->build(g, given, false, {}, 0);
      } catch (const ShapeError& error) {
        return add("data.buckets", concat("the model does not take sequences of ", length, ": ", error.what()),
                   error.help.empty() ? "leave 'buckets' out" : error.help);
      }
    }
  }

  // That outputs can be averaged over views of an image.
  void check_test_time() {
    const std::vector<std::string>& names = plan_.run.data.test_time.values;
    if (names.empty()) return;
    const Type& x = plan_.network->inputs()[0].type;
    if (plan_.network->inputs().size() > 1 || x.dtype != DType::f32 || x.shape.rank() != 3)
      return add("data.test_time", concat("expected images as the model's only input, got ", x.shape.text()),
                 "leave 'test_time' out");
    if (plan_.data.train && std::ranges::any_of(names, [](const auto& name) { return name.ends_with("_crop"); }) &&
        !has_corners(*plan_.data.train))
      return add("data.test_time", "no crop of 'transforms' leaves anything of the image out at its corners",
                 "write 'transforms: [resize: [256, 256], random_crop: 224]', or 'test_time: horizontal_flip'");
    for (const Objectives::Term& term : plan_.objectives.losses())
      if (const Shape& shape = plan_.network->output(term.loss->from.output).shape; shape.rank() > 1)
        return add("data.test_time",
                   concat("expected an output of the image as a whole, got one of its places ", shape.text()),
                   "leave 'test_time' out");
  }

  // That 64 bits count what all parameters take.
  bool parameters_counted() {
    try {
      require_counted({DType::f32, {plan_.network->arena_elements()}});
      return true;
    } catch (const ShapeError& e) {
      add("model", concat("all parameters together: ", e.what()), "make the layers smaller");
      return false;
    }
  }

  void plan_updates() {
    dl::plan_updates(plan_, problems_, [this](const std::string& path, std::string what, std::string help) {
      add(path, std::move(what), std::move(help));
    });
  }

  void check_schedule() {
    const LRSchedule* schedule = plan_.run.schedule.get();
    if (!schedule) return;
    const TrainerSpec& trainer = plan_.run.trainer;
    if (is_told_by_the_end(*schedule) && !trainer.max_epochs && !trainer.max_steps && !trainer.fast_dev_run)
      add("schedule", concat("'", schedule->name, "' goes by the run's planned end, and the run has none"),
          "write 'trainer.max_epochs' or 'trainer.max_steps', or a schedule that has no end: 'inverse_sqrt'");
    const LRSchedule* mover = schedule->mover_of_momentum();
    if (!mover) return;
    for (const UpdateChain* chain : plan_.run.chains())
      if (*chain && !(*chain)->takes_momentum())
        return add("schedule",
                   concat("'", mover->name, "' moves the momentum, which '", (*chain)->name, "' does not have"),
                   concat("write 'cycle_momentum: false' in '", mover->name, "'"));
  }

  void check_trainer() {
    const TrainerSpec& trainer = plan_.run.trainer;
    if (trainer.threads > allowed_cores())
      warn("trainer.threads",
           concat(count_of(trainer.threads, "thread"), " for ", count_of(allowed_cores(), "core"),
                  " that this process may use: they wait for each other"),
           concat("write '", allowed_cores(), "', or leave it out"));
    if (trainer.checkpoint.best) check_monitor("trainer.checkpoint.best", *trainer.checkpoint.best);
    for (const Keyed<Controller>& own : trainer.controllers) check_controller(own);
  }

  void check_initial_weights() {
    if (!plan_.run.init_from || !plan_.network) return;
    const std::filesystem::path file = plan_.initial_weights();
    if (std::error_code unreadable; !std::filesystem::exists(file, unreadable))
      return add("init_from", "there is no file '" + plan_.run.init_from->path + "'",
                 "write a path that starts at the config's folder, or a whole one", Exit::data);
    try {
      verify_by_manifest(file);
      plan_.initial = match_weights(plan_.network->tensors(), file,
                                    {.key = plan_.run.init_from->key,
                                     .fresh = plan_.run.init_from->missing == "fresh",
                                     .ignore = plan_.run.init_from->ignore,
                                     .only = plan_.run.init_from->only,
                                     .rename = plan_.run.init_from->rename,
                                     .elsewhere = [this](const std::string& target) {
                                       return code::places_elsewhere(plan_.items, plan_.network->inputs(), target);
                                     }});
      if (plan_.initial.differences.empty()) return doubt_order_of_places();
      Problem problem = located("init_from", file.string() + " holds other tensors than the model");
      problem.notes = plan_.initial.differences;
      problem.help =
          "name the layers as the file does ('name:'), or take what fits: {path: …, ignore: [\"fc.*\"], missing: "
          "fresh}";
      if (const std::string& before = plan_.initial.before; !before.empty())
        problem.help = concat("the file has them behind '", before, "': write {path: …, only: [\"", before,
                              "*\"], rename: {\"", before, "*\": \"*\"}}");
      add_problem(problems_, std::move(problem));
    } catch (const Error& error) {
      for (Problem problem : error.problems()) add_problem(problems_, std::move(problem));
    }
  }

  // Keras's and Flax's networks flatten images place by place, ours channel by channel unless it is said.
  void doubt_order_of_places() {
    const std::vector<LayerSummary>& layers = plan_.network->layers();
    const std::string& layouts = plan_.initial.layouts;
    if ((layouts != "keras" && layouts != "flax") ||
        to_json(plan_.run.model).find("channels_first") != std::string::npos)
      return;
    for (size_t i = 1; i < layers.size(); ++i)
      if (layers[i].type == "flatten" && layers[i - 1].output.rank() >= 3)
        return warn("init_from",
                    concat("the file is of Keras or Flax, whose networks flatten images place by place; layer '",
                           layers[i].path, "' does so channel by channel"),
                    "write 'flatten: {channels_first: false}', or '{channels_first: true}' to keep it");
  }

  // What can be trained but is likely not meant; the plan is whole.
  void warn_of_the_unlikely() {
    for (const Problem& warning : plan_.data.warnings) add_problem(plan_.warnings, warning);
    const int64_t samples = plan_.data.train->size(), batch = plan_.run.data.batch_size;
    if (samples > 0 && batch > samples)
      warn("data.batch_size",
           concat("a batch of ", batch, " is more than the ", count_of(samples, "training sample"),
                  ", so that each epoch is one smaller batch"),
           "lower it");
  }

  // The same of what a training run meets.
  void doubt() {
    for (Problem& doubt : unlikely(plan_)) add_problem(plan_.warnings, std::move(doubt));
    const int64_t batch = std::min(plan_.run.data.batch_size, plan_.data.train->size());
    const std::string layer = batch == 1 ? normalized_over_the_batch(*plan_.network) : "";
    if (!layer.empty())
      add("data.batch_size",
          concat("a batch of one sample has one value of each channel, and the layer '", layer,
                 "' normalizes over the batch: it expects more than one"),
          "raise it");
  }

 private:
  std::string some_paths() const {
    constexpr size_t told = 8;
    std::vector<std::string> paths;
    for (const Tensor& tensor : plan_.network->tensors())
      if (paths.size() < told) paths.push_back(tensor.path);
    return join(paths);
  }

  std::filesystem::path folder() const {
    const Node* given = plan_.spec.find("folder");
    return given && given->is_scalar() ? std::filesystem::path(given->as_string().value_or(given->text))
                                       : config_folder_;
  }

  Problem located(const std::string& path, std::string what) const {
    const Node* node = find_path(plan_.spec, path);
    return {.where = node ? node->where : Where{}, .path = path, .what = std::move(what)};
  }
  void add(const std::string& path, std::string what, std::string help, Exit exit = Exit::usage) {
    Problem problem = located(path, std::move(what));
    problem.help = std::move(help);
    problem.exit = exit;
    add_problem(problems_, std::move(problem));
  }

  void warn(const std::string& path, std::string what, std::string help) {
    Problem problem = located(path, std::move(what));
    problem.help = std::move(help);
    add_problem(plan_.warnings, std::move(problem));
  }

  // Variables that --set gave and that stand nowhere; of a run that has begun no variable does.
  void refuse_idle_variables() {
    const Node* variables = plan_.spec.find("variables");
    if (!variables || !problems_.empty()) return;
    const Node* fitted = find_path(plan_.spec, "data.fitted");
    for (const Node::Entry& variable : variables->entries) {
      const std::string path = "variables." + variable.key;
      if (variable.value.origin != Node::Origin::option || stands_for(plan_.spec, path)) continue;
      if (fitted && !fitted->is_null())
        add(path, "the run has settled what variables stand for", "set the keys themselves");
      else
        add(path, "no value of the config is '${" + path + "}'",
            "write '${" + path + "}' where it is meant, or set the key itself");
    }
  }

  // The losses and the metrics against what the network gives and what the data hold.
  void check_output() {
    if (plan_.objectives.losses().empty()) return;
    plan_.objectives.check(*plan_.network, plan_.data, [&](Problem problem) {
      if (problem.where.file.empty()) problem.where = located(problem.path, "").where;
      add_problem(problems_, std::move(problem));
    });
  }

  void check_controller(const Keyed<Controller>& own) {
    if (!own.object) return;
    const std::string path = "trainer." + own.name;
    for (const auto& [key, figure] : own.object->monitors()) check_monitor(path + "." + key, figure);
    if (problems_.empty())
      own.object->check(plan_, [&](const std::string& key, std::string what, std::string help) {
        add(key.empty() ? path : path + "." + key, std::move(what), std::move(help));
      });
  }

  void check_monitor(const std::string& path, const std::string& figure) {
    std::vector<std::string> known;
    for (const std::string& name : plan_.figures())
      if (name.starts_with("val/")) known.push_back(name);
    if (std::ranges::count(known, figure) == 0) {
      add(path, "expected one of " + join(known) + ", got '" + figure + "'", figure_meant(figure, known));
    } else if (plan_.data.train && std::ranges::count(plan_.data.names, "val") == 0) {
      add(path, "'" + figure + "' is never measured: there is no validation set",
          "write 'data.validation: {fraction: 0.1}'");
    }
  }

  Plan& plan_;
  std::vector<Problem>& problems_;
  std::filesystem::path config_folder_;
  SetsToRead read_;
};

LoadOptions load_options(const std::vector<std::string>& sets) {
  LoadOptions options{.sets = sets, .later = data_value_names(), .schema = owned_schema<RunSpec>()};
  for (const std::filesystem::path& folder : shared_folders()) options.search.push_back(folder / "configs");
  options.limits = resolved_limits;
  return options;
}

// Error(Exit::usage) where there is none, but one that comes with the program is called so.
std::filesystem::path config_file(const std::filesystem::path& name) {
  const std::filesystem::path config = shared_file(name);
  std::error_code unreadable;
  if (std::filesystem::exists(config, unreadable) || name.has_parent_path()) return config;
  for (const std::string ending : {"", ".yaml"}) {
    const std::string meant = "configs/" + name.string() + ending;
    if (std::filesystem::is_regular_file(shared_file(meant), unreadable))
      throw Error(Exit::usage, Problem{.what = "no file '" + name.string() + "'",
                                       .notes = {"looked in ."},
                                       .help = "write '" + meant + "', which comes with dlcli"});
  }
  return config;
}

std::unique_ptr<Plan> make_plan(const std::filesystem::path& name, const std::vector<std::string>& sets,
                                Weights weights, const SetsToRead& read) {
  const std::filesystem::path config = config_file(name);
  auto plan = std::make_unique<Plan>();
  plan->spec = load_spec(config, load_options(sets));
  plan->config = config_text(config, plan->spec, sets);
  plan->name = config.stem().string();
  std::vector<Problem> problems;
  RunPlanner planner(*plan, problems, std::filesystem::absolute(config).parent_path(), read);
  try {
    const bool data_good = planner.open_data_sets();
    plan->spec = provide(plan->spec, data_good ? data_values(plan->data) : data_stand_ins());
    planner.read_run();
    planner.build_network(data_good);
    planner.plan_updates();
    planner.check_schedule();
    planner.check_trainer();
    if (weights == Weights::initial && problems.empty()) planner.check_initial_weights();
    if (problems.empty()) planner.warn_of_the_unlikely();
    if (weights == Weights::initial && problems.empty()) planner.doubt();
  } catch (const Error& error) {  // provide() found references to what is not known
    if (error.exit() != Exit::usage) throw;
    for (Problem problem : error.problems()) {
      if (problem.what.starts_with("unknown name 'data.classes'") && !plan->data.class_help.empty())
        problem.help = plan->data.class_help + " if the target, which is taken as a number, is a class";
      add_problem(problems, std::move(problem));
    }
  }
  if (!problems.empty()) throw Error(std::move(problems));
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
  const std::filesystem::path config = config_file(name);
  const Node spec = load_spec(config, load_options({}));
  const Node* given = spec.find("name");
  return given && given->is_scalar() ? given->as_string().value_or(given->text) : config.stem().string();
}

}  // namespace dl
