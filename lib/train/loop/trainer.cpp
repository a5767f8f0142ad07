// The training loop.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/trainer.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "lib/base/batch_job.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/host.h"
#include "lib/base/text.h"
#include "lib/data/file/tfrecord.h"
#include "lib/data/order.h"
#include "lib/data/skipping.h"
#include "lib/device/repeats_arithmetic.h"
#include "lib/spec/yaml.h"
#include "lib/train/kept/run_log.h"
#include "lib/train/kept/run_state.h"
#include "lib/train/kept/tensorboard_log.h"
#include "lib/train/kept/weights.h"
#include "lib/train/loop/cadence.h"
#include "lib/train/loop/checkpointing.h"
#include "lib/train/loop/evaluator.h"
#include "lib/train/loop/resident_data.h"
#include "lib/train/loop/resuming.h"
#include "lib/train/loop/stretch.h"
#include "lib/train/loop/updates.h"
#include "lib/train/plan/loading.h"

namespace dl {
namespace {

std::string not_finite(double value) { return std::isnan(value) ? "NaN" : value > 0 ? "infinite" : "-infinite"; }

std::vector<std::string> log_columns(const Plan& plan) {
  std::vector<std::string> columns = plan.figures();
  for (const char* name : {"lr", "grad_norm"}) columns.emplace_back(name);
  for (const std::string& figure : plan.figures())
    if (figure.starts_with("train/")) columns.push_back(figure + "_epoch");
  for (const char* name : {"samples_per_s", "input_wait"}) columns.emplace_back(name);
  return columns;
}

}  // namespace

struct Trainer::Impl {
  Impl(Plan& p, TrainerOptions o)
      : plan(p),
        trainer(p.run.trainer),
        options(std::move(o)),
        device(make_device(trainer.device, plan.device_options())),
        store(*device),
        programs(plan.recipe(), store),
        updates(plan, programs, store),
        checkpointing(plan),
        validation_cadence(trainer.validation_interval(), plan.steps_per_epoch()) {
    if (options.folder) keep_in(*options.folder);
    state.seed = plan.seed();
    state.batch_size = plan.run.data.batch_size;
    state.total_steps = plan.total_steps();
    state.arithmetic = device->arithmetic();
    state.monitor = trainer.checkpoint.best.value_or("");
    begin_controllers();
  }

  // As the state has them.
  void begin_controllers() {
    controllers = controllers_of(plan);
    for (const auto& controller : controllers) {
      auto visitor = StateVisitor::reading(state.controllers[controller->name]);
      controller->visit(visitor);
      controller->begin(plan);
    }
  }

  // ---- telling

  template <class Tell>
  void tell(Tell&& each) {
    for (Observer* observer : options.observers) each(*observer);
  }
  void warn(const std::string& text) {
    tell([&](Observer& o) { o.warned(text); });
  }
  double time_s() const { return state_time_s + steady_seconds() - begin; }
  void remember(const std::vector<Measured>& values) {
    for (const Measured& m : values) {
      if (std::isfinite(m.value))
        state.latest[m.name] = m.value;
      else
        state.latest.erase(m.name);
    }
  }
  std::vector<Measured> latest(const std::string& part) const {
    std::vector<Measured> values;
    for (const std::string& name : plan.figures())
      if (name.starts_with(part))
        if (const auto found = state.latest.find(name); found != state.latest.end())
          values.push_back({name, found->second});
    return values;
  }

  // What is done between steps is no step's time.
  template <class Do>
  void aside(Do&& work) {
    const double start = steady_seconds();
    work();
    const double took = steady_seconds() - start;
    interval_stretch.begin += took;
    whole_stretch.begin += took;
  }

  // From now on all is kept there.
  void keep_in(RunFolder& folder) {
    if (trainer.fast_dev_run) return;
    options.folder = &folder;
    checkpointing.keep_in(folder);
    record.emplace(folder.paths());
    log.emplace(folder.paths(), log_columns(plan), [this](const std::string& text) { warn(text); });
    options.observers.insert(options.observers.begin(), {&*log, &*record});
    if (const auto& wanted = trainer.tensorboard; wanted && wanted->on) {
      board.emplace(folder.paths(), plan.config, plan.spec, [this](const std::string& text) { warn(text); });
      log->keep_too(board->file(), whole_tfrecords);
      options.observers.push_back(&*board);
      if (wanted->histograms) histogram_cadence.emplace(*wanted->histograms, plan.steps_per_epoch());
    }
  }

  // What was measured since the last time, added to what is kept of the record and of the epoch.
  void collect() {
    const Measures since = updates.take();
    interval += since;
    epoch += since;
  }
  void save_measures(const Append& append) {
    Tally& tally = updates.tally();
    write_measures(
        {.interval = interval, .epoch = epoch, .sums = tally.sums(programs.measures()), .rows = tally.rows()}, append);
  }
  void put_back(const Checkpoint& checkpoint) {
    std::error_code unreadable;
    if (!std::filesystem::exists(checkpoint.measures(), unreadable)) return;  // of an earlier version
    SavedMeasures saved = read_measures(checkpoint.measures());
    // What another loss or metric of the same name has kept is no part of a figure.
    const bool same_losses = has_same(plan, checkpoint, {"loss", "losses", "turns"});
    const bool same_metrics = same_losses && has_same(plan, checkpoint, {"metrics"});
    other_losses_before = !same_losses;
    const auto is_of_others = [&](const std::string& owner) {
      const auto& losses = plan.objectives.losses();
      return std::ranges::count(losses, owner, &ForwardParts::Term::name) > 0 ? !same_losses : !same_metrics;
    };
    for (Measures* measures : {&saved.interval, &saved.epoch, &saved.rows})
      std::erase_if(*measures, [&](const auto& kept) { return is_of_others(kept.first); });
    interval = std::move(saved.interval);
    epoch = std::move(saved.epoch);
    updates.tally().rows() = std::move(saved.rows);
    for (const Tally::Sum& sum : saved.sums)
      if (!is_of_others(sum.owner)) updates.tally().put_back(programs.measures(), sum);
  }

  // ---- the parts of a run

  void prepare();
  RunFinished train();
  RunStarted about() const;
  RunFinished ended(Exit exit, std::string reason);
  void step();
  void read();
  void look_closer(double sum, const Cursor& batch);
  void log_record();
  void boundary();
  void show_tensors();
  bool validate();
  void end_epoch();
  void save(bool final);
  std::string data_fingerprint() const { return hash_text(plan.data.fingerprint()); }

  // ---- when things happen

  bool epoch_is_over() const { return state.epoch_batches == plan.batches_per_epoch(); }
  bool stop_asked() const { return options.stop && options.stop->load(std::memory_order_relaxed); }
  double now() const { return steady_seconds() - begin; }
  bool time_is_up() const { return trainer.max_time && now() >= trainer.max_time->value; }
  // Why the run is over, or empty. `epochs` are those that have ended.
  std::string end_reason(int64_t epochs) const {
    if (trainer.fast_dev_run && state.step >= 1) return "fast_dev_run";
    if (trainer.max_steps && state.step >= *trainer.max_steps)
      return concat("max_steps (", *trainer.max_steps, ") reached");
    if (trainer.max_epochs && epochs >= *trainer.max_epochs)
      return concat("max_epochs (", *trainer.max_epochs, ") reached");
    for (const auto& controller : controllers)
      if (std::string reason = controller->end_reason(); !reason.empty()) return reason;
    return "";
  }

  Plan& plan;
  const TrainerSpec& trainer;
  TrainerOptions options;
  std::unique_ptr<Device> device;
  Store store;
  Programs programs;
  Updates updates;
  Measures interval, epoch;  // since the last record, since the epoch began; but for what `updates` has not given yet
  Checkpointing checkpointing;
  Cadence validation_cadence;
  std::optional<RunLog> log;
  std::optional<TensorBoardLog> board;
  std::optional<Cadence> histogram_cadence;  // of its weights
  std::optional<RunRecord> record;
  bool folder_is_new = false;  // made by options.make_folder
  std::optional<Loader> loader;
  std::optional<BatchesAhead> batches;  // of the loader
  std::optional<Evaluator> evaluator;

  TrainState state;  // but for time_s and the controllers, which save() fills in
  std::vector<std::unique_ptr<Controller>> controllers;
  double state_time_s = 0;
  double begin = steady_seconds();  // of fit()
  double epoch_begin = 0;
  Stretch interval_stretch, whole_stretch;
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
  bool other_losses_before = false;  // the epoch's steps before the run went on, maybe all, had other losses
  bool best_now = false;             // the last validation was the best so far
  std::pair<std::optional<double>, int64_t> best_found, best_before;  // it, and the one before it
  std::string diverged;                                               // what was not finite; empty: nothing
  std::string bad_input;  // that of the batch that was not finite; empty: it was
  std::string bad_layer;  // where layers are watched: Updates::first_not_finite()
  std::filesystem::path resumed_from;
};

Trainer::Trainer(Plan& plan, TrainerOptions options) : impl_(std::make_unique<Impl>(plan, std::move(options))) {}
Trainer::~Trainer() = default;

Store& Trainer::store() { return impl_->store; }

void Trainer::resume(const Checkpoint& checkpoint) {
  Impl& m = *impl_;
  const TrainState& saved = checkpoint.state;
  expect_same_run(m.plan, checkpoint);
  if (auto* repeats = dynamic_cast<RepeatsArithmetic*>(m.device.get())) repeats->compute_as(saved.arithmetic);
  m.plan.data.load_ahead();
  m.programs.create();
  read_weights(m.plan.network->tensors(), m.store, checkpoint.weights());
  read_optimizer(m.plan.network->tensors(), m.store, checkpoint.optimizer());
  expect_same_model(m.plan, checkpoint);
  expect_same_data(m.data_fingerprint(), checkpoint);
  m.weights_ready = true;

  const TrainState fresh = std::exchange(m.state, saved);
  m.state.batch_size = fresh.batch_size;
  m.state.total_steps = fresh.total_steps;
  m.state.arithmetic = m.device->arithmetic();
  if (!saved.arithmetic.empty() && saved.arithmetic != m.state.arithmetic)
    m.warn(concat("its steps were computed by ", arithmetic_title(saved.arithmetic), ", from here on by ",
                  arithmetic_title(m.state.arithmetic), ": they differ in the last bits"));
  for (const std::string& change : changes_since(m.plan, checkpoint)) m.warn(change);
  if (m.plan.run.schedule && saved.total_steps != fresh.total_steps)
    m.warn(concat("the schedule was planned for ", count_of(saved.total_steps, "step"), ", from here on for ",
                  fresh.total_steps));
  if (m.state.monitor != fresh.monitor) {
    m.state.monitor = fresh.monitor;
    m.state.best_value.reset();
    m.state.best_step = -1;
  }
  m.begin_controllers();
  m.state_time_s = saved.time_s;
  m.validation_cadence.done_before(saved.time_s - saved.validated_s);
  m.put_back(checkpoint);
  m.resumed_from = checkpoint.folder;
  if (!m.checkpointing.keeps()) return;
  m.checkpointing.go_on_from(checkpoint, m.state.best_step);
  m.log->cut(saved.log_bytes);
}

void Trainer::Impl::prepare() {
  begin = steady_seconds();
  if (!weights_ready) {
    plan.data.load_ahead();
    if (!plan.run.init_from) {
      programs.initialize();
    } else {
      plan.initial.fresh.empty() ? programs.create() : programs.initialize();
      read_weights(plan.network->tensors(), store, plan.initial_weights(), plan.initial);
      programs.begin_average();
    }
  }
  loader.emplace(plan.data.fed(), training_loading(plan));
  if (state.cursor.batch == loader->per_epoch()) state.cursor = {.epoch = state.cursor.epoch + 1};  // of older states
  loader->seek(state.cursor);
  batches.emplace(*loader);
  updates.expect(std::min(plan.run.data.batch_size, plan.data.train->size()),
                 state.step);  // while the first batch is read
  if (plan.data.rows) put_on_device(plan, store);
  if (!options.folder && options.make_folder) {
    keep_in(*options.make_folder());
    folder_is_new = true;
  }
  tell([started = about()](Observer& o) { o.started(started); });
  if (board && resumed_from.empty() && trainer.tensorboard->images > 0)
    board->images(*plan.data.train, trainer.tensorboard->images);
  for (const Problem& warning : plan.warnings) warn(problem_text(warning));
  if (trainer.numbers() != Precision::f32 && !device->gains_by_bf16())
    warn(concat("trainer.precision: this processor has no unit for bf16: '", trainer.precision,
                "' takes less memory, and up to twice the time of '32-true'"));
  if (trainer.matmul_precision != "highest" && device->name() != "cuda")
    warn(concat("trainer.matmul_precision: '", trainer.matmul_precision,
                "' is without effect: products of f32 have all its bits on the device '", device->name(), "'"));
  epoch_begin = interval_stretch.begin = whole_stretch.begin = steady_seconds();
}

RunStarted Trainer::Impl::about() const {
  const bool no_gpu = trainer.device.name == "auto" && device->name() == "cpu";
  const char* by_auto = no_gpu ? ", as no GPU works here ('dlcli doctor' says why)" : "";
  return {
      .name = options.folder ? options.folder->paths().name() : plan.name,
      .folder = checkpointing.keeps() ? options.folder->paths().folder : std::filesystem::path(),
      .device = concat(device->name(), ": ", device->description(), by_auto),
      .parameters = plan.network->parameter_count(),
      .train_samples = plan.data.train->size(),
      .val_samples = plan.data.validation ? plan.data.validation->size() : 0,
      .batch_size = plan.run.data.batch_size,
      .steps_per_epoch = plan.steps_per_epoch(),
      .total_steps = plan.total_steps(),
      .max_epochs = trainer.max_epochs.value_or(0),
      .step = state.step,
      .epoch = state.epoch,
      .splits = plan.data.names,
      .resumed_from = resumed_from,
      .host = host_name(),
      .job = batch_job(),
      .threads = plan.threads(),
      .monitor = state.monitor,
      .initial = plan.initial,
  };
}

void Trainer::Impl::step() {
  double factor = 1;
  std::optional<double> momentum;
  if (const LRSchedule* schedule = plan.run.schedule.get()) {
    const Progress at = plan.progress(state.step);
    factor = schedule->factor(at);
    momentum = schedule->momentum(at);
  }
  lr = plan.run.optimizer->learning_rate() * factor;
  for (const auto& controller : controllers) lr = controller->learning_rate(lr);
  updates.begin(lr, state.step + 1, momentum);
  auto seen = [&](int64_t samples) {
    state.micro_batches += 1;
    state.samples += samples;
    state.epoch_batches += 1;
    state.epoch_samples += samples;
    interval_stretch.samples += samples;
    whole_stretch.samples += samples;
  };
  if (trainer.accumulate_grad_batches == 1) {
    seen(updates.step(*batches, state.micro_batches));
  } else {
    const int64_t count = std::min(trainer.accumulate_grad_batches, plan.batches_per_epoch() - state.epoch_batches);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t samples = updates.accumulate(*batches, state.micro_batches);
      look_closer(updates.loss(), batches->present());
      seen(samples);
    }
    updates.finish();
  }
  state.step += 1;

  read();  // of the step before
  if (!diverged.empty()) return;
  begun.unread = true;
  begun.step = {.step = state.step, .epoch = state.epoch, .samples = state.epoch_samples, .lr = lr};
  begun.batch = batches->present();
  const bool logs = state.step % trainer.log_every_n_steps == 0;
  if (logs || !updates.reads_late()) read();
  if (logs) aside([&] { log_record(); });
}

// Nothing where all is read.
void Trainer::Impl::read() {
  if (!std::exchange(begun.unread, false)) return;
  updates.read();
  const double loss = begun.step.loss = updates.loss(), norm = static_cast<double>(updates.gradient_norm());
  if (trainer.accumulate_grad_batches == 1) look_closer(loss + norm, begun.batch);
  if (!std::isfinite(loss))
    diverged = "the loss became " + not_finite(loss);
  else if (!std::isfinite(norm))
    diverged = "the gradients became " + not_finite(norm);
  if (!diverged.empty()) {  // the run ended here, whatever was begun since
    state.step = begun.step.step;
    lr = begun.step.lr;
  }
  tell([&](Observer& o) { o.stepped(begun.step); });
}

void Trainer::Impl::look_closer(double sum, const Cursor& batch) {
  if (!bad_input.empty() || std::isfinite(sum)) return;
  if (bad_layer.empty()) bad_layer = updates.first_not_finite();
  if (const auto found = plan.data.rows ? non_finite_samples(plan, batch) : batches->non_finite(batch))
    bad_input = "the data held it: " + *found;
}

void Trainer::Impl::log_record() {
  collect();
  const double now = steady_seconds(), waited = loader->waited_seconds();
  StepRecord record{.step = state.step,
                    .epoch = state.epoch,
                    .time_s = time_s(),
                    .values = plan.objectives.measured(interval, "train")};
  remember(record.values);
  record.values.push_back({"lr", lr});
  record.values.push_back({"grad_norm", static_cast<double>(updates.gradient_norm())});
  record.samples_per_s = interval_stretch.samples_per_s(now);
  record.input_wait = interval_stretch.input_wait(now, waited);
  tell([&](Observer& o) { o.logged(record); });
  interval.clear();
  interval_stretch = {.begin = now, .waited = waited};
}

// What follows a step: validation, the end of an epoch, a checkpoint. A stop during validation leaves it to be done
// again, as a whole, by the run that resumes.
void Trainer::Impl::boundary() {
  const bool over = epoch_is_over();
  const bool last = !end_reason(state.epoch + (over ? 1 : 0)).empty();
  const bool validates = plan.data.validation && (last || validation_cadence.due(state.step, now()));
  best_now = false;
  const bool shows_tensors = histogram_cadence && histogram_cadence->due(state.step, now());
  if (over || validates || shows_tensors) read();
  if (!diverged.empty()) return;
  if (shows_tensors) show_tensors();
  for (const auto& controller : controllers)
    if (over) controller->epoch_trained(state.epoch + 1, store);
  if (validates && !validate()) {
    state.boundary = true;
    return;
  }
  state.boundary = false;
  if (!diverged.empty()) return;
  if (over) end_epoch();
  if (best_now || checkpointing.due(state.step, now())) save(false);
}

void Trainer::Impl::show_tensors() {
  for (const Tensor& tensor : plan.network->tensors()) board->tensor(state.step, tensor.path, values_of(tensor, store));
  const std::vector<float> gradient = trainer.tensorboard->gradients ? updates.gradient() : std::vector<float>();
  for (const Tensor& tensor : plan.network->tensors())
    if (!gradient.empty() && tensor.trained && plan.network->frozen_until(tensor.path) < state.step)
      board->tensor(state.step, "gradient/" + tensor.path,
                    std::span(gradient).subspan(static_cast<size_t>(tensor.offset),
                                                static_cast<size_t>(tensor.shape.elements())));
  histogram_cadence->done(now());
}

bool Trainer::Impl::validate() {
  for (const auto& controller : controllers) controller->settle(store);
  if (!evaluator) evaluator.emplace(plan, programs, store, plan.data.validation, "val");
  ValidationProgress progress{.step = state.step, .epoch = state.epoch, .samples = evaluator->samples()};
  const auto seen = [&](int64_t done) {
    progress.done = done;
    tell([&](Observer& o) { o.validating(progress); });
  };
  seen(0);
  const double start = steady_seconds();
  const auto values = evaluator->run(options.stop, trainer.fast_dev_run ? 1 : 0, seen);
  if (!values) return false;
  validation_cadence.done(now());
  state.validated_s = time_s();
  remember(*values);
  const Figures figures(*values);
  if (const double loss = figures("val/loss"); !std::isfinite(loss)) diverged = "val/loss became " + not_finite(loss);
  if (diverged.empty() && !state.monitor.empty()) {
    const double value = figures(state.monitor);
    const auto& mode = trainer.checkpoint.mode;
    best_now = is_gain(value, state.best_value, mode ? *mode == "max" : plan.higher_is_better(state.monitor));
    if (best_now) {
      best_before = {state.best_value, state.best_step};
      best_found = {value, state.step};
      std::tie(state.best_value, state.best_step) = best_found;
    }
  }
  for (const auto& controller : controllers)
    if (diverged.empty()) controller->validated(figures);
  const ValidationRecord record{.step = state.step,
                                .epoch = state.epoch,
                                .time_s = time_s(),
                                .values = *values,
                                .seconds = steady_seconds() - start,
                                .best = best_now,
                                .tables = evaluator->tables()};
  tell([&](Observer& o) { o.validated(record); });
  return true;
}

void Trainer::Impl::end_epoch() {
  collect();
  EpochRecord record{.step = state.step,
                     .epoch = state.epoch,
                     .time_s = time_s(),
                     .values = other_losses_before ? plan.objectives.measured(epoch, "train")
                                                   : plan.objectives.measured_whole(epoch, "train"),
                     .seconds = steady_seconds() - epoch_begin};
  remember(record.values);
  for (Measured& m : latest("val/")) record.values.push_back(std::move(m));
  tell([&](Observer& o) { o.epoch_ended(record); });
  const std::vector<std::string> skipped = dl::skipped(*plan.data.train);
  for (; skipped_told < skipped.size(); ++skipped_told) warn("skipped: " + skipped[skipped_told]);
  epoch.clear();
  other_losses_before = false;
  epoch_begin = steady_seconds();
  state.epoch += 1;
  state.epoch_batches = state.epoch_samples = 0;
  programs.forget_carried(true);
}

void Trainer::Impl::save(bool final) {
  if (!checkpointing.keeps() || checkpointing.has(state)) return;
  read();
  if (!diverged.empty()) return;
  checkpointing.expect_in_place();
  if (best_now) std::tie(state.best_value, state.best_step) = best_found;
  try {
    state.time_s = time_s();
    state.cursor = batches->cursor();
    for (const auto& controller : controllers) {
      controller->settle(store);
      auto visitor = StateVisitor::writing(state.controllers[controller->name]);
      controller->visit(visitor);
    }
    if (state.data.empty()) state.data = data_fingerprint();
    state.log_bytes = log->sync();
    const CheckpointSaved saved =
        checkpointing.save(state, store, best_now, [this](const Append& append) { save_measures(append); });
    tell([&](Observer& o) { o.saved(saved); });
    checkpointing.prune(state.best_step);
  } catch (const Error& error) {
    if (error.exit() == Exit::diverged)
      diverged = concat(error.problems().front().path, " ", error.problems().front().what);
    else if (final || error.exit() != Exit::io)
      throw;
    else
      warn(concat("the checkpoint of step ", state.step, " was not written; training goes on: ",
                  error.problems().front().where.file, ": ", error.problems().front().what));
    if (best_now && !checkpointing.has(state)) std::tie(state.best_value, state.best_step) = best_before;
  }
  checkpointing.done(now());
}

RunStarted Trainer::about() const { return impl_->about(); }

std::optional<RunFinished> Trainer::already_finished() {
  const std::string reason = impl_->state.boundary ? "" : impl_->end_reason(impl_->state.epoch);
  if (reason.empty()) return {};
  const RunFinished end = impl_->ended(Exit::done, reason);
  if (impl_->record) impl_->record->finished(end);  // its process may have been killed before it could
  return end;
}

RunFinished Trainer::fit() {
  Impl& m = *impl_;
  m.prepare();
  const auto ended_by = [&](Exit exit, const std::string& what) {
    if (m.folder_is_new && m.state.step == 0) {
      m.options.folder->discard();
      m.options.folder = nullptr;
    } else if (m.record) {
      m.record->failed(exit, what);
    }
  };
  try {
    return m.train();
  } catch (const Error& error) {
    ended_by(error.exit(), error.problems().front().what);
    throw;
  } catch (const std::exception& error) {
    ended_by(Exit::failed, error.what());
    throw;
  }
}

RunFinished Trainer::Impl::train() {
  Exit exit = Exit::done;
  std::string reason;
  if (state.boundary && !stop_asked()) aside([&] { boundary(); });
  while (true) {
    reason = end_reason(state.epoch);
    const bool stops = state.boundary || stop_asked(), late = !stops && time_is_up();
    if (!reason.empty() || stops || late) read();
    if (!diverged.empty()) {
      exit = Exit::diverged;
      reason = concat(diverged, " at step ", state.step);
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
      if (diverged.empty()) aside([&] { boundary(); });
      continue;
    }
    break;
  }
  if (exit == Exit::done && state.epoch == 0 && state.epoch_batches > 0 && !other_losses_before) {
    Measures whole = epoch;
    whole += updates.peek();
    plan.objectives.measured_whole(whole, "train");
  }
  if (exit != Exit::diverged) {
    aside([&] { save(true); });
    if (!diverged.empty()) {
      exit = Exit::diverged;
      reason = concat(diverged, " at step ", state.step);
    }
  }
  const RunFinished end = ended(exit, reason);
  tell([&](Observer& o) { o.finished(end); });
  return end;
}

RunFinished Trainer::Impl::ended(Exit exit, std::string reason) {
  const double now = steady_seconds();
  RunFinished end{.exit = exit, .reason = std::move(reason)};
  end.step = state.step;
  end.epoch = state.epoch;
  end.time_s = time_s();
  end.values = latest("");
  Measures since;  // the last record; of a run that ends with an epoch the latest are that epoch's
  if (state.epoch_batches > 0) {
    since = interval;
    since += updates.peek();
  }
  for (const Measured& m : plan.objectives.measured(since, "train"))
    if (const auto value = std::ranges::find(end.values, m.name, &Measured::name); value != end.values.end())
      value->value = std::isfinite(m.value) ? m.value : value->value;
    else if (std::isfinite(m.value))
      end.values.push_back(m);
  end.lr = lr;
  end.bad_input = bad_input;
  end.bad_layer = bad_layer;
  end.monitor = state.monitor;
  end.best_value = state.best_value.value_or(0);
  end.best_step = state.best_step;
  end.last_checkpoint = checkpointing.last();
  if (checkpointing.keeps() && end.best_step >= 0) end.best_checkpoint = checkpointing.of_step(end.best_step);
  if (loader) {
    end.samples_per_s = whole_stretch.samples_per_s(now);
    end.input_wait = whole_stretch.input_wait(now, loader->waited_seconds());
  }
  return end;
}

}  // namespace dl
