// dlcli train: trains a config, or goes on with a run.
// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "app/command.h"
#include "app/console/folds_summary.h"
#include "app/console/json.h"
#include "app/console/network_table.h"
#include "app/console/output.h"
#include "app/console/progress.h"
#include "app/console/run_summary.h"
#include "app/options.h"
#include "app/signals.h"
#include "app/trained.h"
#include "app/warnings.h"
#include "lib/base/batch_job.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"
#include "lib/base/version.h"
#include "lib/train/kept/run_state.h"
#include "lib/train/loop/trainer.h"
#include "lib/train/plan/settled.h"

namespace dl {
namespace {

constexpr size_t most_network_rows = 16;  // of the network's table

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

// Says what trains where, as part of which job: for a log that is looked at after months.
class Place final : public Observer {
 public:
  explicit Place(Output& out) : out_(out) {}
  void started(const RunStarted& run) override {
    const std::string restart =
        run.job && run.job->restarts > 0 ? concat(", restart ", run.job->restarts) : std::string();
    const std::string where = concat(run.host, run.job ? ", " + run.job->text() : "", restart);
    out_.write(concat("dlcli ", version_text(), " on ", printable(where), ", ", count_of(run.threads, "thread"), ", ",
                      utc_timestamp(), "\n"));
  }

 private:
  Output& out_;
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
                 "go on with a run, to the same bits as if it had never stopped; without a name, the newest of CONFIG; "
                 "'auto': that of CONFIG if there is one to go on with (in a batch job, this job's), else begin")
        ->type_name("[=RUN]");
    app.add_option("--fold,--folds", fold_,
                   "which of 'data.folds' is held out, from 1 on; 'all': one run with each, then mean and deviation")
        ->type_name("N|all");
    app.add_option("--name", name_, "the run's name; its folder is runs/NAME-1, -2, …")->type_name("NAME");
    declare_runs(app, runs_);
    overrides_.declare_machine(app);
    declare_strict(app, strict_);
    declare_json(app, json_);
    app.add_flag("-q,--quiet", quiet_, "no progress, only warnings and the summary");
    examples(app,
             {{"dlcli train configs/quickstart.yaml", "train"},
              {"dlcli train my.yaml --set optimizer.adamw.lr=3e-4", "with another learning rate"},
              {"dlcli train my.yaml --set trainer.fast_dev_run=true", "a few steps of everything, nothing kept"},
              {"dlcli train my.yaml --set data.folds=5 --folds all", "five runs, each with another fifth held out"},
              {"dlcli train my.yaml --resume=auto", "in a batch job: begin, and go on when it is requeued"},
              {"dlcli train --resume=my-2", "go on after Ctrl-C, a time limit or a crash"},
              {"dlcli train --resume=my-2 --set trainer.max_epochs=20", "train for longer"}});
  }

  Exit run() override {
    const std::atomic<bool>& stop = stop_on_signals();
    expect_first_task();
    const bool names_run = !resume_.empty() && resume_ != "newest" && resume_ != "auto";
    if (config_.empty() && !names_run)
      throw Error(Exit::usage, Problem{.path = "dlcli train",
                                       .what = "CONFIG is missing",
                                       .help = resume_.empty()     ? "write 'dlcli train configs/quickstart.yaml'"
                                               : resume_ == "auto" ? "write 'dlcli train my.yaml --resume=auto'"
                                                                   : "write 'dlcli train --resume=RUN'"});
    if (names_run && !name_.empty())
      throw Error(Exit::usage,
                  Problem{.path = "--name",
                          .what = "names a new run, and --resume=" + resume_ + " goes on with one that has a name",
                          .help = "leave --name out"});
    if (names_run) refuse_another_beginning(overrides_.sets());
    if (resume_.empty() && config_file(config_) != config_)
      throw Error(Exit::usage, Problem{.path = "dlcli train",
                                       .what = "'" + config_ + "' is a run",
                                       .help = "write 'dlcli train --resume=" + config_ + "' to go on with it"});
    if (fold_.empty()) {
      std::optional<FoldEnd> end;
      return train(sets(), stop, end);
    }
    return train_folds(stop);
  }

 private:
  // The run of one fold is named after it; what is told of all comes at the end.
  Exit train_folds(const std::atomic<bool>& stop) {
    if (config_.empty())
      throw Error(Exit::usage, Problem{.path = "--fold", .what = "CONFIG is missing", .help = "name the config"});
    std::string base;
    int64_t count = 0;
    {
      const std::unique_ptr<Plan> plan = plan_run(config_, sets());
      base = plan->name;
      if (!plan->run.data.folds)
        throw Error(Exit::usage, Problem{.path = "--fold",
                                         .what = "'data.folds' does not say how many there are",
                                         .help = "write 'data: {folds: 5}', or '--set data.folds=5'"});
      count = plan->run.data.folds->count;
    }
    const auto number = integer_in(fold_);
    if (fold_ != "all" && (!number || *number < 1 || *number > count))
      throw Error(Exit::usage, Problem{.path = "--fold",
                                       .what = concat("expected a fold from 1 to ", count, " or all, got ", fold_)});
    std::vector<FoldEnd> ends;
    for (int64_t k = number.value_or(1); k <= number.value_or(count); ++k) {
      std::vector<std::string> of_fold = sets();
      of_fold.push_back(concat("data.fold=", k));
      of_fold.push_back(concat("name=", base, "-fold", k));
      std::optional<FoldEnd> end;
      const Exit exit = train(of_fold, stop, end);
      if (exit != Exit::done || !end) return exit;
      ends.push_back(std::move(*end));
    }
    if (!number) tell(json_ ? json_line(folds_json(ends)) : folds_summary(ends), Exit::done);
    return Exit::done;
  }

  // One run; how it ended.
  Exit train(const std::vector<std::string>& sets, const std::atomic<bool>& stop, std::optional<FoldEnd>& ended) {
    const bool one_of_all = fold_ == "all";
    std::unique_ptr<Plan> plan = config_.empty() ? nullptr : plan_run(config_, sets);
    std::optional<RunFolder> folder;
    std::optional<Checkpoint> from;
    if (const std::optional<RunPaths> paths = run_to_resume(plan.get())) {
      folder.emplace(RunFolder::open(paths->folder));  // held before its checkpoints are looked at
      from = Checkpoints(paths->checkpoints()).newest(warn_passed_over);
      if (!plan) plan = plan_from(from ? from->resolved() : paths->resolved(), sets);
      if (!from) {
        folder.reset();
        warn(paths->name() + " has no checkpoint to go on from; a new run begins");
      }
    }
    if (strict_) refuse(plan->warnings);
    if (resume_.empty()) warn_of_own_run(plan->name);

    Outcome outcome;
    Warnings warnings;
    Output& shown = json_ ? standard_error() : standard_output();
    RunProgress progress(shown, network_table(*plan->network, shown.columns() - 2, most_network_rows));
    Place place(shown);
    Observer* console = quiet_ ? static_cast<Observer*>(&warnings) : &progress;
    TrainerOptions options{.folder = folder ? &*folder : nullptr, .observers = {&outcome, console}, .stop = &stop};
    if (!quiet_) options.observers.push_back(&place);
    if (!folder && !plan->run.trainer.fast_dev_run)
      options.make_folder = [&] {
        folder.emplace(RunFolder::create(runs_, plan->name, plan->resolved(), plan->config));
        return &*folder;
      };
    Trainer trainer(*plan, std::move(options));
    if (from) {
      trainer.resume(*from);
      folder->write_resolved(plan->resolved());  // --set may have changed what goes on
      if (const auto end = trainer.already_finished()) {
        const RunStarted run = trainer.about();
        ended = FoldEnd{run, *end};
        if (!json_ || !one_of_all)
          tell(json_ ? json_line(run_json(run, *end)) : already_finished(run, *end), Exit::done);
        return Exit::done;
      }
    }
    const RunFinished end = trainer.fit();
    const Output& out = standard_output();
    ended = FoldEnd{outcome.run, end};
    if (!json_ || !one_of_all || end.exit != Exit::done)
      tell(json_ ? json_line(run_json(outcome.run, end))
                 : with_colours(out, run_summary(outcome.run, end, out.columns())),
           end.exit);
    if (end.exit == Exit::diverged)
      standard_error().write(with_colours(standard_error(), render(divergence(outcome.run, end)) + "\n"));
    return end.exit;
  }

  // A terminal that went away is no reason to call a finished run a failure; a script that was to be given an object is
  // told so, but of a run that is to go on by its exit code.
  void tell(const std::string& result, Exit exit) const {
    if (json_ && exit == Exit::done) return print(result);
    standard_output().write(result);
  }

  // One process trains a run; others that a launcher started with it would make runs of their own.
  static void expect_first_task() {
    const LaunchedTask task = launched_task();
    if (task.size == 1) return;
    if (task.rank > 0)
      throw Error(Exit::usage,
                  Problem{.path = "dlcli train",
                          .what = concat("this is task ", task.rank, " of 0 to ", task.size - 1, " (", task.variable,
                                         "), and a run is trained by one task: the first trains, this one ends"),
                          .help = "start one task with all cores: 'srun -n 1 -c 8 dlcli train …'; for several runs at "
                                  "once, a job array"});
    warn(concat("of ", task.size, " tasks (", task.variable,
                ") this one trains and the others end; start one: 'srun -n 1'"));
  }

  // None: a new run begins.
  std::optional<RunPaths> run_to_resume(const Plan* plan) const {
    if (resume_.empty()) return {};
    if (resume_ == "auto") return run_to_go_on_with(plan->name, batch_job(), runs_);
    if (resume_ != "newest") return find_run(resume_, runs_);
    if (std::optional<RunPaths> run = run_to_go_on_with(plan->name, {}, runs_)) return run;
    const std::vector<RunPaths> begun = runs_of(plan->name, runs_);
    return begun.empty() ? find_run(plan->name, runs_) : begun[0];
  }

  // A job that is started again and begins from nothing is seldom what was wanted.
  void warn_of_own_run(const std::string& name) const {
    const std::optional<BatchJob> job = batch_job();
    if (!job) return;
    const std::optional<RunPaths> own = run_of_job(name, *job, runs_);
    if (!own || (job->restarts == 0 && read_run_state(*own).status == RunState::Status::finished)) return;
    warn(concat(own->name(), " is a run of this very job (", job->text(),
                "), and another one begins now; '--resume=auto' goes on with it"));
  }

  std::vector<std::string> sets() const {
    std::vector<std::string> all = overrides_.sets();
    if (!name_.empty()) all.push_back("name=" + name_);
    return all;
  }

  std::string config_, resume_, name_, fold_, runs_ = "runs";
  bool json_ = false, quiet_ = false, strict_ = false;
  Overrides overrides_;
};

DL_COMMAND(Train, "train");

}  // namespace
}  // namespace dl
