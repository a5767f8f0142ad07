// dlcli bench: how fast a config's training step is, on a batch of random data in memory.
#include <sys/resource.h>

#include <algorithm>
#include <optional>

#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/options.h"
#include "app/trial.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

namespace dl {
namespace {

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
    Trial trial(config_, overrides_);
    trial.run();
    const double first_step_s = process_seconds();

    std::vector<double> times;
    const double begin = steady_seconds();
    for (double now = begin; now - begin < seconds_ || times.size() < 3;) {
      trial.run();
      const double end = steady_seconds();
      times.push_back(end - now);
      now = end;
    }
    std::sort(times.begin(), times.end());
    const double median = times[times.size() / 2];
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto flops = static_cast<double>(trial.program().flops());
    const auto batch = trial.batch_size();

    const Node result = json_object({{"workload", Node::string(trial.plan().name)},
                                     {"step_ms", Node::number(1e3 * median)},
                                     {"min_ms", Node::number(1e3 * times.front())},
                                     {"steps", Node::integer(static_cast<int64_t>(times.size()))},
                                     {"samples_per_s", Node::number(static_cast<double>(batch) / median)},
                                     {"first_step_s", Node::number(first_step_s)},
                                     {"rss_mb", Node::number(static_cast<double>(used.ru_maxrss) / 1024)},
                                     {"params", Node::integer(trial.plan().network->parameter_count())},
                                     {"batch_size", Node::integer(batch)},
                                     {"device", Node::string(trial.device().description())},
                                     {"flops", Node::number(flops)},
                                     {"gflops", Node::number(1e-9 * flops / median)}});
    if (json_) {
      print(json_line(result));
      return Exit::done;
    }
    print(concat(trial.plan().name, ", batch ", batch, ", ", trial.device().description(), "\n",
                 table({{"  step", seconds_text(median) + " median, " + seconds_text(times.front()) + " least, of " +
                                       count_of(static_cast<int64_t>(times.size()), "step")},
                        {"  speed", concat(count(static_cast<double>(batch) / median), " samples/s, ",
                                           short_count(flops / median), "FLOP/s")},
                        {"  first step", seconds_text(first_step_s) + " after the process started"},
                        {"  peak memory", bytes_text(static_cast<double>(used.ru_maxrss) * 1024)}})));
    return Exit::done;
  }

 private:
  std::string config_;
  double seconds_ = 3;
  bool json_ = false;
  Overrides overrides_;
};

DL_COMMAND(Bench, "bench");

}  // namespace
}  // namespace dl
