// Running the programs of a training step.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/updates.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ranges>

#include "lib/base/text.h"
namespace dl {
namespace {

double told(const Program& program, const std::string& name) { return static_cast<double>(program.scalar(name)); }

}  // namespace

Updates::Updates(const Plan& plan, Programs& programs, Store& store)
    : programs_(programs),
      accumulates_(plan.run.trainer.accumulate_grad_batches > 1),
      searches_(plan.run.optimizer->searches()),
      may_read_late_(store.device().runs_ahead() && !plan.run.trainer.detect_anomaly && !searches_),
      probes_([this](const BatchType& batch) -> Program& { return programs_.probe(batch); }, *plan.data.fed()),
      searched_(*plan.data.fed()),
      tally_(store, true) {
  launched_.reserve(plan.run.chains().size());
  unread_.reserve(2);
  const auto add = [&](BatchPrograms::Make make, int64_t every) {
    turns_.push_back({{std::move(make), *plan.data.fed()}, every});
  };
  if (accumulates_) add([this](const BatchType& batch) -> Program& { return programs_.accumulate(batch); }, 1);
  for (size_t i = 0; i < plan.run.chains().size() && !accumulates_; ++i)
    add([this, i](const BatchType& batch) -> Program& { return programs_.step(batch, i); },
        plan.run.turns.empty() ? 1 : plan.run.turns[i].every);
}

void Updates::expect(const BatchType& batch, int64_t updates) {
  const std::vector<int64_t> stages = programs_.stages(updates);
  for (const int64_t stage : stages | std::views::reverse) {
    advance(stage);
    for (Turn& turn : turns_) turn.programs.of(batch);
    if (accumulates_) programs_.update();
    if (searches_) probes_.of(batch), programs_.move();
  }
  reads_late_ = may_read_late_ && !accumulates_ && turns_.size() == 1 && programs_.measures().rows.empty();
}

void Updates::advance(int64_t updates) {
  if (!programs_.advance(updates)) return;
  others_ = true;
  for (Turn& turn : turns_) turn.programs.forget();
  probes_.forget();
}

void Updates::begin(double lr, int64_t number, std::optional<double> momentum) {
  advance(number - 1);
  for (size_t i = 0; i < turns_.size(); ++i) {
    Turn& turn = turns_[i];
    turn.due = number % turn.every == 0;
    if (turn.due)
      programs_.begin_update({.lr = lr, .number = static_cast<double>(number / turn.every), .momentum = momentum}, i);
  }
  forget();
}

void Updates::forget() {
  sum_ = count_ = of_turns_before_ = 0;
  gradient_norm_ = 0;
  searched_.clear();
}

void Updates::launch(Program& program) {
  if (const Slot step = program.input("step")) program.feed(step, std::span(&tick_, 1));
  program.launch();
}

int64_t Updates::run(BatchesAhead& batches, int64_t tick) {
  tick_ = static_cast<int32_t>(tick);
  const bool fed = batches.fetched() && turns_.size() == 1 && !others_;
  others_ = false;
  const Batch& batch = batches.next();
  const int64_t count = batch.count;
  launched_.clear();
  const auto last = std::ranges::find_if(turns_.rbegin(), turns_.rend(), &Turn::due).base() - 1;
  for (auto turn = turns_.begin(); turn <= last; ++turn) {
    if (!turn->due) continue;
    BatchProgram& made = turn->programs.of(*batch.type);
    if (!fed) made.feed(batch);
    programs_.draw(made.program(), tick);
    launched_.push_back(&made.program());
    launch(made.program());
    if (searches_ && accumulates_) {
      searched_.add_copy(batch, tick);
    } else if (searches_) {
      searched_.add(batch, tick);
      made.program().wait();
      keep_outputs(made.program());  // which lie where the search's programs compute
      search(made.program(), told(made.program(), "loss"));
    }
    const Batch* next = turn == last ? batches.fetch() : nullptr;  // `batch` is gone then
    if (next && turns_.size() == 1) turn->programs.of(*next->type).feed(*next);
    unread_.push_back({&made.program(), made.program().launches()});
    if (reads_late_) break;
    read();
    if (turn == last) break;
    of_turns_before_ = loss();
    sum_ = count_ = 0;
  }
  return count;
}

// The program of an update has run, on batches whose loss was `loss`.
void Updates::search(const Program& update, double loss) {
  if (update.has_output("gradient")) searched_gradient_ = update.read("gradient");
  Program& move = programs_.move();
  const auto go = [&](double length) {
    const auto number = static_cast<float>(length);
    move.feed("search/length", std::span(&number, 1));
    launch(move);
    move.wait();
  };
  search_along_direction(update, loss, searches_->tolerance, go, [this] { return probed(); });
}

// Of the step's batches together, where the parameters are.
Probed Updates::probed() {
  Probed sum;
  double count = 0;
  for (const auto& [batch, tick] : searched_.all()) {
    BatchProgram& probe = probes_.of(*batch->type);
    probe.feed(*batch, tick);
    programs_.draw(probe.program(), tick);
    probe.program().run();
    const double targets = told(probe.program(), "loss/count");
    sum.loss += told(probe.program(), "loss") * targets;
    sum.slope += told(probe.program(), "search/slope") * targets;
    count += targets;
  }
  return count > 0 ? Probed{sum.loss / count, sum.slope / count} : Probed{};
}

void Updates::keep_outputs(const Program& program) { tally_.after(program, programs_.measures()); }

void Updates::read() {
  if (unread_.empty()) return;
  Program& program = *unread_.front().program;
  const auto before = static_cast<int>(program.launches() - unread_.front().launch);
  unread_.erase(unread_.begin());
  if (reads_late_) forget();
  program.wait(before);
  const auto targets = static_cast<double>(program.scalar("loss/count", before));
  sum_ += static_cast<double>(program.scalar("loss", before)) * targets;
  count_ += targets;
  if (!reads_late_ && !(searches_ && !accumulates_)) keep_outputs(program);
  if (!accumulates_) gradient_norm_ = std::hypot(gradient_norm_, program.scalar("grad_norm", before));
}

std::string Updates::first_not_finite() const {
  for (const Program* program : launched_)
    for (const std::string& name : program->scalar_names()) {
      const bool forward = name.starts_with(watched_forward);
      if ((!forward && !name.starts_with(watched_backward)) || std::isfinite(program->scalar(name))) continue;
      return forward ? concat("in what the layer '", name.substr(std::strlen(watched_forward)), "' gives")
                     : concat("in the gradients of the layer '", name.substr(std::strlen(watched_backward)), "'");
    }
  return "";
}

std::vector<float> Updates::gradient() const {
  if (launched_.empty() || searches_) return searched_gradient_;
  return (accumulates_ ? programs_.update() : *launched_.back()).read("gradient");
}

int64_t Updates::step(BatchesAhead& batches, int64_t tick) { return run(batches, tick); }

int64_t Updates::accumulate(BatchesAhead& batches, int64_t tick) { return run(batches, tick); }

void Updates::finish() {
  Program& update = programs_.update();
  launch(update);
  update.wait();
  gradient_norm_ = update.scalar("grad_norm");
  if (searches_) search(update, loss());
}

}  // namespace dl
