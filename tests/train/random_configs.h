// Configs made at random: most of them right or nearly so, with sizes that are small, some spoilt in structure or with
// sizes that nothing can have. What is registered takes part by its examples, so that a new layer, loss, metric or
// optimizer is tried as soon as it is there. All data come from the reader `random`: nothing is opened.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/nn/layer.h"
#include "lib/nn/loss.h"
#include "lib/nn/metric.h"
#include "lib/nn/optimizer.h"
#include "lib/nn/schedule.h"
#include "lib/spec/yaml.h"

namespace dl::testing {

enum class Spoilt { no, sizes, structure };

class RandomConfig {
 public:
  explicit RandomConfig(uint64_t seed, Spoilt spoilt = Spoilt::no) : seed_(seed) {
    config_ = Node::map();
    config_.set("data", data());
    config_.set("model", model());
    config_.set("loss", loss());
    if (chance(2)) config_.set("metrics", metrics());
    config_.set("optimizer", optimizer());
    if (chance(3)) config_.set("schedule", example_of<LRSchedule>());
    config_.set("trainer", trainer());
    const int64_t times = 1 + draw(2);
    for (int64_t i = 0; i < times && spoilt == Spoilt::sizes; ++i) spoil_size();
    for (int64_t i = 0; i < times && spoilt == Spoilt::structure; ++i) spoil_structure();
  }

  std::string yaml() const { return to_yaml(config_); }

 private:
  int64_t draw(int64_t n) {
    return static_cast<int64_t>(random_bits(seed_, 1, draws_++) % static_cast<uint64_t>(std::max<int64_t>(n, 1)));
  }
  bool chance(int64_t one_in) { return draw(one_in) == 0; }
  template <class T>
  T pick(const std::vector<T>& from) {
    return from[static_cast<size_t>(draw(static_cast<int64_t>(from.size())))];
  }

  static Node yaml(const std::string& text) { return parse_yaml(text, "random"); }
  static Node whole(int64_t n) { return Node::integer(n); }

  // One of the examples of a registered type, which itself is drawn where none is named.
  template <class T>
  Node example_of(std::string name = {}) {
    if (name.empty()) name = pick(Registry<T>::instance().names());
    const std::unique_ptr<T> object = Registry<T>::make(name);
    const std::vector<std::string> examples = schema_of(*object).examples();
    return examples.empty() ? Node::string(name) : yaml(pick(examples));
  }

  Node data() {
    Node train = yaml("{format: random}"), shape = Node::list();
    switch (draw(4)) {
      case 0:
        kind_ = Kind::image;
        for (const int64_t size : {1 + draw(9), 1 + draw(9), 1 + draw(4)}) shape.items.push_back(whole(size));
        break;
      case 1:
        kind_ = Kind::sequence;
        for (const int64_t size : {1 + draw(9), 2 * (1 + draw(4))}) shape.items.push_back(whole(size));
        break;
      case 2:
        kind_ = Kind::tokens;
        shape.items.push_back(whole(1 + draw(9)));
        train.set("vocabulary", whole(2 + draw(30)));
        break;
      default: kind_ = Kind::features; shape.items.push_back(whole(1 + draw(20)));
    }
    train.set("shape", shape);
    if (kind_ != Kind::tokens) train.set("dtype", Node::string("f32"));
    outputs_ = 2 + draw(6);
    numbers_ = chance(4);
    train.set(numbers_ ? "targets" : "classes", whole(numbers_ ? outputs_ = 1 + draw(3) : outputs_));
    train.set("samples", whole(1 + draw(60)));
    Node all = Node::map();
    all.set("train", train);
    if (chance(3)) all.set("validation", yaml(chance(2) ? "{last: 5}" : "{fraction: 0.2}"));
    all.set("batch_size", whole(1 + draw(12)));
    if (chance(4)) all.set("workers", whole(draw(3)));
    if (chance(6)) all.set("drop_last", Node::boolean(true));
    if (chance(6)) all.set("prefetch", whole(1 + draw(4)));
    return all;
  }

  // Layers for what there is now, then whatever is needed before a linear layer of the outputs.
  Node model() {
    Node layers = Node::list();
    if (kind_ == Kind::tokens) {
      layers.items.push_back(yaml("{embedding: {num_embeddings: 32, embedding_dim: 8}}"));
      kind_ = Kind::sequence;
    }
    const int64_t count = draw(6);
    for (int64_t i = 0; i < count; ++i) {
      if (chance(12)) {
        layers.items.push_back(example_of<Layer>());
        continue;
      }
      switch (kind_) {
        case Kind::image: layers.items.push_back(image_layer()); break;
        case Kind::sequence: layers.items.push_back(sequence_layer()); break;
        default: layers.items.push_back(feature_layer());
      }
      if (chance(4)) layers.items.push_back(yaml(pick<std::string>({"relu", "gelu", "{dropout: 0.3}", "batch_norm"})));
    }
    if (kind_ != Kind::features && !chance(12)) layers.items.push_back(Node::string("flatten"));
    layers.items.push_back(yaml(concat("{linear: ", outputs_, "}")));
    return layers;
  }

  Node image_layer() {
    const int64_t size = 1 + draw(3);
    switch (draw(6)) {
      case 0:
      case 1:
        return yaml(concat("{conv2d: {out_channels: ", 1 + draw(6), ", kernel_size: ", size,
                           ", padding: ", chance(2) ? "same" : std::to_string(draw(2)), "}}"));
      case 2: return yaml(concat("{max_pool2d: {kernel_size: ", size, ", stride: ", 1 + draw(3), "}}"));
      case 3: return yaml(concat("{avg_pool2d: ", size, "}"));
      case 4: return yaml(pick<std::string>({"batch_norm", "layer_norm", "{group_norm: 1}", "relu", "{dropout: 0.1}"}));
      default: kind_ = Kind::features; return Node::string(chance(2) ? "global_avg_pool2d" : "flatten");
    }
  }
  Node sequence_layer() {
    switch (draw(6)) {
      case 0: return yaml(concat("{multi_head_attention: {num_heads: ", 1 + draw(2), ", causal: true}}"));
      case 1: return yaml(pick<std::string>({"layer_norm", "rms_norm", "positional_embedding", "gelu"}));
      case 2: return yaml(concat("{linear: ", 2 * (1 + draw(5)), "}"));
      case 3:
        return yaml(concat("{", pick<std::string>({"rnn", "gru", "lstm"}), ": {hidden_size: ", 2 * (1 + draw(4)),
                           ", bidirectional: ", chance(2) ? "true" : "false", "}}"));
      case 4: kind_ = Kind::features; return yaml("{lstm: {hidden_size: 4, return_sequences: false}}");
      default: return yaml("{dropout: 0.2}");
    }
  }
  Node feature_layer() {
    switch (draw(3)) {
      case 0: return yaml(pick<std::string>({"relu", "batch_norm", "layer_norm", "{dropout: 0.5}", "gelu"}));
      default: return yaml(concat("{linear: ", 1 + draw(24), "}"));
    }
  }

  Node loss() {
    if (chance(12)) return example_of<Loss>();
    return numbers_ ? example_of<Loss>(pick<std::string>({"mse", "l1", "huber"})) : example_of<Loss>("cross_entropy");
  }
  Node metrics() {
    Node all = Node::list();
    all.items.push_back(chance(8) ? example_of<Metric>() : numbers_ ? Node::string("mae") : Node::string("accuracy"));
    return all;
  }
  Node optimizer() {
    Node made = example_of<Optimizer>();
    if (chance(6) && made.is_map())
      made.entries[0].value.set("groups", yaml("[{match: \"*.bias\", lr_factor: 0}, {max_rank: 1, lr_factor: 2}]"));
    return made;
  }
  Node trainer() {
    Node all = yaml("{max_steps: 2, threads: 2}");
    if (chance(8)) all.set("device", Node::string("reference"));
    if (chance(3)) all.set("memory_limit", Node::string(concat(1 + draw(200), " KiB")));
    if (chance(6)) all.set("accumulate_grad_batches", whole(1 + draw(3)));
    if (chance(6)) all.set("gradient_clip_val", Node::number(0.5));
    if (chance(6)) all.set("precision", Node::string(chance(2) ? "bf16-mixed" : "bf16-true"));
    if (chance(8)) all.set("ema", Node::number(0.9));
    return all;
  }

  // Every value of the config below the root.
  static void collect(Node& node, std::vector<Node*>& all) {
    for (Node& item : node.items) all.push_back(&item), collect(item, all);
    for (Node::Entry& entry : node.entries) all.push_back(&entry.value), collect(entry.value, all);
  }
  Node& any_value(bool numbers_only) {
    std::vector<Node*> all;
    collect(config_, all);
    if (numbers_only) std::erase_if(all, [](const Node* node) { return !node->as_number(); });
    return *pick(all);
  }

  void spoil_size() {
    static const std::vector<std::string> sizes{"0",
                                                "-1",
                                                "17",
                                                "37",
                                                "1000",
                                                "65536",
                                                "2147483647",
                                                "2147483648",
                                                "1000000000",
                                                "4294967296",
                                                "-2147483648",
                                                "1000000000000000",
                                                "4611686018427387904",
                                                "9223372036854775807",
                                                "-9223372036854775808",
                                                "9223372036854775808",
                                                "1e30",
                                                ".nan",
                                                ".inf",
                                                "0.5",
                                                "1048576",
                                                "1048575",
                                                "3037000500",
                                                "46341"};
    any_value(true) = yaml(pick(sizes));
  }

  void spoil_structure() {
    Node& at = any_value(false);
    switch (draw(9)) {
      case 0: at = Node::null(); break;
      case 1:
        at = yaml(pick<std::string>({"[]", "{}", "true", "\"\"", "word", "[[1, 2], [3]]", "{a: {b: 1}}", "12"}));
        break;
      case 2: {  // another part of the config, or of itself
        const Node other = any_value(false);
        at = other;
        break;
      }
      case 3:
        if (!at.entries.empty()) at.entries.erase(at.entries.begin() + draw(static_cast<int64_t>(at.entries.size())));
        break;
      case 4:
        if (!at.items.empty()) at.items.erase(at.items.begin() + draw(static_cast<int64_t>(at.items.size())));
        break;
      case 5:
        if (!at.entries.empty()) at.entries[0].key += pick<std::string>({"s", "_x", " ", "1"});
        break;
      case 6:
        if (!at.items.empty()) at.items.push_back(at.items[0]);
        break;
      case 7:
        if (!at.items.empty()) std::swap(at.items.front(), at.items.back());
        break;
      default: at = Node::list({at, at});
    }
  }

  enum class Kind { image, sequence, tokens, features };
  uint64_t seed_, draws_ = 0;
  Kind kind_ = Kind::features;
  int64_t outputs_ = 2;
  bool numbers_ = false;
  Node config_;
};

}  // namespace dl::testing
