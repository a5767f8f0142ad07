// Class token (Devlin et al. 2018, arXiv:1810.04805; Dosovitskiy et al. 2020, arXiv:2010.11929): a learned position
// before those of a sequence
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct ClassToken final : Layer {
  int64_t count = 1;
  std::shared_ptr<const Initializer> init;

  void describe(Schema& s) override {
    s.summary("adds a learned position before those of a sequence [length, features]");
    s.details("Parameter: class_token [1, count, features]. 'select: 0' takes the first position again.");
    s.also_known_as({"cls_token", "ClassToken", "register_tokens"});
    s.optional("count", count, "how many positions").at_least(1).positional();
    s.optional("init", init, "initializer of the positions; without it 0");
    s.example("class_token");
    s.example("class_token: {count: 2, init: {normal: 0.02}}");
  }

  Value build(Builder& b, Value x) const override {
    expect_rank(x, 3, "a sequence [length, features]", x.shape().rank() > 3 ? "put 'to_sequence' before it" : "");
    refuse_decoding(b, name);
    const int64_t batch = x.shape()[0], features = x.shape()[2];
    const Value token = b.parameter("class_token", {1, count, features}, init ? init : constant_initializer(0));
    return concatenate({broadcast_to(token, {batch, count, features}), as_f32(x)}, 1);
  }
};
DL_LAYER(ClassToken, "class_token");

}  // namespace
}  // namespace dl
