// dlcli check: every mistake of a config, and what a training step will be, without running anything.
#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/options.h"
#include "lib/base/text.h"
#include "lib/train/plan.h"

namespace dl {
namespace {

// The training step of a plan, laid out but never run.
struct PlannedStep {
  explicit PlannedStep(const Plan& plan)
      : device(make_device(plan.run.trainer.device, plan.device_options())),
        store(*device),
        programs(plan.recipe(), store) {
    const int64_t batch = plan.run.data.batch_size;
    const bool accumulates = plan.run.trainer.accumulate_grad_batches > 1;
    program = accumulates ? &programs.accumulate(batch) : &programs.step(batch);
    flops = program->flops() * plan.run.trainer.accumulate_grad_batches;
    arena_bytes = program->arena_bytes();
    if (!accumulates) return;
    flops += programs.update().flops();
    arena_bytes = std::max(arena_bytes, programs.update().arena_bytes());
  }

  std::unique_ptr<Device> device;
  Store store;
  Programs programs;
  Program* program;
  int64_t flops, arena_bytes;
};

class Check final : public Command {
 public:
  std::string summary() const override { return "every mistake of a config; shapes, FLOPs and memory; runs nothing"; }

  void declare(CLI::App& app) override {
    app.add_option("CONFIG", config_, "the YAML file")->required();
    overrides_.declare_set(app);
    overrides_.declare_machine(app);
    app.add_flag("--resolved", resolved_, "print the config with every key and every default");
    app.add_option("--explain", explain_, "say where a value came from, and what it replaced")->type_name("KEY");
    app.add_flag("--graph", graph_, "print the training step's program, kernel by kernel");
    declare_json(app, json_);
    examples(app, {{"dlcli check my.yaml", "is everything right, and how large is it"},
                   {"dlcli check my.yaml --resolved", "with every default"},
                   {"dlcli check my.yaml --explain optimizer.adamw.lr", "who set the learning rate"},
                   {"dlcli check my.yaml --graph", "what a step does"}});
  }

  Exit run() override {
    const std::unique_ptr<Plan> plan = plan_run(config_, overrides_.sets());
    if (resolved_) {
      print(plan->resolved());
    } else if (!explain_.empty()) {
      print(plan->explain(explain_).text() + "\n");
    } else {
      PlannedStep step(*plan);
      print(graph_ ? program(*step.program) : json_ ? json_line(as_json(*plan, step)) : as_text(*plan, step));
    }
    return Exit::done;
  }

 private:
  std::string as_text(const Plan& plan, PlannedStep& step) const {
    auto samples = [](const DatasetPointer& data) { return count(static_cast<double>(data ? data->size() : 0)); };
    const Network& network = *plan.network;
    return config_ + ": no mistakes\n" +
           table({{"  data", concat(samples(plan.data.train), " samples to train, ", samples(plan.data.validation),
                                    " to validate, ", samples(plan.data.test), " to test")},
                  {"  network", concat(inputs_text(network), " to ", network.output().shape.text(), ", ",
                                       count(static_cast<double>(network.parameter_count())), " parameters")},
                  {"  step",
                   concat("batch ", plan.run.data.batch_size, ", ", short_count(static_cast<double>(step.flops)),
                          "FLOP on ", step.device->name(), " (", step.device->description(), ")")},
                  {"  memory", concat(bytes_text(static_cast<double>(step.store.variable_bytes())),
                                      " weights and optimizer state, ",
                                      bytes_text(static_cast<double>(step.arena_bytes)), " for a step")},
                  {"  run", plan.total_steps() > 0 ? count(static_cast<double>(plan.total_steps())) + " steps"
                                                   : std::string("until trainer.max_time")}});
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
                        {"step_flops", Node::integer(step.flops)},
                        {"variable_bytes", Node::integer(step.store.variable_bytes())},
                        {"arena_bytes", Node::integer(step.arena_bytes)},
                        {"steps_per_epoch", Node::integer(plan.steps_per_epoch())},
                        {"total_steps", Node::integer(plan.total_steps())}});
  }

  static std::string inputs_text(const Network& network) {
    std::vector<std::string> shapes;
    for (const Network::Input& input : network.inputs()) shapes.push_back(input.type.shape.text());
    return join(shapes, " and ");
  }

  static std::string program(const Program& program) {
    std::vector<std::vector<std::string>> rows{{"layer", "op", "FLOPs", "bytes", "what"}};
    for (const Program::Step& step : program.steps())
      rows.push_back(
          {step.scope, step.op, short_count(step.cost.flops), short_count(step.cost.bytes), step.attributes});
    return table(rows);
  }

  std::string config_, explain_;
  bool resolved_ = false, graph_ = false, json_ = false;
  Overrides overrides_;
};

DL_COMMAND(Check, "check");

}  // namespace
}  // namespace dl
