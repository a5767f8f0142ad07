// Distillation (Hinton, Vinyals and Dean 2015, arXiv:1503.02531): T^2 times the Kullback-Leibler divergence of
// softmax(x / T) from softmax(t / T), t the teacher's values before its softmax, the mean over the targets
// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "lib/base/error.h"
#include "lib/nn/class_target.h"
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct Distillation final : Loss {
  double temperature = 2;
  std::optional<std::string> teacher;

  void describe_keys(Schema& s) override {
    s.summary("a network is to say what a larger one says; takes values before softmax of both");
    s.details(
        "The teacher's are a field of the data, 'target', or another item of the model, which is not trained by it. "
        "Beside the loss of the labels: losses: {soft: {distillation: {target: logits}, weight: 0.9}, hard: "
        "{cross_entropy: {}, weight: 0.1}}.");
    s.also_known_as({"distill", "knowledge_distillation", "DistillationLoss", "kd"});
    s.optional("temperature", temperature, "both are divided by it: above 1, small probabilities count more")
        .above(0)
        .known_as({"T", "tau"});
    s.optional("teacher", teacher, "the model's item that gives the teacher's values; without it, 'target' has them");
    s.instead_of("alpha", "write it as the 'weight' of this loss and of that of the labels, below 'losses'");
    s.check([this](const Report& report) {
      if (teacher && teacher->find('/') != std::string::npos)
        report.at("teacher", concat("expected the name of an item of the model, got '", *teacher, "'"),
                  "make the teacher an item with 'name: teacher' and its weights by 'init_from: {path: FILE, rename: "
                  "{\"*\": \"teacher.*\"}, missing: fresh}' and 'freeze: [teacher]'");
    });
    s.example("distillation: {target: logits, temperature: 4}");
    s.example("distillation: {output: student, teacher: teacher}");
  }
  Reads reads() const override { return Reads::logits; }
  Value predicted(Value output) const override { return softmax(output); }
  bool takes_target() const override { return !teacher; }
  std::vector<std::string> further_outputs() const override {
    return teacher ? std::vector{*teacher} : std::vector<std::string>();
  }
  Value each(const Fields& f) const override {
    const Value given = teacher ? stop_gradient(f.further[0]) : f.target;
    if (!are_class_probabilities(f.prediction, given))
      throw ShapeError(
          concat("expected the teacher's value of each class, f32 ", f.prediction.shape().without_batch().text(),
                 ", got ", name_of(given.type().dtype), " ", given.shape().without_batch().text()),
          teacher ? "let both end with 'linear: ${data.classes}'"
                  : "name the data's field that has them: 'target: logits'");
    const Value log_q = log_softmax(f.prediction * (1 / temperature)), log_p = log_softmax(given * (1 / temperature));
    return temperature * temperature * sum(exp(log_p) * (log_p - log_q), {-1});
  }
};
DL_LOSS(Distillation, "distillation");

}  // namespace
}  // namespace dl
