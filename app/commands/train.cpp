// dlcli train: trains a config, or goes on with a run.
#include <optional>

#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/progress.h"
#include "app/console/run_summary.h"
#include "app/options.h"
#include "app/signals.h"
#include "app/trained.h"
#include "app/warnings.h"
#include "lib/train/trainer.h"

namespace dl {
namespace {

// Keeps what the summary is made of.
class Outcome final : public Observer {
 public:
  void started(const RunStarted& r) override { run = r; }
  RunStarted run;
};

// Says warnings only.
class Warnings final : public Observer {
 public:
  void warned(const std::string& text) override { warn(text); }
};

class Train final : public Command {
 public:
  std::string summary() const override { return "train a config, or go on with a run"; }
  std::vector<std::string> other_names() const override {
    return {"fit", "run", "start", "learn", "training", "resume", "continue", "restart"};
  }

  void declare(CLI::App& app) override {
    app.add_option("CONFIG", config_, "the YAML file; may be left out with --resume=RUN");
    overrides_.declare_set(app);
    app.add_flag("--resume{newest}", resume_,
                 "go on with a run, to the same bits as if it had never stopped; without a name, the newest of CONFIG")
        ->type_name("[=RUN]");
    app.add_option("--name", name_, "the run's name; its folder is runs/NAME-1, -2, …")->type_name("NAME");
    overrides_.declare_machine(app);
    declare_strict(app, strict_);
    declare_json(app, json_);
    app.add_flag("-q,--quiet", quiet_, "no progress, only warnings and the summary");
    examples(app, {{"dlcli train configs/quickstart.yaml", "train"},
                   {"dlcli train my.yaml --set optimizer.adamw.lr=3e-4", "with another learning rate"},
                   {"dlcli train my.yaml --set trainer.fast_dev_run=true", "a few steps of everything, nothing kept"},
                   {"dlcli train --resume=my-2", "go on after Ctrl-C, a time limit or a crash"},
                   {"dlcli train --resume=my-2 --set trainer.max_epochs=20", "train for longer"}});
  }

  Exit run() override {
    if (config_.empty() && (resume_.empty() || resume_ == "newest"))
      throw Error(Exit::usage, Problem{.path = "dlcli train",
                                       .what = "CONFIG is missing",
                                       .help = resume_.empty() ? "write 'dlcli train configs/quickstart.yaml'"
                                                               : "write 'dlcli train --resume=RUN'"});
    if (resume_.empty() && config_file(config_) != config_)
      throw Error(Exit::usage, Problem{.path = "dlcli train",
                                       .what = "'" + config_ + "' is a run",
                                       .help = "write 'dlcli train --resume=" + config_ + "' to go on with it"});
    const std::atomic<bool>& stop = stop_on_signals();
    std::unique_ptr<Plan> plan = config_.empty() ? nullptr : plan_run(config_, sets());
    std::optional<RunFolder> folder;
    std::optional<Checkpoint> from;
    if (!resume_.empty()) {
      const RunPaths paths = find_run(resume_ == "newest" ? plan->name : resume_);
      folder.emplace(RunFolder::open(paths.folder));  // held before its checkpoints are looked at
      from = Checkpoints(paths.checkpoints()).newest(warn_passed_over);
      if (!plan) plan = plan_from(from ? from->resolved() : paths.resolved(), sets());
      if (!from) {
        folder.reset();
        warn(paths.name() + " has no checkpoint to go on from; a new run begins");
      }
    }
    if (strict_) refuse(plan->warnings);
    if (!folder && !plan->run.trainer.fast_dev_run)
      folder.emplace(RunFolder::create("runs", plan->name, plan->resolved(), plan->config));

    Outcome outcome;
    Warnings warnings;
    RunProgress progress(json_ ? standard_error() : standard_output());
    Observer* console = quiet_ ? static_cast<Observer*>(&warnings) : &progress;
    Trainer trainer(*plan, {.folder = folder ? &*folder : nullptr, .observers = {&outcome, console}, .stop = &stop});
    if (from) {
      trainer.resume(*from);
      folder->write_resolved(plan->resolved());  // --set may have changed what goes on
    }
    const RunFinished end = trainer.fit();
    // A terminal that went away is no reason to call a finished run a failure.
    standard_output().write(json_ ? json_line(run_json(outcome.run, end)) : run_summary(outcome.run, end));
    return end.exit;
  }

 private:
  std::vector<std::string> sets() const {
    std::vector<std::string> all = overrides_.sets();
    if (!name_.empty()) all.push_back("name=" + name_);
    return all;
  }

  std::string config_, resume_, name_;
  bool json_ = false, quiet_ = false, strict_ = false;
  Overrides overrides_;
};

DL_COMMAND(Train, "train");

}  // namespace
}  // namespace dl
