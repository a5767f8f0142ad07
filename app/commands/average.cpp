// dlcli average: one run of the mean of several's weights, a model soup (Wortsman et al. 2022, arXiv:2203.05482).
// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "app/command.h"
#include "app/config_difference.h"
#include "app/console/next_command.h"
#include "app/console/output.h"
#include "app/options.h"
#include "app/trained.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/spec/yaml.h"
#include "lib/train/inference/imported_run.h"
#include "lib/train/programs/forward_graph.h"

namespace dl {
namespace {

class Average final : public Command {
 public:
  std::string summary() const override { return "makes a run of the mean of several runs' weights: a model soup"; }
  std::vector<std::string> other_names() const override { return {"soup", "model_soup", "merge"}; }

  void declare(CLI::App& app) override {
    app.add_option("RUN", runs_of_, "two runs or more, or checkpoints' folders, of one model")
        ->required()
        ->expected(1, 10'000);
    app.add_option("--checkpoint", checkpoint_, "of runs: best, last or step-120; if left out, the best there is")
        ->type_name("WHICH");
    app.add_option("--name", name_, "the new run's name; if left out, the first's and '-average'")->type_name("NAME");
    declare_runs(app, runs_);
    examples(app, {{"dlcli average tuned-1 tuned-2 tuned-3", "of runs that began with the same weights"},
                   {"dlcli average my-1/checkpoints/step-0000{3,4,5}000", "of checkpoints of one"},
                   {"dlcli eval tuned-average-1", "what came of it"}});
  }

  Exit run() override {
    expect_several("average", runs_of_);
    const Trained first = open(runs_of_[0]);
    const Plan& plan = *first.plan;
    expect_single(plan, runs_of_[0]);
    std::vector<std::filesystem::path> taken{std::filesystem::weakly_canonical(first.checkpoint.folder)};
    std::map<std::string, std::vector<double>> sums;
    add(first, sums);
    for (size_t i = 1; i < runs_of_.size(); ++i) {
      const Trained other = open(runs_of_[i]);
      expect_single(*other.plan, runs_of_[i]);
      taken.push_back(std::filesystem::weakly_canonical(other.checkpoint.folder));
      for (size_t k = 0; k < i; ++k)
        if (taken[k] == taken[i])
          throw Error(Exit::usage, Problem{.path = runs_of_[i],
                                           .what = concat("is the checkpoint that '", runs_of_[k],
                                                          "' is: ", other.checkpoint.folder.string()),
                                           .help = "name each of them once"});
      expect_same(plan, *other.plan, runs_of_[i]);
      add(other, sums);
    }
    write(plan, sums);
    return Exit::done;
  }

 private:
  Trained open(const std::string& what) const {
    return open_trained(what, runs_,
                        std::filesystem::exists(std::filesystem::path(what) / "manifest.json") ? "" : checkpoint_, {},
                        SetsToRead::none());
  }

  static void expect_single(const Plan& plan, const std::string& what) {
    if (plan.averages_weights())
      throw Error(Exit::usage, Problem{.path = what,
                                       .what = "keeps an average of its weights beside them, as ema does",
                                       .help = "average runs that keep none"});
  }

  static void add(const Trained& trained, std::map<std::string, std::vector<double>>& sums) {
    for (const Tensor& tensor : trained.plan->network->tensors()) {
      const std::vector<float> values = trained.inference->weights(tensor);
      std::vector<double>& sum = sums[tensor.path];
      sum.resize(values.size());
      for (size_t i = 0; i < values.size(); ++i) sum[i] += double{values[i]};
    }
  }

  // What a network computes outside training, operation by operation.
  static std::string steps_of(const Plan& plan) {
    Graph g;
    g.output("prediction", predicted(g, inference_recipe(plan).forward, BatchType(2)));
    return g.text();
  }

  // That a weight means the same in both.
  void expect_same(const Plan& plan, const Plan& other, const std::string& what) const {
    const auto refuse = [&](const std::string& how) {
      throw Error(Exit::usage,
                  Problem{.path = what,
                          .what = concat("holds the weights of another model than '", runs_of_[0], "': ", how),
                          .help = "average runs of one model"});
    };
    std::map<std::string, Shape> shapes;
    for (const Tensor& tensor : plan.network->tensors()) shapes[tensor.path] = tensor.shape;
    for (const Tensor& tensor : other.network->tensors()) {
      const auto found = shapes.find(tensor.path);
      if (found == shapes.end()) refuse(concat("'", tensor.path, "' is not there"));
      if (found->second != tensor.shape)
        refuse(concat("'", tensor.path, "' is ", tensor.shape.text(), ", there ", found->second.text()));
      shapes.erase(found);
    }
    if (!shapes.empty()) refuse(concat("it has no '", shapes.begin()->first, "'"));
    const auto fits = config_differences({&plan.data.fitted, &other.data.fitted});
    if (!fits.empty())
      throw Error(Exit::usage,
                  Problem{.path = what,
                          .what = concat("was trained on other data than '", runs_of_[0], "', of which data.fitted.",
                                         fits[0].key, " is ", shortened(fits[0].values[1].value_or("nothing"), 40),
                                         ", there ", shortened(fits[0].values[0].value_or("nothing"), 40)),
                          .help = "average runs of one training set"});
    if (steps_of(plan) != steps_of(other)) refuse("its layers compute something else with the same shapes");
  }

  void write(const Plan& plan, const std::map<std::string, std::vector<double>>& sums) const {
    const std::string name = name_.empty() ? plan.name + "-average" : name_;
    const std::string head = concat("# The mean of the weights of ", join(runs_of_), "\n");
    Node config = parse_yaml(plan.resolved(), "resolved.yaml", resolved_limits);
    config.set("name", Node::string(name));
    RunFolder folder = RunFolder::create(runs_, name, to_yaml(config), head + to_yaml(config));
    try {
      const auto renamed = plan_from(folder.paths().resolved(), {}, SetsToRead::none());
      const double count = static_cast<double>(runs_of_.size());
      const Checkpoint checkpoint = keep_imported(*renamed, folder, [&](const Tensor& tensor) {
        std::vector<float> mean;
        for (const double sum : sums.at(tensor.path)) mean.push_back(static_cast<float>(sum / count));
        return mean;
      });
      // The config that is trained further begins with these weights.
      config.set("init_from", Node::string(std::filesystem::absolute(checkpoint.weights()).string()));
      write_file_atomic(folder.paths().config(), head + to_yaml(config));
    } catch (...) {
      folder.discard();
      throw;
    }
    print(concat("the mean of ", runs_of_.size(), " networks of ",
                 count_of(plan.network->parameter_count(), "parameter"),
                 "\nrun folder: ", folder.paths().folder.string(),
                 "\nnext: ", eval_command(folder.paths().folder, plan.data.names), "\n"));
  }

  std::vector<std::string> runs_of_;
  std::string checkpoint_, name_, runs_ = "runs";
};

DL_COMMAND(Average, "average");

}  // namespace
}  // namespace dl
