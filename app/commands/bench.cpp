// dlcli bench: how fast a config's training step, its prediction or one layer is on a batch of random data in memory.
// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/measure/layer_trial.h"
#include "app/measure/limits.h"
#include "app/measure/product_trial.h"
#include "app/measure/spent.h"
#include "app/measure/step_trial.h"
#include "app/options.h"
#include "app/trained.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/device/cpu/product_verdicts.h"
#include "lib/spec/load.h"
#include "lib/spec/yaml.h"
#include "lib/train/plan/run_spec.h"

namespace dl {
namespace {

class Bench final : public Command {
 public:
  std::string summary() const override { return "how fast a config's training step or a layer is, without input"; }
  std::vector<std::string> other_names() const override { return {"benchmark", "time", "speed", "throughput"}; }

  void declare(CLI::App& app) override {
    app.add_option("CONFIG", what_, "the YAML file, a run, or a layer as it stands in a config")->required();
    app.add_option("--seconds", seconds_, "how long to measure")->type_name("S")->check(above_zero());
    app.add_flag("--predict", predict_, "of a config: its prediction of a batch, not its training step");
    app.add_option("--blas", blas_,
                   "of a config: its products by this library (openblas, mkl, blis, or a file) beside our own; keeps "
                   "which is ahead for trainer.blas: auto")
        ->type_name("NAME");
    app.add_option("--input", input_, "of a layer: the sizes of a sample, without the batch")->type_name("N,N,…");
    app.add_option("--batch", batch_, "of a layer: samples in a batch; of a config it is data.batch_size")
        ->type_name("N")
        ->check(whole_number(1, 1 << 20));
    app.add_option("--tokens", tokens_, "of a layer: the input holds tokens below N, not numbers")
        ->type_name("N")
        ->check(whole_number(1, 1 << 30));
    declare_runs(app, runs_);
    overrides_.declare_set(app);
    overrides_.declare_machine(app);
    declare_json(app, json_);
    examples(app,
             {{"dlcli bench configs/lenet5.yaml", "steps a second, share of the limit"},
              {"dlcli bench my.yaml --set data.batch_size=256 --seconds 10", "with another batch size, for longer"},
              {"dlcli bench my.yaml --predict --set data.batch_size=1", "how long a prediction of one sample takes"},
              {"dlcli bench my.yaml --blas openblas", "whose products are faster here, for trainer.blas: auto"},
              {"dlcli bench my.yaml --threads 1 --json", "for scripts"},
              {"dlcli bench \"conv2d: {out_channels: 64, kernel_size: 3}\" --input 32,32,64", "one layer"}});
  }

  Exit run() override {
    std::error_code unreadable;
    const std::string file = config_file(what_, runs_);
    const bool config = is_config(what_) || std::filesystem::exists(what_, unreadable) || file != what_;
    if (config) {
      if (!input_.empty() || batch_ > 0 || tokens_ > 0)
        fail("--input, --batch and --tokens go with a layer, and '" + what_ + "' is a config",
             "leave them out; the batch is '--set data.batch_size=N'");
      blas_.empty() ? bench_config(file) : bench_products(file);
    } else {
      if (!blas_.empty())
        fail("--blas goes with a config, and '" + shortened(what_) + "' is a layer",
             "leave it out, or write a config with the layer");
      if (predict_)
        fail("--predict goes with a config, and '" + shortened(what_) + "' is a layer",
             "leave it out; a layer's forward is told beside its backward");
      bench_layer();
    }
    return Exit::done;
  }

 private:
  [[noreturn]] static void fail(std::string what, std::string help) {
    throw Error(Exit::usage, Problem{.path = "dlcli bench", .what = std::move(what), .help = std::move(help)});
  }

  void bench_config(const std::string& config) {
    StepTrial trial(config, overrides_.sets(), predict_ ? TrialOf::prediction : TrialOf::training_step);
    trial.run();
    const double first_step_s = process_seconds();
    const Timing timing = time_runs(trial, seconds_);
    const double median = timing.median(), least = timing.seconds.front(), memory = double(peak_memory_bytes());
    const DeviceLimits limits = measure_limits(trial.device(), trial.threads());
    const Spent all = spent_in(timing.kernels, limits);
    double product_flops = 0;
    for (const Program::KernelCall& kernel : timing.kernels) product_flops += kernel.cost.flops - kernel.loop_flops;
    const int64_t batch = trial.batch_size();
    if (json_) {
      print(json_line(json_object({{"workload", Node::string(trial.name())},
                                   {"step_ms", Node::number(1e3 * median)},
                                   {"min_ms", Node::number(1e3 * least)},
                                   {"steps", Node::integer(timing.runs())},
                                   {"samples_per_s", Node::number(static_cast<double>(batch) / median)},
                                   {"first_step_s", Node::number(first_step_s)},
                                   {"rss_mb", Node::number(memory / (1 << 20))},
                                   {"device_mb", Node::number(double(trial.device_bytes()) / (1 << 20))},
                                   {"params", Node::integer(trial.network().parameter_count())},
                                   {"batch_size", Node::integer(batch)},
                                   {"device", Node::string(trial.device().description())},
                                   {"flops", Node::number(all.flops)},
                                   {"product_flops", Node::number(product_flops)},
                                   {"gflops", Node::number(1e-9 * all.flops / median)},
                                   {"least_ms", Node::number(1e3 * all.least_seconds)},
                                   {"of_limit", Node::number(all.least_seconds / median)},
                                   {"bound_by", Node::string(all.bound_by())},
                                   {"limits", limits_json(limits)}})));
      return;
    }
    const size_t columns = standard_output().columns();
    const std::string unit = trial.unit();
    print(concat(
        wrapped(trial.title(trial.name()), columns, "  ", ""),
        table({{"  " + unit, seconds_text(median) + " median, " + seconds_text(least) + " least, of " +
                                 (predict_ ? count_of(timing.runs(), "run") : count_of(timing.runs(), "step"))},
               {"  speed",
                concat(count(static_cast<double>(batch) / median), " samples/s, ",
                       rate(1 / median, predict_ ? "batches/s" : "steps/s"), ", ", rate(all.flops / median, "FLOP/s"))},
               {"  limit", concat(percent(all.least_seconds / median), " of what the machine allows: ",
                                  seconds_text(all.least_seconds), " a ", unit, ", most of it ", all.bound_by())},
               {"  first " + unit, seconds_text(first_step_s) + " after the process started"},
               {"  peak memory", bytes_text(memory)}},
              columns),
        wrapped("limits measured: " + limits_text(limits), columns, "  ", "")));
  }

  void bench_products(const std::string& config) {
    if (predict_) fail("--blas measures a training step, and --predict its prediction", "leave one of them out");
    if (blas_ == "own" || blas_ == "auto")
      fail("--blas: expected a library, got '" + blas_ + "'", "write 'openblas', 'mkl', 'blis' or a library's file");
    const ProductTrial trial = compare_products(config, overrides_.sets(), blas_, seconds_);
    trial.keep(blas_);
    if (json_) return print(json_line(products_json(trial)));
    const size_t columns = standard_output().columns();
    std::vector<std::vector<std::string>> rows{
        {"  product", "a step", "own FLOP/s", "library's", "least times", "library x"}};
    int64_t ahead = 0;
    for (const ProductSpeeds& p : trial.products) {
      const ProductVerdict verdict{.identity = trial.identity, .gain = p.gain()};
      ahead += verdict.ahead();
      rows.push_back({"  " + p.product, std::to_string(p.calls), short_count(p.flops / p.own.median),
                      short_count(p.flops / p.library.median),
                      concat(short_count(p.flops / p.own.least), ", ", short_count(p.flops / p.library.least)),
                      concat(verdict.gain_text(), verdict.ahead() ? ", taken" : "")});
    }
    print(concat(wrapped(concat(trial.library, " beside our own kernels, ", trial.team, ", ",
                                count_of(trial.steps, "step"), " of each in turns, medians"),
                         columns, "  ", ""),
                 table(rows, columns),
                 wrapped(concat("'trainer.blas: auto' takes it for ", ahead, " of ",
                                count_of(std::ssize(trial.products), "product"), ", from the next run on"),
                         columns, "  ", "")));
  }

  static Node products_json(const ProductTrial& trial) {
    Node products = Node::list();
    for (const ProductSpeeds& p : trial.products)
      products.items.push_back(json_object({{"product", Node::string(p.product)},
                                            {"calls", Node::integer(p.calls)},
                                            {"flops", Node::number(p.flops)},
                                            {"own_ms", Node::number(1e3 * p.own.median)},
                                            {"own_min_ms", Node::number(1e3 * p.own.least)},
                                            {"library_ms", Node::number(1e3 * p.library.median)},
                                            {"library_min_ms", Node::number(1e3 * p.library.least)},
                                            {"gain", Node::number(p.gain())}}));
    return json_object({{"library", Node::string(trial.library)},
                        {"identity", Node::string(trial.identity)},
                        {"team", Node::string(trial.team)},
                        {"steps", Node::integer(trial.steps)},
                        {"products", std::move(products)}});
  }

  Shape input_shape() const {
    std::optional<std::vector<int64_t>> sizes = sizes_in(input_, ',');
    if (!sizes)
      fail("--input: expected sizes with commas, as 32,32,64, got '" + input_ + "'",
           "write the sizes of one sample: height, width, channels of an image");
    return Shape(std::move(*sizes));
  }

  // What --threads, --precision, --device and --set say of a layer's machine.
  TrainerSpec trainer() const {
    struct Settings {
      TrainerSpec trainer;
      void describe(Schema& s) { s.optional("trainer", trainer, "what the layer is computed with"); }
    } settings;
    Node given = Node::map(), trainer = Node::map();
    trainer.set("max_steps", Node::integer(1));
    given.set("trainer", trainer);
    std::vector<Problem> problems;
    read_object(load_spec(given, {.sets = overrides_.sets()}), settings, Reading(problems));
    if (!problems.empty()) throw Error(Exit::usage, problems);
    return std::move(settings.trainer);
  }

  void bench_layer() {
    if (input_.empty())
      fail("'" + shortened(what_) + "' is a layer, and --input is missing",
           "write '--input 32,32,64', or whatever one sample is");
    const TrainerSpec machine = trainer();
    LayerTrial trial({.layer = parse_yaml(what_, "LAYER"),
                      .input = input_shape(),
                      .tokens = tokens_,
                      .batch_size = batch_ > 0 ? batch_ : 32,
                      .precision = machine.numbers(),
                      .device = machine.device,
                      .options = {.threads = machine.threads}});
    trial.run_timed();
    const Timing timing = time_kernels(trial, seconds_);
    const DeviceLimits limits = measure_limits(trial.device(), trial.threads());
    const std::string name = trial.network().layers()[0].type;
    const std::vector<Spent> passes =
        spent_by(timing.kernels, limits, [&](const Program::KernelCall&) { return name; });
    if (json_) {
      Node result = json_object({{"layer", Node::string(name)},
                                 {"input", json_sizes(input_shape().sizes())},
                                 {"output", json_sizes(trial.network().output().shape.sizes())},
                                 {"batch_size", Node::integer(trial.batch_size())},
                                 {"params", Node::integer(trial.network().parameter_count())},
                                 {"device", Node::string(trial.device().description())},
                                 {"runs", Node::integer(timing.runs())},
                                 {"limits", limits_json(limits)}});
      for (const Spent& pass : passes) result.set(name_of(pass.phase), spent_json(pass));
      print(json_line(result));
      return;
    }
    const double all_s = spent_in(timing.kernels, limits).seconds;
    const size_t columns = standard_output().columns();
    const std::string what =
        concat(name, ", ", input_shape().text(), " to ", trial.network().output().shape.text(), ", batch ",
               trial.batch_size(), ", ", count_of(trial.network().parameter_count(), "parameter"), ", ",
               trial.device().description(), ", median of ", timing.runs());
    print(concat(wrapped(what, columns, "  ", ""),
                 wrapped("limits measured: " + limits_text(limits), columns, "  ", ""), "\n",
                 spent_table("layer", passes, all_s, columns), "\n",
                 spent_table("kernel", spent_by(timing.kernels, limits, kernel_name), all_s, columns)));
  }

  std::string what_, input_, blas_, runs_ = "runs";
  double seconds_ = 3;
  int64_t batch_ = 0, tokens_ = 0;
  bool predict_ = false, json_ = false;
  Overrides overrides_;
};

DL_COMMAND(Bench, "bench");

}  // namespace
}  // namespace dl
