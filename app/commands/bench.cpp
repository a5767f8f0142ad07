// dlcli bench: how fast a config's training step is, on a batch of random data in memory.
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>

#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/options.h"
#include "lib/base/clock.h"
#include "lib/base/random.h"
#include "lib/base/text.h"
#include "lib/train/plan.h"

namespace dl {
namespace {

// A batch of random inputs and labels, aligned as programs want them.
class RandomBatch {
 public:
  RandomBatch(Program& program, int64_t classes) {
    const Type x = program.input_type("x"), y = program.input_type("y");
    auto* inputs = static_cast<float*>(add(x.bytes()));
    for (int64_t i = 0; i < x.shape.elements(); ++i) inputs[i] = random_uniform(random_key(0, 0), 0, uint64_t(i));
    program.bind("x", inputs);
    void* targets = add(y.bytes());
    for (int64_t i = 0; i < y.shape.elements(); ++i) {
      const uint32_t bits = random_bits(random_key(0, 1), 0, uint64_t(i));
      if (y.dtype == DType::i32)
        static_cast<int32_t*>(targets)[i] = static_cast<int32_t>(bits % static_cast<uint64_t>(classes));
      else
        static_cast<float*>(targets)[i] = static_cast<float>(bits >> 8) * 0x1p-24f;
    }
    program.bind("y", targets);
  }

 private:
  void* add(int64_t bytes) {
    blocks_.emplace_back(std::aligned_alloc(64, static_cast<size_t>((bytes + 63) / 64 * 64)), &std::free);
    if (!blocks_.back()) throw std::bad_alloc();
    return blocks_.back().get();
  }
  std::vector<std::unique_ptr<void, void (*)(void*)>> blocks_;
};

class Bench final : public Command {
 public:
  std::string summary() const override { return "how fast a config's training step is, without input"; }

  void declare(CLI::App& app) override {
    app.add_option("CONFIG", config_, "the YAML file")->required();
    app.add_option("--seconds", seconds_, "how long to measure")->type_name("S")->check(above_zero());
    overrides_.declare_set(app);
    overrides_.declare_machine(app);
    declare_json(app, json_);
    examples(app,
             {{"dlcli bench configs/lenet5.yaml", "steps a second, first step, memory"},
              {"dlcli bench my.yaml --set data.batch_size=256 --seconds 10", "with another batch size, for longer"},
              {"dlcli bench my.yaml --threads 1 --json", "for scripts"}});
  }

  Exit run() override {
    const std::unique_ptr<Plan> plan = plan_run(config_, overrides_.sets());
    const int64_t batch = plan->run.data.batch_size;
    const std::unique_ptr<Device> device = make_device(plan->run.trainer.device, plan->device_options());
    Store store(*device);
    Programs programs(plan->recipe(), store);
    programs.initialize();
    Program& step = programs.step(batch);
    const RandomBatch data(step, plan->network->output().shape.last());
    const auto lr = static_cast<float>(plan->run.optimizer->learning_rate());
    float update = 1;
    int32_t tick = 0;
    const float weight = 1;
    bind(step, "lr", &lr);
    bind(step, "update", &update);
    bind(step, "step", &tick);
    bind(step, "weight", &weight);
    step.run();
    const double first_step_s = process_seconds();

    std::vector<double> times;
    const double begin = steady_seconds();
    for (double now = begin; now - begin < seconds_ || times.size() < 3;) {
      update += 1;
      tick += 1;
      step.run();
      const double end = steady_seconds();
      times.push_back(end - now);
      now = end;
    }
    std::sort(times.begin(), times.end());
    const double median = times[times.size() / 2];
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto flops = static_cast<double>(step.flops());

    const Node result = json_object({{"workload", Node::string(plan->name)},
                                     {"step_ms", Node::number(1e3 * median)},
                                     {"min_ms", Node::number(1e3 * times.front())},
                                     {"steps", Node::integer(static_cast<int64_t>(times.size()))},
                                     {"samples_per_s", Node::number(static_cast<double>(batch) / median)},
                                     {"first_step_s", Node::number(first_step_s)},
                                     {"rss_mb", Node::number(static_cast<double>(used.ru_maxrss) / 1024)},
                                     {"params", Node::integer(plan->network->parameter_count())},
                                     {"batch_size", Node::integer(batch)},
                                     {"device", Node::string(device->description())},
                                     {"flops", Node::number(flops)},
                                     {"gflops", Node::number(1e-9 * flops / median)}});
    if (json_) {
      print(json_line(result));
      return Exit::done;
    }
    print(concat(plan->name, ", batch ", batch, ", ", device->description(), "\n",
                 table({{"  step", seconds_text(median) + " median, " + seconds_text(times.front()) + " least, of " +
                                       count_of(static_cast<int64_t>(times.size()), "step")},
                        {"  speed", concat(count(static_cast<double>(batch) / median), " samples/s, ",
                                           short_count(flops / median), "FLOP/s")},
                        {"  first step", seconds_text(first_step_s) + " after the process started"},
                        {"  peak memory", bytes_text(static_cast<double>(used.ru_maxrss) * 1024)}})));
    return Exit::done;
  }

 private:
  static void bind(Program& program, const char* input, const void* value) {
    if (program.has_input(input)) program.bind(input, value);
  }

  static CLI::Validator above_zero() {
    return CLI::Validator(
        [](std::string& text) {
          const std::optional<double> value = Node::scalar(text).as_number();
          return value && *value > 0 ? std::string{} : "expected seconds above 0, got '" + text + "'";
        },
        "");
  }

  std::string config_;
  double seconds_ = 3;
  bool json_ = false;
  Overrides overrides_;
};

DL_COMMAND(Bench, "bench");

}  // namespace
}  // namespace dl
