// A run's losses and metrics: which there are, what they read, and the figures that they give.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/data_spec.h"
#include "lib/train/kept/observer.h"
#include "lib/train/plan/run_spec.h"
#include "lib/train/programs/forward_graph.h"

namespace dl {

class Objectives {
 public:
  Objectives() = default;
  explicit Objectives(const RunSpec& run);  // which must outlive it

  // A loss, and where it stands in the config.
  struct Term : ForwardParts::Term {
    std::string path;  // "losses.kind", "turns[1].loss"
  };
  const std::vector<Term>& losses() const { return losses_; }
  const std::vector<ForwardParts::Measured>& metrics() const { return metrics_; }
  // The output that predictions are of: that of the first loss, or the item's that was chosen, which the model has.
  void predict(const std::string& item) { predicted_ = item; }
  std::optional<std::string> predicted_output() const {
    return predicted_ ? predicted_ : losses_.at(0).loss->from.output;
  }
  // The first loss that reads it, and says what its values mean; null where none does.
  const Loss* predicted_by() const;

  // The data's fields that losses and metrics read, without repetition: what they compare with, which is no input of
  // the model, and lengths of sequences besides, which may be one.
  std::vector<std::string> targets() const;
  std::vector<std::string> fields() const;
  ForwardParts parts(const Network& network, const Dataset& data, uint64_t seed) const;

  // Against what the network gives and the data hold, which completes what the config left open. `tell` is given each
  // problem, with the place of the object that it is about.
  using Tell = std::function<void(Problem)>;
  void check(const Network& network, const DataSets& data, const Tell& tell);

  // "loss", "kind_loss", "accuracy", …: of a part of the data each is "val/loss" and so on.
  std::vector<std::string> figures() const;
  bool higher_is_better(const std::string& figure) const;

  // The figures of the part, but those that are not finite; none where no target of a loss counted.
  std::vector<Measured> measured(const Measures& measures, const std::string& part) const;
  // The same of a whole split; Error(Exit::data) where no target counted.
  std::vector<Measured> measured_whole(const Measures& measures, const std::string& part) const;
  std::vector<MetricTable> tables(const Measures& measures) const;

 private:
  class Check;
  void check_batch_transforms(const Network& network, const DataSets& data, const Tell& tell) const;
  std::optional<std::string> predicted_;
  std::vector<const BatchTransform*> batch_transforms_;
  void add(Loss& loss, const std::string& name, const std::string& path, double weight = 1, size_t turn = 0);
  std::vector<Term> losses_;
  std::vector<ForwardParts::Measured> metrics_;
  std::vector<Loss*> losses_to_complete_;
  std::vector<Metric*> metrics_to_complete_;
};

}  // namespace dl
