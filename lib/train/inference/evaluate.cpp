// Running the evaluation and prediction programs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/inference/evaluate.h"

#include <algorithm>

#include <charconv>
#include <cmath>

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/data/test_views.h"
#include "lib/data/text/tokenized.h"
#include "lib/train/kept/weights.h"
#include "lib/train/loop/evaluator.h"
#include "lib/train/plan/loading.h"

namespace dl {
namespace {

// A target as the data have it: the shortest decimal that is trained on as `scaled`.
double in_own_units(float scaled, const Scaling& scaling) {
  const double value = static_cast<double>(scaled) * scaling.scale + scaling.shift;
  if (static_cast<float>(-scaling.shift / scaling.scale) == scaled) return 0;
  for (int digits = 1; digits < 17; ++digits) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, digits - 1).ptr;
    double rounded = 0;
    std::from_chars(text, end, rounded);
    if (static_cast<float>((rounded - scaling.shift) / scaling.scale) == scaled) return rounded;
  }
  return value;
}

// The predictions of batches that programs have run.
class Predictions {
 public:
  Predictions(const Dataset& data, const Plan& plan, const Inference::Each& each)
      : each_(each), width_(plan.prediction().shape.rank() == 0 ? 1 : plan.prediction().shape.last()) {
    const Loss* loss = plan.objectives.predicted_by();
    if (!loss || !loss->reads_field()) return;
    const auto target = std::ranges::find(data.fields(), loss->from.target, &SampleField::name);
    if (target == data.fields().end()) return;
    target_ = static_cast<size_t>(target - data.fields().begin());
    target_name_ = target->name;
    target_type_ = target->type;
    scaling_ = target->scaling;
    if (scaling_.empty()) scaling_.emplace_back();
  }

  void take(const Program& program, const Batch& batch) {
    values_.resize(static_cast<size_t>(program.output_type("prediction").shape.elements()));
    program.read("prediction", values_);
    const size_t size = values_.size() / static_cast<size_t>(batch.count);
    const auto targets = static_cast<size_t>(batch.type->sample(target_name_, target_type_).shape.elements());
    for (size_t i = 0; i < static_cast<size_t>(batch.count); ++i) {
      Prediction p{.index = batch.samples[i], .output = std::span(values_).subspan(i * size, size), .width = width_};
      if (target_ && target_type_.dtype == DType::i32) {
        p.target_classes = {reinterpret_cast<const int32_t*>(batch.fields[*target_]) + i * targets, targets};
      } else if (target_) {
        const float* scaled = reinterpret_cast<const float*>(batch.fields[*target_]) + i * targets;
        own_units_.clear();
        for (size_t t = 0; t < targets; ++t)
          own_units_.push_back(in_own_units(scaled[t], scaling_[t % scaling_.size()]));
        p.target_values = own_units_;
      }
      each_(p);
    }
  }

 private:
  const Inference::Each& each_;
  const int64_t width_;
  std::optional<size_t> target_;
  std::string target_name_;
  Type target_type_{DType::f32, {}};
  std::vector<Scaling> scaling_;
  std::vector<float> values_;
  std::vector<double> own_units_;
};

}  // namespace

int64_t Prediction::best(int64_t position) const {
  const std::span<const float> row = at(position);
  return std::ranges::max_element(row) - row.begin();
}

Recipe inference_recipe(const Plan& plan) {
  Recipe recipe = plan.recipe();
  recipe.kept.clear();
  recipe.updates.clear();  // the parameters are the average
  if (recipe.precision == Precision::bf16_true) recipe.precision = Precision::bf16_mixed;  // an average is f32
  return recipe;
}

namespace {

// The same of each sample's views.
Recipe recipe_of_views(const Plan& plan, size_t views) {
  Recipe recipe = inference_recipe(plan);
  recipe.forward.views = static_cast<int64_t>(views);
  return recipe;
}

}  // namespace

struct Inference::Impl {
  explicit Impl(const Plan& p)
      : plan(p),
        views(test_views(plan.run.data.test_time.values)),
        device(make_device(plan.run.trainer.device, plan.device_options())),
        store(*device),
        programs(recipe_of_views(plan, views.size()), store) {
    store.expect_no_changes();
  }

  void read(const Checkpoint& checkpoint) {
    programs.create();
    read_weights(plan.network->tensors(), store, checkpoint.weights());
    for (const Variable& average : averages_of(plan))
      read_average(plan.network->tensors(), store, checkpoint.optimizer(), average.name);
  }

  void initialize() {
    programs.initialize();
    if (const std::filesystem::path file = plan.initial_weights(); !file.empty())
      read_weights(plan.network->tensors(), store, file, plan.initial);
  }

  template <class Tell, class Take>
  void run(const std::vector<Given>& inputs, const Tell& tell, const Take& take);

  // The averages of the weights that a run keeps.
  std::vector<Variable> averages_of(const Plan& plan) {
    Store planned(*device);
    Programs(plan.recipe(), planned).create();
    return planned.of_role(Role::average);
  }

  const Plan& plan;
  const std::vector<TestView> views;
  std::unique_ptr<Device> device;
  Store store;
  Programs programs;
};

Inference::Inference(const Plan& plan, const Checkpoint& checkpoint) : impl_(std::make_unique<Impl>(plan)) {
  impl_->read(checkpoint);
}
Inference::Inference(const Plan& plan) : impl_(std::make_unique<Impl>(plan)) { impl_->initialize(); }
Inference::~Inference() = default;

Evaluation Inference::evaluate(const std::string& split, const Each& each) {
  const double start = steady_seconds();
  const DatasetPointer data = viewed(impl_->plan.data.part(split), impl_->views);
  Evaluator evaluator(impl_->plan, impl_->programs, impl_->store, data, split);
  Evaluator::Watch watch;
  Predictions predictions(*data, impl_->plan, each);
  if (each) watch = [&](const Program& program, const Batch& batch) { predictions.take(program, batch); };
  Evaluation result{.split = split, .samples = evaluator.samples(), .values = *evaluator.run(nullptr, 0, {}, watch)};
  result.tables = evaluator.tables();
  result.seconds = steady_seconds() - start;
  return result;
}

namespace {

// That data have what the network reads, in the types that it was trained on.
void expect_inputs(const Network& network, const Dataset& data) {
  for (const Network::Input& wanted : network.inputs()) {
    const auto found = std::ranges::find(data.fields(), wanted.name, &SampleField::name);
    if (found == data.fields().end())
      throw Error(Exit::data,
                  Problem{.what = concat("expected samples with a field '", wanted.name, "', there is none"),
                          .help = "give data with the fields that the network was trained on"});
    if (found->type != wanted.type)
      throw Error(Exit::data, Problem{.what = concat("expected samples of shape ", wanted.type.shape.text(), ", got ",
                                                     found->type.shape.text()),
                                      .help = "give data of the shape that the network was trained on"});
  }
}

}  // namespace

std::vector<Inference::Given> Inference::inputs_of(const DatasetPointer& data, int64_t samples) {
  expect_inputs(*impl_->plan.network, *data);
  Loader loader(data, prediction_loading(impl_->plan, *data));
  const Batch& batch = loader.next();
  std::vector<Given> inputs;
  for (const Network::Input& input : impl_->plan.network->inputs()) {
    const auto field = std::ranges::find(data->fields(), input.name, &SampleField::name) - data->fields().begin();
    const Type type = batched(batch.type->sample(input.name, input.type), std::min(samples, batch.count));
    const std::byte* values = batch.fields[static_cast<size_t>(field)];
    inputs.push_back({input.name, type, {values, values + type.bytes()}});
  }
  return inputs;
}

// The network applied to a batch; `tell` says which of its values are outputs, which `take` reads.
template <class Tell, class Take>
void Inference::Impl::run(const std::vector<Given>& inputs, const Tell& tell, const Take& take) {
  const Network& network = *plan.network;
  Graph g;
  std::vector<Value> given;
  for (const Given& each : inputs) given.push_back(input(g, each.name, each.type));
  tell(g, network.build(g, given, false, {}, plan.seed()));
  programs.forget_carried(false);
  Program program(g, store, passes_for(*device, {.parameters = network.parameters()}));
  std::vector<HostMemory> fed;
  for (const Given& each : inputs) {
    if (!program.has_input(each.name)) continue;
    const Type type = program.input_type(each.name);
    fed.emplace_back(*device, type.bytes());
    DL_CHECK(std::ssize(each.values) == type.bytes(), each.name, " has ", each.values.size(), " bytes");
    std::ranges::copy(each.values, fed.back().data());
    program.feed(each.name, fed.back().template as<const std::byte>());
  }
  if (program.has_input("step")) {  // of layers that draw random numbers
    fed.emplace_back(*device, bytes_of(DType::i32));
    *fed.back().template as<int32_t>().data() = 0;
    program.feed("step", fed.back().template as<const int32_t>());
  }
  program.run();
  take(program);
}

std::vector<float> Inference::apply(const std::vector<Given>& inputs) {
  std::vector<float> output;
  impl_->run(
      inputs,
      [&](Graph& g, const NetworkOutputs& outputs) {
        g.output("output", as_f32(outputs.at(impl_->plan.objectives.predicted_output())));
      },
      [&](Program& program) { output = program.read("output"); });
  return output;
}

std::vector<Inference::Activation> Inference::activations(const std::vector<Given>& inputs) {
  std::vector<Activation> made;
  const auto name = [](size_t part) { return concat("part/", part); };
  impl_->run(
      inputs,
      [&](Graph& g, const NetworkOutputs& outputs) {
        for (const NetworkOutputs::Part& part : outputs.parts) {
          g.output(name(made.size()), as_f32(part.value));
          made.push_back({part.path, part.type, part.value.shape(), {}});
        }
      },
      [&](Program& program) {
        for (size_t i = 0; i < made.size(); ++i) made[i].values = program.read(name(i));
      });
  return made;
}

std::vector<float> Inference::weights(const Tensor& tensor) {
  if (!tensor.trained) return impl_->store.read(tensor.path);
  std::vector<float> values(static_cast<size_t>(tensor.shape.elements()));
  impl_->store.read_part("parameters", tensor.offset, tensor.shape.elements(), values.data());
  return values;
}

Generation Inference::generation(bool cached) {
  const Vocabulary* words = vocabulary(*impl_->plan.data.train);
  const int64_t tokens = words ? words->size() : impl_->plan.network->output().shape.last();
  return Generation(*impl_->plan.network, impl_->store, cached, tokens);
}

void Inference::predict(const DatasetPointer& given, const Each& each, int64_t first) {
  expect_inputs(*impl_->plan.network, *given);
  const DatasetPointer data = viewed(given, impl_->views);
  BatchPrograms programs([this](const BatchType& batch) -> Program& { return impl_->programs.predict(batch); }, *data);
  Loader loader(data, prediction_loading(impl_->plan, *data));
  impl_->programs.forget_carried(false);
  const int64_t wanted = first > 0 ? std::min(first, data->size()) : data->size();
  int64_t number = 0, told = 0;
  const Each counted = [&](const Prediction& p) {
    if (told++ < wanted) each(p);
  };
  Predictions predictions(*data, impl_->plan, counted);
  for (int64_t done = 0; done < wanted;) {
    const Batch& batch = loader.next();
    BatchProgram& fed = programs.of(*batch.type);
    fed.feed(batch, number++);
    fed.program().run();
    predictions.take(fed.program(), batch);
    done += batch.count;
  }
}

}  // namespace dl
