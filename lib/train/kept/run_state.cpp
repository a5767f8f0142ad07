// run.json written and read.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/run_state.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/version.h"
#include "lib/train/kept/checkpoint.h"

namespace dl {
namespace {

using OrderedJson = nlohmann::ordered_json;
using Status = RunState::Status;

constexpr int run_version = 1;
constexpr uint64_t max_record_bytes = 1 << 20;
constexpr std::array<std::pair<Status, const char*>, 6> names{{{Status::running, "running"},
                                                               {Status::stopped, "stopped"},
                                                               {Status::finished, "finished"},
                                                               {Status::failed, "failed"},
                                                               {Status::killed, "killed"},
                                                               {Status::damaged, "damaged"}}};

OrderedJson to_json(const RunState& s) {
  OrderedJson json = {{"format", "dlcli run"}, {"version", run_version}, {"state", name_of(s.status)}};
  json["reason"] = s.reason;
  json["exit"] = s.exit;
  json["step"] = s.step;
  json["epoch"] = s.epoch;
  json["total_steps"] = s.total_steps;
  json["time_s"] = std::round(s.time_s * 1e3) / 1e3;
  json["values"] = OrderedJson::object();
  for (const Measured& m : s.values) json["values"][m.name] = m.value;
  json["best"] = nullptr;
  if (s.best_step >= 0) json["best"] = {{"monitor", s.monitor}, {"value", s.best_value}, {"step", s.best_step}};
  json["begun"] = s.begun;
  json["written"] = s.written;
  json["host"] = s.host;
  json["process"] = s.process;
  json["job"] = nullptr;
  if (s.job)
    json["job"] = {{"system", s.job->system}, {"id", s.job->id}, {"task", s.job->task}, {"restarts", s.job->restarts}};
  json["dlcli"] = s.dlcli;
  json["commit"] = s.commit;
  json["device"] = s.device;
  json["threads"] = s.threads;
  return json;
}

RunState from_json(const OrderedJson& json) {
  RunState s;
  const auto name = json.at("state").get<std::string>();
  const auto* known = std::find_if(names.begin(), names.end(), [&](const auto& n) { return n.second == name; });
  s.status = known == names.end() ? Status::damaged : known->first;
  s.reason = json.at("reason").get<std::string>();
  s.exit = json.at("exit").get<int>();
  s.step = json.at("step").get<int64_t>();
  s.epoch = json.at("epoch").get<int64_t>();
  s.total_steps = json.at("total_steps").get<int64_t>();
  s.time_s = json.at("time_s").get<double>();
  for (const auto& [figure, value] : json.at("values").items())
    if (value.is_number()) s.values.push_back({figure, value.get<double>()});
  if (const OrderedJson& best = json.at("best"); !best.is_null()) {
    s.monitor = best.at("monitor").get<std::string>();
    s.best_value = best.at("value").get<double>();
    s.best_step = best.at("step").get<int64_t>();
  }
  s.begun = json.at("begun").get<std::string>();
  s.written = json.at("written").get<std::string>();
  s.host = json.at("host").get<std::string>();
  s.process = json.at("process").get<int64_t>();
  if (const OrderedJson& job = json.at("job"); !job.is_null())
    s.job = BatchJob{.system = job.at("system").get<std::string>(),
                     .id = job.at("id").get<std::string>(),
                     .task = job.at("task").get<std::string>(),
                     .restarts = job.at("restarts").get<int64_t>()};
  s.dlcli = json.at("dlcli").get<std::string>();
  s.commit = json.at("commit").get<std::string>();
  s.device = json.at("device").get<std::string>();
  s.threads = json.at("threads").get<int>();
  return s;
}

// The record as it was written; nothing where there is none. Error(Exit::data) for one that is none of ours.
std::optional<RunState> read_record(const RunPaths& run) {
  std::error_code error;
  if (!std::filesystem::exists(run.record(), error)) return {};
  const OrderedJson json = OrderedJson::parse(read_file(run.record(), max_record_bytes), nullptr, false);
  try {
    if (json.at("format") == "dlcli run" && json.at("version") == run_version) return from_json(json);
  } catch (const OrderedJson::exception&) {  // told below
  }
  throw Error(Exit::data, Problem{.where = {.file = run.record().string()},
                                  .what = concat("is not the record of a run, version ", run_version)});
}

}  // namespace

std::string name_of(Status status) {
  return std::find_if(names.begin(), names.end(), [&](const auto& n) { return n.first == status; })->second;
}

RunState read_run_state(const RunPaths& run) {
  RunState state;
  try {
    const bool held = is_held(run.lock());
    const std::vector<int64_t> steps = Checkpoints(run.checkpoints()).steps();
    if (std::optional<RunState> record = read_record(run))
      state = *std::move(record);
    else if (!steps.empty())
      state.step = steps.back();
    if (held) {
      state.status = Status::running;
    } else {
      if (state.status == Status::running) state.status = Status::killed;
      const std::string damage =
          steps.empty() ? "" : visible_damage(Checkpoints(run.checkpoints()).of_step(steps.back()));
      if (!damage.empty()) {
        state.status = Status::damaged;
        state.reason = damage;
      }
    }
  } catch (const Error& error) {
    state.status = Status::damaged;
    state.reason = error.problems().front().where.file + ": " + error.problems().front().what;
  }
  return state;
}

std::optional<BatchJob> job_of(const RunPaths& run) {
  try {
    const std::optional<RunState> record = read_record(run);
    return record ? record->job : std::nullopt;
  } catch (const Error&) {
    return {};
  }
}

std::optional<RunPaths> run_of_job(const std::string& name, const BatchJob& job, const std::filesystem::path& runs) {
  for (const RunPaths& run : runs_of(name, runs))
    if (const std::optional<BatchJob> wrote = job_of(run); wrote && wrote->is(job) && has_checkpoint(run)) return run;
  return {};
}

std::optional<RunPaths> run_to_go_on_with(const std::string& name, const std::optional<BatchJob>& job,
                                          const std::filesystem::path& runs) {
  if (job)
    if (std::optional<RunPaths> own = run_of_job(name, *job, runs)) return own;
  for (const RunPaths& run : runs_of(name, runs)) {
    if (!has_checkpoint(run)) continue;
    if (!job || job->task.empty()) return run;
    if (const std::optional<BatchJob> wrote = job_of(run); wrote && wrote->task == job->task) return run;
  }
  return {};
}

RunRecord::RunRecord(const RunPaths& run) : run_(run) {
  try {
    if (std::optional<RunState> before = read_record(run)) state_ = *std::move(before);
  } catch (const Error&) {  // written anew
  }
}

void RunRecord::started(const RunStarted& e) {
  state_.status = Status::running;
  state_.reason = "";
  state_.exit = 0;
  if (state_.begun.empty()) state_.begun = utc_timestamp();
  state_.step = e.step;
  state_.epoch = e.epoch;
  state_.total_steps = e.total_steps;
  state_.host = e.host;
  state_.process = ::getpid();
  state_.job = e.job;
  state_.dlcli = version();
  state_.commit = commit();
  state_.device = e.device;
  state_.threads = e.threads;
  write();
}

void RunRecord::logged(const StepRecord& e) {
  state_.time_s = e.time_s;
  remember(e.values);
}

void RunRecord::validated(const ValidationRecord& e) {
  state_.time_s = e.time_s;
  remember(e.values);
}

void RunRecord::epoch_ended(const EpochRecord& e) {
  state_.epoch = e.epoch + 1;
  remember(e.values);
}

void RunRecord::saved(const CheckpointSaved& e) {
  state_.step = e.step;
  state_.monitor = e.monitor;
  state_.best_value = e.best_value;
  state_.best_step = e.best_step;
  write();
}

void RunRecord::finished(const RunFinished& e) {
  state_.status = e.exit == Exit::done ? Status::finished : e.exit == Exit::diverged ? Status::failed : Status::stopped;
  state_.reason = e.reason;
  state_.exit = static_cast<int>(e.exit);
  state_.step = e.step;
  state_.epoch = e.epoch;
  state_.time_s = e.time_s;
  state_.monitor = e.monitor;
  state_.best_value = e.best_value;
  state_.best_step = e.best_step;
  remember(e.values);
  write();
}

void RunRecord::failed(Exit exit, const std::string& reason) {
  state_.status = Status::failed;
  state_.reason = reason;
  state_.exit = static_cast<int>(exit);
  write();
}

void RunRecord::remember(const std::vector<Measured>& values) {
  for (const Measured& m : values) {
    if (!std::isfinite(m.value)) continue;
    const auto known = std::ranges::find(state_.values, m.name, &Measured::name);
    if (known == state_.values.end())
      state_.values.push_back(m);
    else
      known->value = m.value;
  }
}

void RunRecord::write() {
  state_.written = utc_timestamp();
  try {
    write_file_atomic(run_.record(), to_json(state_).dump(1, ' ', false, OrderedJson::error_handler_t::replace) + "\n");
  } catch (const Error&) {  // the next one says it again; the checkpoints and the logs tell their own failures
  }
}

}  // namespace dl
