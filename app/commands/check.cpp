// dlcli check: every mistake of a config, and what a training step will be, without running anything.
// SPDX-License-Identifier: Apache-2.0
#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/options.h"
#include "app/trained.h"
#include "app/warnings.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/train/plan/planned_step.h"

namespace dl {
namespace {

std::string bytes(int64_t count) { return bytes_text(static_cast<double>(count)); }

class Check final : public Command {
 public:
  std::string summary() const override { return "every mistake of a config; shapes, FLOPs and memory; runs nothing"; }
  std::vector<std::string> other_names() const override {
    return {"validate", "lint", "verify", "dry-run", "config", "parse"};
  }

  void declare(CLI::App& app) override {
    app.add_option("CONFIG", config_, "the YAML file, or a run: the config it is trained by")->required();
    declare_runs(app, runs_);
    overrides_.declare_set(app);
    overrides_.declare_machine(app);
    app.add_flag("--resolved", resolved_, "print the config with every key and every default");
    app.add_option("--explain", explain_, "say where a value came from, and what it replaced")->type_name("KEY");
    app.add_flag("--fit", fit_,
                 "find the largest batch that trainer.memory_limit or the free memory allows, by planning");
    app.add_flag("--graph", graph_, "print the training step's program, kernel by kernel");
    declare_strict(app, strict_);
    declare_json(app, json_);
    examples(app, {{"dlcli check my.yaml", "is everything right, and how large is it"},
                   {"dlcli check my.yaml --resolved", "with every default"},
                   {"dlcli check my.yaml --explain optimizer.adamw.lr", "who set the learning rate"},
                   {"dlcli check my.yaml --graph", "what a step does"},
                   {"dlcli check my.yaml --fit --set trainer.memory_limit=2GiB", "the largest batch for 2 GiB"}});
  }

  Exit run() override {
    const std::unique_ptr<Plan> plan = plan_run(config_file(config_, runs_), overrides_.sets());
    std::unique_ptr<PlannedStep> step;
    if (!resolved_ && explain_.empty() && !fit_) {
      step = std::make_unique<PlannedStep>(*plan, plan->largest_batch());
      warn_of_memory(*plan, *step);
    }
    if (strict_) refuse(plan->warnings);
    tell(plan->warnings);
    if (resolved_) {
      print(json_ ? json_line(plan->resolved_node()) : plan->resolved());
    } else if (!explain_.empty()) {
      const Explanation found = plan->explain(explain_);
      print(json_ ? json_line(explanation_json(found)) : found.text() + "\n");
    } else if (fit_) {
      print_largest_batch(*plan);
    } else if (graph_) {
      print(json_ ? json_line(program_json(*step->program)) : program(*step->program));
    } else {
      print(json_ ? json_line(as_json(*plan, *step)) : as_text(*plan, *step));
    }
    return Exit::done;
  }

 private:
  static void warn_of_memory(Plan& plan, const PlannedStep& step) {
    const int64_t free = step.device->free_bytes();
    if (step.memory_bytes() <= free) return;
    const bool model = step.variable_bytes > free;
    plan.warnings.push_back(
        {.path = model ? "model" : "data.batch_size",
         .what = concat("a step takes ", bytes(step.memory_bytes()), ", ", bytes(free), " of memory are free"),
         .notes = {concat(bytes(step.variable_bytes), " weights and optimizer state, ", bytes(step.memory.batch_bytes),
                          " batches, ", bytes(step.arena_bytes), " a step's values")},
         .help = model ? "make the model smaller, or give the process more memory"
                       : "lower data.batch_size, or set trainer.memory_limit"});
  }

  static int64_t free_bytes(const Plan& plan) {
    return make_device(plan.run.trainer.device, plan.device_options())->free_bytes();
  }

  // Nothing where a batch of this size does not fit.
  static std::unique_ptr<PlannedStep> fitting(const Plan& plan, int64_t batch, int64_t limit_bytes) {
    try {
      auto step = std::make_unique<PlannedStep>(plan, batch);
      return step->memory_bytes() <= limit_bytes ? std::move(step) : nullptr;
    } catch (const Error& error) {
      if (error.problems().front().path != "trainer.memory_limit") throw;
      return nullptr;
    }
  }

  void print_largest_batch(const Plan& plan) const {
    const auto& limit = plan.run.trainer.memory_limit;
    const int64_t limit_bytes = limit ? limit->count : free_bytes(plan), samples = plan.data.train->size();
    int64_t batch = 1;
    std::unique_ptr<PlannedStep> step = fitting(plan, batch, limit_bytes);
    if (!step)
      throw Error(Exit::usage, Problem{.path = limit ? "trainer.memory_limit" : "dlcli check --fit",
                                       .what = concat("a batch of one sample takes more than ", bytes(limit_bytes)),
                                       .help = "make the model smaller, or give it more memory"});
    for (int64_t over = samples + 1; over - batch > 1;) {  // the least size known not to fit
      const int64_t next = std::min(batch * 2, batch + (over - batch) / 2);
      std::unique_ptr<PlannedStep> larger = fitting(plan, next, limit_bytes);
      (larger ? batch : over) = next;
      if (larger) step = std::move(larger);
    }
    if (json_)
      return print(json_line(json_object({{"batch_size", Node::integer(batch)},
                                          {"memory_bytes", Node::integer(step->memory_bytes())},
                                          {"limit_bytes", Node::integer(limit_bytes)},
                                          {"extra_flops", Node::number(step->memory.extra_flops)}})));
    print(concat(
        "data.batch_size: ", batch, "  takes ", bytes(step->memory_bytes()), " of ", bytes(limit_bytes),
        limit ? "" : " free memory", batch == samples ? "; all samples in one batch" : "",
        step->memory.extra_flops > 0 ? concat("; computes ", percent(step->memory.extra_flops), " more FLOPs") : "",
        "\n"));
  }

  std::string as_text(const Plan& plan, PlannedStep& step) const {
    auto samples = [](const DatasetPointer& data) { return count(static_cast<double>(data ? data->size() : 0)); };
    const Network& network = *plan.network;
    std::vector<std::vector<std::string>> rows = {
        {"  data", concat(samples(plan.data.train), " samples to train, ", samples(plan.data.validation),
                          " to validate, ", samples(plan.data.test), " to test")},
        {"  network", concat(inputs_text(network), " to ", network.output().shape.text(), ", ",
                             count(static_cast<double>(network.parameter_count())), " parameters")},
        {"  step", concat("batch ", plan.run.data.batch_size, ", ", short_count(step.flops), "FLOP on ",
                          step.device->name(), " (", step.device->description(), ")")},
        {"  memory",
         concat(bytes(step.memory_bytes()), ": ", bytes(step.variable_bytes), " weights and optimizer state, ",
                bytes(step.memory.batch_bytes), " batches, ", bytes(step.arena_bytes), " for a step")},
        {"  run", plan.total_steps() > 0 ? count(static_cast<double>(plan.total_steps())) + " steps"
                                         : std::string("until trainer.max_time")}};
    if (plan.run.trainer.memory_limit) rows.insert(rows.end() - 1, {"  limit", limit(plan, step.memory)});
    const std::string warnings =
        plan.warnings.empty() ? "" : ", " + count_of(static_cast<int64_t>(plan.warnings.size()), "warning");
    return config_ + ": no mistakes" + warnings + "\n" + table(rows, standard_output().columns());
  }

  // What the memory limit costs.
  static std::string limit(const Plan& plan, const StepMemory& memory) {
    const Recomputation& again = memory.recomputation;
    const std::string of = concat(plan.run.trainer.memory_limit->text(), ", ");
    if (again.cheap_before == 0) return of + "nothing is computed twice";
    return concat(of, "of ", again.stages, " stages ", again.dear_before, " are computed twice, ",
                  again.cheap_before - again.dear_before, " but for products: ", percent(memory.extra_flops),
                  " more FLOPs, a step would take ", bytes(memory.plain_arena_bytes));
  }

  static Node as_json(const Plan& plan, PlannedStep& step) {
    auto samples = [](const DatasetPointer& data) { return Node::integer(data ? data->size() : 0); };
    return json_object({{"samples", json_object({{"train", samples(plan.data.train)},
                                                 {"val", samples(plan.data.validation)},
                                                 {"test", samples(plan.data.test)}})},
                        {"inputs", json_inputs(*plan.network)},
                        {"output", json_sizes(plan.network->output().shape.sizes())},
                        {"parameters", Node::integer(plan.network->parameter_count())},
                        {"batch_size", Node::integer(plan.run.data.batch_size)},
                        {"device", Node::string(std::string(step.device->name()))},
                        {"step_flops", Node::number(step.flops)},
                        {"variable_bytes", Node::integer(step.variable_bytes)},
                        {"arena_bytes", Node::integer(step.arena_bytes)},
                        {"batch_bytes", Node::integer(step.memory.batch_bytes)},
                        {"plain_arena_bytes", Node::integer(step.memory.plain_arena_bytes)},
                        {"extra_flops", Node::number(step.memory.extra_flops)},
                        {"steps_per_epoch", Node::integer(plan.steps_per_epoch())},
                        {"total_steps", Node::integer(plan.total_steps())},
                        {"warnings", json_warnings(plan.warnings)}});
  }

  static std::string inputs_text(const Network& network) {
    std::vector<std::string> shapes;
    for (const Network::Input& input : network.inputs()) shapes.push_back(input.type.shape.text());
    return join(shapes, " and ");
  }

  static std::string program(const Program& program) {
    std::vector<std::vector<std::string>> rows{{"layer", "op", "FLOPs", "bytes", "by", "what"}};
    for (const Program::KernelCall& call : program.kernel_calls())
      rows.push_back(
          {call.scope, call.op, short_count(call.cost.flops), short_count(call.cost.bytes), call.way, call.attributes});
    return table(rows, standard_output().columns());
  }

  static Node program_json(const Program& program) {
    Node kernels = Node::list();
    for (const Program::KernelCall& call : program.kernel_calls())
      kernels.items.push_back(json_object({{"layer", Node::string(call.scope)},
                                           {"op", Node::string(call.op)},
                                           {"flops", Node::number(call.cost.flops)},
                                           {"bytes", Node::number(call.cost.bytes)},
                                           {"by", Node::string(call.way)},
                                           {"what", Node::string(call.attributes)}}));
    return json_object({{"kernels", std::move(kernels)}});
  }

  static Node explanation_json(const Explanation& found) {
    Node before = Node::list();
    for (const auto& [value, origin] : found.overrode)
      before.items.push_back(json_object({{"value", Node::string(value)}, {"from", Node::string(origin)}}));
    return json_object({{"key", Node::string(found.path)},
                        {"value", found.value},
                        {"from", Node::string(found.origin)},
                        {"instead_of", std::move(before)}});
  }

  std::string config_, explain_, runs_ = "runs";
  bool resolved_ = false, graph_ = false, fit_ = false, json_ = false, strict_ = false;
  Overrides overrides_;
};

DL_COMMAND(Check, "check");

}  // namespace
}  // namespace dl
