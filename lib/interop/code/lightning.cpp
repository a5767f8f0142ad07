// Export to Lightning: the module of an export to PyTorch, and a LightningModule with the run's loss, optimizer and
// learning rates.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/interop/code/python_files.h"
#include "lib/interop/code/text.h"
#include "lib/interop/export_target.h"
#include "lib/interop/training_state.h"
#include "lib/interop/weights/weights_format.h"
#include "lib/nn/optimizer.h"

namespace dl::code {
namespace {

// A registered type of the config: its name, and its keys.
struct Typed {
  std::string name;
  Node keys = Node::map();
};

Typed typed(const Node& node) {
  if (node.is_map() && node.entries.size() == 1) return {node.entries[0].key, node.entries[0].value};
  return {node.text, Node::map()};
}

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw Error(Exit::usage,
              Problem{.path = path, .what = what, .help = "export to pytorch, and write the training around it"});
}

// Keys that are named and mean the same here and there.
std::string arguments(const Node& keys, const std::vector<std::string>& without) {
  std::string text;
  for (const Node::Entry& key : keys.entries)
    if (std::ranges::count(without, key.key) == 0 && !key.value.is_null())
      text += ", " + key.key + "=" + python(key.value);
  return text;
}

// In the order of last.ckpt. PyTorch's modules have ours but for those of a transformer's layers.
std::string parameters(const TrainedNetwork& trained) {
  const auto is_other = [](const Tensor& tensor) { return tensor.layer.starts_with("transformer_"); };
  if (!trained.training || std::ranges::none_of(trained.network.tensors(), is_other)) return "self.parameters()";
  std::vector<std::string> names;
  for (const TrainingState::Group& group : trained.training->groups)
    for (const TrainingState::Parameter& parameter : group.parameters) names.push_back("'" + parameter.name + "'");
  return "[dict(self.net.named_parameters())[name] for name in " + tuple(names) + "]";
}

std::string optimizer(const TrainedNetwork& trained) {
  const Node& config = trained.config;
  const Node* written = config.find("optimizer");
  if (!written || !written->is_map())
    refuse("optimizer", "expected one optimizer, got " + (written ? written->described() : "none"));
  const Typed made = typed(*written);
  const auto theirs = Registry<Optimizer>::make(made.name)->torch();
  if (!theirs) refuse("optimizer", "'" + made.name + "' has no counterpart in torch.optim that is known here");
  if (const Node* groups = made.keys.find("groups"); groups && !groups->items.empty())
    refuse("optimizer." + made.name + ".groups", "groups of parameters are not written as Lightning");
  return "torch.optim." + theirs->name + "(" + parameters(trained) + arguments(made.keys, {"groups"}) + ")";
}

std::string loss(const Node& config) {
  const Node* written = config.find("loss");
  if (!written || written->is_null()) refuse("losses", "several losses are not written as Lightning");
  const Typed made = typed(*written);
  static const std::map<std::string, std::string> functions{{"mse", "F.mse_loss"},
                                                            {"mae", "F.l1_loss"},
                                                            {"l1", "F.l1_loss"},
                                                            {"huber", "F.huber_loss"},
                                                            {"smooth_l1", "F.smooth_l1_loss"},
                                                            {"poisson_nll", "F.poisson_nll_loss"},
                                                            {"bce_with_logits", "F.binary_cross_entropy_with_logits"}};
  const std::vector<std::string> ours{"output", "target", "lengths", "sample_weight", "pos_weight"};
  for (const char* key : {"lengths", "sample_weight"})
    if (const Node* field = made.keys.find(key); field && !field->is_null())
      refuse(concat("loss.", made.name, ".", key), "what says how much a target counts is not written as Lightning");
  if (const Node* target = made.keys.find("target"); target && target->as_number())
    refuse(concat("loss.", made.name, ".target"), "one number as all targets is not written as Lightning");
  if (made.name == "cross_entropy") {
    std::vector<std::string> without = ours;
    if (const Node* weight = made.keys.find("weight"); weight && !weight->is_null())
      refuse("loss.cross_entropy.weight", "weights of classes are not written as Lightning");
    return "F.cross_entropy(found.movedim(-1, 1) if found.ndim == 3 else found, y" + arguments(made.keys, without) +
           ")";
  }
  const auto found = functions.find(made.name);
  if (found == functions.end())
    refuse("loss", "'" + made.name + "' has no counterpart in torch.nn.functional that is known here");
  // Targets [batch] beside predictions [batch, 1] would be repeated to [batch, batch], and classes are no floats.
  std::string text = found->second + "(found.reshape(y.shape), y.to(found.dtype)" + arguments(made.keys, ours);
  if (const Node* weight = made.keys.find("pos_weight"); weight && !weight->is_null())
    text += ", pos_weight=torch.tensor(" + python(*weight) + ", dtype=found.dtype, device=found.device)";
  return text + ")";
}

// What Lightning's Trainer is to be given of the run's, where that is not its own default.
std::string trainer(const Node& config) {
  const Node* keys = config.find("trainer");
  if (!keys || !keys->is_map()) return "";
  std::vector<std::string> given;
  for (const auto& [key, usual] : std::vector<std::pair<std::string, std::string>>{{"max_epochs", ""},
                                                                                   {"max_steps", ""},
                                                                                   {"precision", "32-true"},
                                                                                   {"accumulate_grad_batches", "1"},
                                                                                   {"gradient_clip_val", ""},
                                                                                   {"gradient_clip_algorithm", "norm"}})
    if (const Node* value = keys->find(key); value && value->is_scalar() && !value->is_null() && value->text != usual)
      given.push_back(key + "=" + python(*value));
  return "\nThe run's trainer is L.Trainer(" + join(given) + ").";
}

// What keeps frozen parameters as they are, and running averages where all of a module's are; empty where nothing is.
std::string frozen(const Network& network) {
  std::vector<std::string> names;
  for (const Tensor& tensor : network.tensors()) {
    const int64_t until = network.frozen_until(tensor.path);
    if (!tensor.trained || until == 0) continue;
    if (until != Frozen::always) refuse("freeze", "what is trained from a step on is not written as Lightning");
    names.push_back("'" + tensor.path + "'");
  }
  if (names.empty()) return "";
  return fill(R"(    FROZEN = frozenset([{names}])

    def train(self, mode=True):
        super().train(mode)
        for name, module in self.net.named_modules():
            own = {f"{name}.{key}" if name else key: own for key, own in module.named_parameters(recurse=False)}
            for path in own.keys() & self.FROZEN:
                own[path].requires_grad_(False)
            if own and own.keys() <= self.FROZEN:
                module.eval()
        return self

)",
              {{"names", join(names)}});
}

class Lightning final : public ExportTarget {
 public:
  std::string summary() const override { return "a LightningModule with the run's loss, optimizer and learning rates"; }
  bool channels_first(const ExportOptions&) const override { return true; }
  Training training() const override { return Training::all; }

  std::vector<WrittenTensor> write(const TrainedNetwork& trained, const ExportOptions& options,
                                   const std::filesystem::path& folder) const override {
    const std::string text = module_text(trained);
    TrainedNetwork network = trained;
    network.training = nullptr;
    const std::vector<WrittenTensor> tensors = export_targets().at("pytorch")()->write(network, options, folder);
    if (trained.training) write_checkpoint(*trained.training, folder / "last.ckpt");
    write_arrays(folder / "schedule.npz", {{"factors", {std::ssize(trained.learning_rates)}, trained.learning_rates}});
    write_file_atomic(folder / "lit_model.py", text);
    return tensors;
  }

 private:
  // Weights as they are trained, which are not an average of them.
  static void write_checkpoint(TrainingState training, const std::filesystem::path& file) {
    const std::string prefix = "net.";
    training.put_before_names(prefix);
    WeightsWriter::Tensors tensors = read_weights_table(training.moment.weights).tensors();
    for (WeightsTable::Entry& tensor : tensors) tensor.name.insert(0, prefix);
    write_torch_file(file, lightning_checkpoint(tensors, training));
  }

  static std::string module_text(const TrainedNetwork& trained) {
    return fill(
        R"("""{source}, as a Lightning module: the network of model.py with the run's loss, optimizer and learning rates.

schedule.npz has what the learning rate is multiplied by at each step of the run.{trainer}
"""
from pathlib import Path

import lightning as L
import numpy as np
import torch
from torch.nn import functional as F

from model import load

HERE = Path(__file__).parent


class LitModel(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = load()
        self.train()

    def forward(self, *inputs):
        return self.net(*inputs)

{frozen}    def loss(self, batch):
        *inputs, y = batch
        found = self(*inputs)
        return {loss}

    def training_step(self, batch, batch_idx):
        loss = self.loss(batch)
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        self.log("val/loss", self.loss(batch), prog_bar=True)

    def configure_optimizers(self):
        optimizer = {optimizer}
        factors = np.load(HERE / "schedule.npz")["factors"]
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: factors[min(step, len(factors) - 1)])
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
)",
        {{"source", in_docstring(trained.source)},
         {"trainer", in_docstring(trainer(trained.config))},
         {"frozen", frozen(trained.network)},
         {"loss", loss(trained.config)},
         {"optimizer", optimizer(trained)}});
  }
};

DL_EXPORT_TARGET(Lightning, "lightning");

}  // namespace
}  // namespace dl::code
