// The training loop.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/trainer.h"

#include <algorithm>
#include <utility>

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/data/skipping.h"
#include "lib/train/loop/beginning.h"
#include "lib/train/loop/best_so_far.h"
#include "lib/train/loop/cadence.h"
#include "lib/train/loop/checkpointing.h"
#include "lib/train/loop/controllers.h"
#include "lib/train/loop/divergence.h"
#include "lib/train/loop/evaluator.h"
#include "lib/train/loop/listeners.h"
#include "lib/train/loop/pace.h"
#include "lib/train/loop/resident_data.h"
#include "lib/train/loop/running_figures.h"
#include "lib/train/loop/shown_tensors.h"
#include "lib/train/loop/updates.h"
#include "lib/train/plan/loading.h"

namespace dl {

struct Trainer::Impl {
  Impl(Plan& p, TrainerOptions o)
      : plan(p),
        trainer(p.run.trainer),
        options(std::move(o)),
        device(make_device(trainer.device, plan.device_options())),
        store(*device),
        programs(plan.recipe(), store),
        updates(plan, programs, store),
        figures(plan, programs, updates, state.latest),
        best(plan, state),
        divergence(plan, updates),
        checkpointing(plan),
        listeners(std::move(options.observers)),
        shown(plan, store, updates),
        validation_cadence(trainer.validation_interval(), plan.steps_per_epoch()) {
    if (options.folder) keep_in(*options.folder);
    state = new_state(plan, *device);
    controllers.begin(plan, state);
  }

  // From now on all is kept there.
  void keep_in(RunFolder& folder) {
    if (trainer.fast_dev_run) return;
    options.folder = &folder;
    checkpointing.keep_in(folder);
    listeners.keep_in(folder, plan);
    if (listeners.board()) shown.show_on(*listeners.board());
  }

  // ---- the parts of a run

  void resume(const Checkpoint& checkpoint);
  void prepare();
  RunFinished train();
  void broke_off(Exit exit, const std::string& what);
  void step();
  void read();
  void log_record();
  void boundary();
  bool validate(bool in_its_turn);
  void end_epoch();
  void save(bool final);
  void remove_old_checkpoints();
  RunFinished ended(Exit exit, std::string reason);
  RunStarted about() const { return told_at_start(plan, *device, state, options.folder, resumed_from); }
  Warn warns() {
    return [this](const std::string& text) { listeners.warn(text); };
  }

  // ---- when things happen

  bool epoch_is_over() const { return state.epoch_batches == plan.batches_per_epoch(); }
  bool stop_asked() const { return options.stop && options.stop->load(std::memory_order_relaxed); }
  // Each process takes a step at least: a run that is started again and again comes to its end.
  bool time_is_up() const { return state.step > first_step && time_is_over(); }
  bool time_is_over() const { return trainer.max_time && pace.now() >= trainer.max_time->value; }
  // Why the run is over, or empty. `epochs` are those that have ended.
  std::string end_reason(int64_t epochs) const {
    if (trainer.fast_dev_run && state.step >= 1) return "fast_dev_run";
    if (trainer.max_steps && state.step >= *trainer.max_steps)
      return concat("max_steps (", *trainer.max_steps, ") reached");
    if (trainer.max_epochs && epochs >= *trainer.max_epochs)
      return concat("max_epochs (", *trainer.max_epochs, ") reached");
    return controllers.end_reason();
  }

  Plan& plan;
  const TrainerSpec& trainer;
  TrainerOptions options;  // but for the observers, which are the listeners
  std::unique_ptr<Device> device;
  Store store;
  Programs programs;
  Updates updates;
  TrainState state;  // but for time_s and the controllers, which save() fills in
  RunningFigures figures;
  BestSoFar best;
  Divergence divergence;
  Checkpointing checkpointing;
  Listeners listeners;
  ShownTensors shown;
  Cadence validation_cadence;
  int64_t first_step = 0;      // that this process went on from
  bool folder_is_new = false;  // made by options.make_folder
  bool removal_failed = false;
  std::optional<Loader> loader;
  std::optional<BatchesAhead> batches;  // of the loader
  std::optional<Evaluator> evaluator;
  Controllers controllers;
  Pace pace;
  size_t skipped_told = 0;
  double lr = 0;
  // A step until its numbers are read: on a device that runs ahead, after the next was begun. What looks at the run's
  // variables or ends it reads first, so that all of it is of the same step.
  struct {
    bool unread = false;
    StepDone step;
    Cursor batch;
  } begun;
  bool weights_ready = false;
  std::filesystem::path resumed_from;
};

Trainer::Trainer(Plan& plan, TrainerOptions options) : impl_(std::make_unique<Impl>(plan, std::move(options))) {}
Trainer::~Trainer() = default;

Store& Trainer::store() { return impl_->store; }

RunStarted Trainer::about() const { return impl_->about(); }

void Trainer::resume(const Checkpoint& checkpoint) { impl_->resume(checkpoint); }

std::optional<RunFinished> Trainer::already_finished() {
  const std::string reason = impl_->state.boundary ? "" : impl_->end_reason(impl_->state.epoch);
  if (reason.empty()) return {};
  const RunFinished end = impl_->ended(Exit::done, reason);
  // Its process may have been killed before it could.
  if (RunRecord* record = impl_->listeners.record()) record->finished(end);
  return end;
}

RunFinished Trainer::fit() {
  Impl& m = *impl_;
  try {
    m.prepare();
    return m.train();
  } catch (const Error& error) {
    m.broke_off(error.exit(), error.problems().front().what);
    throw;
  } catch (const std::exception& error) {
    m.broke_off(Exit::failed, error.what());
    throw;
  }
}

// By an error: what was made for a run that took no step goes again, any other is known to have failed.
void Trainer::Impl::broke_off(Exit exit, const std::string& what) {
  if (folder_is_new && state.step == 0 && std::exchange(options.folder, nullptr)->discard()) return;
  if (RunRecord* record = listeners.record()) record->failed(exit, what);
}

void Trainer::Impl::resume(const Checkpoint& checkpoint) {
  take_weights(checkpoint, plan, programs, store);
  weights_ready = true;
  state = state_from(checkpoint, plan, *device, state, warns());
  controllers.begin(plan, state);
  pace.before_s = state.time_s;
  validation_cadence.done_before(state.time_s - state.validated_s);
  figures.put_back(checkpoint);
  resumed_from = checkpoint.folder;
  if (!checkpointing.keeps()) return;
  checkpointing.go_on_from(checkpoint);
  if (const std::string damage = checkpointing.damage_of(state.best_step); !damage.empty()) {
    listeners.warn(concat("the best checkpoint, of step ", state.best_step, ", is lost: ", damage));
    best.lost();
  }
  remove_old_checkpoints();
  listeners.log()->cut(state.log_bytes);
}

void Trainer::Impl::prepare() {
  pace.begin = steady_seconds();
  first_step = state.step;
  if (!weights_ready) begin_weights(plan, programs, store);
  loader.emplace(plan.data.fed(), training_loading(plan));
  if (state.cursor.batch == loader->per_epoch()) state.cursor = {.epoch = state.cursor.epoch + 1};  // of older states
  loader->seek(state.cursor);
  batches.emplace(*loader);
  updates.expect(std::min(plan.run.data.batch_size, plan.data.train->size()),
                 state.step);  // while the first batch is read
  if (plan.data.rows) put_on_device(plan, store);
  if (!options.folder && options.make_folder && !trainer.fast_dev_run) {
    options.folder = options.make_folder();
    folder_is_new = true;
    keep_in(*options.folder);
  }
  listeners.tell(&Observer::started, about());
  if (resumed_from.empty()) shown.images();
  for (const Problem& warning : plan.warnings) listeners.warn(problem_text(warning));
  warn_of_the_device(plan, *device, warns());
  if (time_is_over())
    listeners.warn(concat("trainer.max_time: '", trainer.max_time->text(),
                          "' was over when the first step could be taken, "
                          "after ",
                          seconds_text(pace.now()), ": one step is taken each time the run is started"));
  pace.begin_steps();
}

RunFinished Trainer::Impl::train() {
  Exit exit = Exit::done;
  std::string reason;
  if (state.boundary && !stop_asked()) pace.aside([&] { boundary(); });
  while (true) {
    reason = end_reason(state.epoch);
    const bool stops = state.boundary || stop_asked(), late = !stops && time_is_up();
    if (!reason.empty() || stops || late) read();
    if (divergence.found()) {
      exit = Exit::diverged;
      reason = divergence.at(state.step);
    } else if (!reason.empty() && !state.boundary) {
      exit = Exit::done;
    } else if (stops) {
      exit = Exit::interrupted;
      reason = "stopped by a signal";
    } else if (late) {
      exit = Exit::time_limit;
      reason = concat("max_time (", trainer.max_time->text(), ") reached");
    } else {
      step();
      if (!divergence.found()) pace.aside([&] { boundary(); });
      continue;
    }
    break;
  }
  if (exit == Exit::done && state.epoch == 0 && state.epoch_batches > 0) figures.expect_targets();
  if (exit != Exit::diverged) {
    pace.aside([&] { save(true); });
    if (divergence.found()) {
      exit = Exit::diverged;
      reason = divergence.at(state.step);
    }
  }
  const RunFinished end = ended(exit, reason);
  listeners.tell(&Observer::finished, end);
  return end;
}

void Trainer::Impl::step() {
  double factor = 1;
  std::optional<double> momentum;
  if (const LRSchedule* schedule = plan.run.schedule.get()) {
    const Progress at = plan.progress(state.step);
    factor = schedule->factor(at);
    momentum = schedule->momentum(at);
  }
  lr = controllers.learning_rate(plan.run.optimizer->learning_rate() * factor);
  updates.begin(lr, state.step + 1, momentum);
  auto seen = [&](int64_t samples) {
    state.micro_batches += 1;
    state.samples += samples;
    state.epoch_batches += 1;
    state.epoch_samples += samples;
    pace.saw(samples);
  };
  if (trainer.accumulate_grad_batches == 1) {
    seen(updates.step(*batches, state.micro_batches));
  } else {
    const int64_t count = std::min(trainer.accumulate_grad_batches, plan.batches_per_epoch() - state.epoch_batches);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t samples = updates.accumulate(*batches, state.micro_batches);
      divergence.look_closer(updates.loss(), batches->present(), *batches);
      seen(samples);
    }
    updates.finish();
  }
  state.step += 1;

  read();  // of the step before
  if (divergence.found()) return;
  begun.unread = true;
  begun.step = {.step = state.step, .epoch = state.epoch, .samples = state.epoch_samples, .lr = lr};
  begun.batch = batches->present();
  const bool logs = state.step % trainer.log_every_n_steps == 0;
  if (logs || !updates.reads_late()) read();
  if (logs) pace.aside([&] { log_record(); });
}

// Nothing where all is read.
void Trainer::Impl::read() {
  if (!std::exchange(begun.unread, false)) return;
  updates.read();
  const double loss = begun.step.loss = updates.loss(), norm = static_cast<double>(updates.gradient_norm());
  if (trainer.accumulate_grad_batches == 1) divergence.look_closer(loss + norm, begun.batch, *batches);
  divergence.of_step(loss, norm);
  if (divergence.found()) {  // the run ended here, whatever was begun since
    state.step = begun.step.step;
    lr = begun.step.lr;
  }
  listeners.tell(&Observer::stepped, begun.step);
}

void Trainer::Impl::log_record() {
  figures.collect();
  const double now = steady_seconds(), waited = loader->waited_seconds();
  StepRecord record{.step = state.step, .epoch = state.epoch, .time_s = pace.time_s(), .values = figures.of_record()};
  figures.remember(record.values);
  record.values.push_back({"lr", lr});
  record.values.push_back({"grad_norm", static_cast<double>(updates.gradient_norm())});
  record.samples_per_s = pace.interval.samples_per_s(now);
  record.input_wait = pace.interval.input_wait(now, waited);
  listeners.tell(&Observer::logged, record);
  figures.begin_record();
  pace.interval = {.begin = now, .waited = waited};
}

// What follows a step: validation, the end of an epoch, a checkpoint. A stop during validation leaves it to be done
// again, as a whole, by the run that resumes.
void Trainer::Impl::boundary() {
  const bool over = epoch_is_over();
  const bool last = !end_reason(state.epoch + (over ? 1 : 0)).empty();
  const bool in_its_turn = validation_cadence.due(state.step, pace.now());
  const bool validates = plan.data.validation && (last || in_its_turn);
  best.forget();
  const bool shows_tensors = shown.due(state.step, pace.now());
  if (over || validates || shows_tensors) read();
  if (divergence.found()) return;
  if (shows_tensors) {
    shown.show(state.step);
    shown.done(pace.now());
  }
  if (over) controllers.epoch_trained(state.epoch + 1, store);
  if (validates && !validate(in_its_turn)) {
    state.boundary = true;
    return;
  }
  state.boundary = false;
  if (divergence.found()) return;
  if (over) end_epoch();
  if (best.now() || checkpointing.due(state.step, pace.now())) save(false);
}

// False where it was stopped on the way. One that only the run's end asks for is nothing to controllers: a longer run,
// which this one may become, has none there.
bool Trainer::Impl::validate(bool in_its_turn) {
  controllers.settle(store);
  if (!evaluator) evaluator.emplace(plan, programs, store, plan.data.validation, "val");
  ValidationProgress progress{.step = state.step, .epoch = state.epoch, .samples = evaluator->samples()};
  const auto seen = [&](int64_t done) {
    progress.done = done;
    listeners.tell(&Observer::validating, progress);
  };
  seen(0);
  const double start = steady_seconds();
  const auto values = evaluator->run(options.stop, trainer.fast_dev_run ? 1 : 0, seen);
  if (!values) return false;
  validation_cadence.done(pace.now());
  state.validated_s = pace.time_s();
  figures.remember(*values);
  const Figures validated(*values);
  divergence.of_validation(validated("val/loss"));
  if (!divergence.found()) {
    best.validated(validated);
    if (in_its_turn) controllers.validated(validated);
  }
  const ValidationRecord record{.step = state.step,
                                .epoch = state.epoch,
                                .time_s = pace.time_s(),
                                .values = *values,
                                .seconds = steady_seconds() - start,
                                .best = best.now(),
                                .tables = evaluator->tables()};
  listeners.tell(&Observer::validated, record);
  return true;
}

void Trainer::Impl::end_epoch() {
  figures.collect();
  EpochRecord record{.step = state.step,
                     .epoch = state.epoch,
                     .time_s = pace.time_s(),
                     .values = figures.of_epoch(),
                     .seconds = steady_seconds() - pace.epoch_begin};
  figures.remember(record.values);
  for (Measured& m : figures.latest("val/")) record.values.push_back(std::move(m));
  listeners.tell(&Observer::epoch_ended, record);
  const std::vector<std::string> skipped = dl::skipped(*plan.data.train);
  for (; skipped_told < skipped.size(); ++skipped_told) listeners.warn("skipped: " + skipped[skipped_told]);
  figures.begin_epoch();
  pace.epoch_begin = steady_seconds();
  state.epoch += 1;
  state.epoch_batches = state.epoch_samples = 0;
  programs.forget_carried(true);
}

void Trainer::Impl::save(bool final) {
  if (!checkpointing.keeps() || checkpointing.has(state)) return;
  read();
  if (divergence.found()) return;
  checkpointing.expect_in_place();
  best.saving();
  try {
    state.time_s = pace.time_s();
    state.cursor = batches->cursor();
    controllers.keep_in(state, store);
    if (state.data.empty()) state.data = fingerprint_of(plan.data);
    state.log_bytes = listeners.log()->sync();
    const CheckpointSaved saved =
        checkpointing.save(state, store, best.now(), [this](const Append& append) { figures.save(append); });
    listeners.tell(&Observer::saved, saved);
  } catch (const Error& error) {
    if (error.exit() == Exit::diverged)
      divergence.of_weights(error.problems().front());
    else if (final || error.exit() != Exit::io)
      throw;
    else
      listeners.warn(concat("the checkpoint of step ", state.step, " was not written; training goes on: ",
                            error.problems().front().where.file, ": ", error.problems().front().what));
    best.not_saved();
    return checkpointing.done(pace.now());
  }
  checkpointing.done(pace.now());
  remove_old_checkpoints();
}

// What is left takes room and harms nothing: a warning, once.
void Trainer::Impl::remove_old_checkpoints() {
  try {
    checkpointing.prune(state.spared_step());
  } catch (const Error& error) {
    if (!std::exchange(removal_failed, true))
      listeners.warn(concat("older checkpoints could not be removed: ", error.problems().front().where.file, ": ",
                            error.problems().front().what));
  }
}

RunFinished Trainer::Impl::ended(Exit exit, std::string reason) {
  const double now = steady_seconds();
  RunFinished end{.exit = exit, .reason = std::move(reason)};
  end.step = state.step;
  end.epoch = state.epoch;
  end.time_s = pace.time_s();
  end.values = figures.at_end(state.epoch_batches == 0);
  end.lr = lr;
  divergence.put_origin_in(end);
  end.monitor = state.monitor;
  end.best_value = state.best_value.value_or(0);
  end.best_step = state.best_step;
  end.last_checkpoint = checkpointing.last();
  if (checkpointing.keeps() && end.best_step >= 0) end.best_checkpoint = checkpointing.of_step(end.best_step);
  if (loader) {
    end.samples_per_s = pace.whole.samples_per_s(now);
    end.input_wait = pace.whole.input_wait(now, loader->waited_seconds());
  }
  return end;
}

}  // namespace dl
