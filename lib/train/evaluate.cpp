// Running the evaluation and prediction programs.
#include "lib/train/evaluate.h"

#include <algorithm>

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/data/vocabulary.h"
#include "lib/train/evaluator.h"
#include "lib/train/loading.h"
#include "lib/train/weights.h"

namespace dl {

struct Inference::Impl {
  Impl(const Plan& p, const Checkpoint& checkpoint)
      : plan(p),
        device(make_device(plan.run.trainer.device, plan.device_options())),
        store(*device),
        programs(recipe(plan), store) {
    programs.create();
    read_weights(plan.network->tensors(), store, checkpoint.weights());
    if (plan.run.trainer.ema) read_average(plan.network->tensors(), store, checkpoint.optimizer());
  }

  static Recipe recipe(const Plan& plan) {
    Recipe recipe = plan.recipe();
    recipe.optimizer = nullptr;  // nothing is trained, so its state takes no memory
    recipe.ema_decay.reset();    // the parameters are the average
    if (recipe.precision == Precision::bf16_true) recipe.precision = Precision::bf16_mixed;  // an average is f32
    return recipe;
  }

  const Plan& plan;
  std::unique_ptr<Device> device;
  Store store;
  Programs programs;
};

Inference::Inference(const Plan& plan, const Checkpoint& checkpoint)
    : impl_(std::make_unique<Impl>(plan, checkpoint)) {}
Inference::~Inference() = default;

Evaluation Inference::evaluate(const std::string& split) {
  const double start = steady_seconds();
  Evaluator evaluator(impl_->plan, impl_->programs, impl_->plan.data.part(split), split);
  Evaluation result{.split = split, .samples = evaluator.samples(), .values = *evaluator.run()};
  result.seconds = steady_seconds() - start;
  return result;
}

Generation Inference::generation(bool cached) {
  const Vocabulary* vocabulary = impl_->plan.data.train->vocabulary();
  const int64_t tokens = vocabulary ? vocabulary->size() : impl_->plan.network->output().shape.last();
  return Generation(*impl_->plan.network, impl_->store, cached, tokens);
}

void Inference::predict(const DatasetPointer& data, const std::function<void(const Prediction&)>& each) {
  const Network& network = *impl_->plan.network;
  for (const Network::Input& wanted : network.inputs()) {
    const auto found = std::ranges::find(data->fields(), wanted.name, &SampleField::name);
    if (found == data->fields().end())
      throw Error(Exit::data,
                  Problem{.what = concat("expected samples with a field '", wanted.name, "', there is none"),
                          .help = "give data with the fields that the network was trained on"});
    if (found->type != wanted.type)
      throw Error(Exit::data, Problem{.what = concat("expected samples of shape ", wanted.type.shape.text(), ", got ",
                                                     found->type.shape.text()),
                                      .help = "give data of the shape that the network was trained on"});
  }
  if (network.output().shape.rank() > 1)
    throw Error(Exit::usage,
                Problem{.what = concat("expected a model that ends with one list of numbers a sample, got ",
                                       network.output().shape.text())});
  const BatchInputs inputs(*data);
  Loader loader(data, prediction_loading(impl_->plan, *data));
  impl_->programs.forget_carried(false);
  int64_t index = 0;
  while (index < data->size()) {
    const Batch& batch = loader.next();
    Program& program = impl_->programs.predict(batch.count);
    inputs.bind(program, batch);
    program.run();
    const Type out = program.output_type("prediction");
    std::vector<float> values(static_cast<size_t>(out.shape.elements()));
    impl_->device->copy_out(values.data(), program.output("prediction"), out.bytes());
    const size_t width = values.size() / static_cast<size_t>(batch.count);
    for (size_t i = 0; i < static_cast<size_t>(batch.count); ++i) {
      const std::span<const float> row(values.data() + i * width, width);
      each({.index = index++, .output = row, .best = std::ranges::max_element(row) - row.begin()});
    }
  }
}

}  // namespace dl
