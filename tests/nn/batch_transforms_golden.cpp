// Batches are mixed as torchvision mixes them, with the same numbers drawn.
// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/golden.h"
#include "tests/transformed_batch.h"

using namespace dl;
using namespace dl::testing;

namespace {

// Gives what was recorded instead of drawing it.
class RecordedRandom final : public BatchRandom {
 public:
  explicit RecordedRandom(const golden::Json& recorded)
      : BatchRandom(0, 0, 0),
        uniform_(recorded["uniform"].get<std::vector<double>>()),
        beta_(recorded["beta"].get<double>()) {}
  double uniform() override { return uniform_.at(taken_++); }
  double beta(double, double) override { return beta_; }

 private:
  const std::vector<double> uniform_;
  const double beta_;
  size_t taken_ = 0;
};

}  // namespace

TEST_CASE("batches are mixed as torchvision mixes them") {
  golden::for_each_case("batches", [](const golden::Json& recorded) {
    const auto mixed = transformed(recorded["yaml"], golden::shape_of(recorded["x"]), recorded["x"]["values"],
                                   recorded["y"]["values"], [&](const Draw& draw) {
                                     RecordedRandom random(recorded);
                                     const std::vector<double> numbers = draw(random);
                                     return Numbers(numbers.begin(), numbers.end());
                                   });
    golden::check_near("x", mixed[0], recorded["output"]);
    golden::check_near("y", mixed[1], recorded["targets"]);
  });
}
