// Making the programs of a run when they are first asked for.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/programs/programs.h"

#include <algorithm>
#include <compare>
#include <span>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/in_parallel.h"
#include "lib/base/random.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/rewriter.h"
#include "lib/graph/sizes.h"
#include "lib/train/programs/training_graph.h"
#include "lib/train/programs/update_graph.h"

namespace dl {

struct Programs::Impl {
  Impl(const Recipe& r, Store& s) : recipe(r), store(s), turns(std::max<size_t>(r.updates.size(), 1)) {}

  Recipe recipe;
  Store& store;
  struct Key {
    std::string kind;
    BatchType batch;
    size_t turn = 0;
    int64_t updates = 0;  // ForwardParts::updates
    bool measures_curvature = false;
    bool operator==(const Key&) const = default;
    std::weak_ordering operator<=>(const Key&) const = default;
  };
  std::map<Key, std::unique_ptr<Program>> made;
  std::map<std::pair<BatchType, size_t>, StepMemory> memory;  // of training programs, by batch and turn
  // The numbers that a turn's programs read.
  struct Turn {
    struct Numbered {  // an input of a program
      Program* program;
      Slot input;
      const HostNumber* number;
    };
    HostNumbers numbers;
    std::vector<Numbered> numbered;
    UpdateTime time;
    bool updating = false;  // begin_update() was called

    void feed() {
      for (const auto& [program, input, number] : numbered) program->feed(input, std::span(&number->value, 1));
    }
  };
  std::vector<Turn> turns;
  int64_t steps = 0;                      // that were made of the run
  std::vector<BatchDraw> draws;           // of training programs
  std::vector<float> drawn;               // for the next of them
  std::optional<MeasureLayout> measures;  // known once a graph was built

  // What is validated in the place of the parameters, and of the layers' own variables.
  Exchanged averages() const {
    Exchanged exchanged;
    for (const Variable& average : store.of_role(Role::average)) exchanged.try_emplace(parameters().name, average);
    for (const Variable& average : store.of_role(Role::average_of_buffer))
      exchanged.try_emplace(averaged_buffer(average), average);
    return exchanged;
  }

  int64_t elements() const { return recipe.forward.network->arena_elements(); }
  Variable parameters() const { return recipe.forward.network->parameters(); }

  Forward forward(Graph& g, const BatchType& batch) { return kept(dl::forward(g, recipe.forward, batch, false)); }

  Forward forward_in_training(Graph& g, const Key& key) {
    ForwardParts parts = recipe.forward;
    parts.draws_targets = key.measures_curvature;
    if (turns.size() == 1) return kept(dl::forward(g, parts, key.batch, true));
    const TurnPart part{key.turn, all_measures()};
    return kept(dl::forward(g, parts, key.batch, true, &part));
  }

  const MeasureLayout& all_measures() {
    if (!measures) {
      Graph g;
      forward(g, BatchType(1));
    }
    return *measures;
  }

  // Remembers what is the same for all programs.
  Forward kept(Forward f) {
    DL_CHECK(!measures || *measures == f.measures, "programs keep different measures");
    measures = f.measures;
    if (!f.draws.empty()) draws = f.draws;  // the same for all
    return f;
  }

  // Initial values, in pieces by several threads: each is a function of its tensor and place only.
  void fill_tensors() {
    struct Piece {
      const Tensor* tensor;
      int64_t begin, end;  // elements of the tensor
    };
    constexpr int64_t most = 1 << 15;  // small enough to stay in a cache
    std::vector<Piece> pieces;
    for (const Tensor& tensor : recipe.forward.network->tensors()) {
      const int64_t all = tensor.shape.elements();
      const int64_t size = tensor.initial->whole() ? all : most;
      for (int64_t begin = 0; begin < all; begin += size)
        pieces.push_back({&tensor, begin, std::min(all, begin + size)});
    }
    in_parallel(std::ssize(pieces), recipe.threads, [&](int64_t i) {
      const auto& [tensor, begin, end] = pieces[static_cast<size_t>(i)];
      std::vector<float> values(static_cast<size_t>(end - begin));
      tensor->initial->fill(values, tensor->shape,
                            random_key(recipe.forward.seed, random_stream("init/" + tensor->path)), begin);
      store.write_part(tensor->trained ? parameters().name : tensor->path,
                       (tensor->trained ? tensor->offset : 0) + begin, values.data(), end - begin);
    });
  }

  Key training_key(const std::string& kind, const BatchType& batch, size_t turn = 0) const {
    return {kind, batch, turn, recipe.forward.updates,
            !recipe.updates.empty() && recipe.updates[turn].measures_curvature(steps)};
  }

  PassOptions passes() const {
    return {.parameters = parameters(), .precision = recipe.precision, .seed = recipe.forward.seed};
  }

  using Build = void (Impl::*)(Graph&, const Key&);

  // Made by `make` at the first time. The network's shapes fit for one sample: what does not is the batch.
  template <class Make>
  Program& once(const Key& key, Make make) {
    const BatchType& batch = key.batch;
    std::unique_ptr<Program>& slot = made[key];
    try {
      if (!slot) {
        slot = make();
        Turn& turn = turns[key.turn];
        for (auto& [name, number] : turn.numbers) {
          number.update(turn.time);
          if (const Slot input = slot->input(name)) turn.numbered.push_back({slot.get(), input, &number});
        }
        if (turn.updating) turn.feed();
      }
    } catch (const ShapeError& e) {
      throw Error(Exit::usage, batch.count > 0
                                   ? Problem{.path = "data.batch_size",
                                             .what = concat("a batch of ", batch.count, " makes ", e.what()),
                                             .help = "lower data.batch_size"}
                                   : Problem{.path = "optimizer",
                                             .what = concat("its state makes ", e.what()),
                                             .help = "make the model smaller"});
    }
    return *slot;
  }

  Program& program(const Key& key, Build build) {
    return once(key, [&] {
      Graph g;
      (this->*build)(g, key);
      PassOptions options = passes();
      if (key.kind != "update") options.read_instead = averages();
      return std::make_unique<Program>(g, store, options);
    });
  }

  // One with a backward pass, within the memory limit.
  LimitedProgram limited(const Graph& g, const Key& key) {
    PassOptions options = passes();
    options.watches_layers = recipe.watches_layers;
    return fit_program(g, store, options,
                       {.bytes = recipe.memory_limit_bytes,
                        .batches = times(recipe.batch_bytes, key.batch.count),
                        .batch = key.batch.count});
  }

  Program& training_program(const Key& key, Build build) {
    return once(key, [&] {
      Graph g;
      (this->*build)(g, key);
      LimitedProgram made_of_it = limited(g, key);
      memory.insert_or_assign({key.batch, key.turn}, made_of_it.memory);
      return std::move(made_of_it.program);
    });
  }

  Program& probing_program(const Key& key) {
    return once(key, [&] {
      Graph g;
      build_probe(g, key);
      return std::move(limited(*outputs_of(g), key).program);
    });
  }

  // What gives the same and leaves the variables as they are.
  static std::unique_ptr<Graph> outputs_of(const Graph& g) {
    Rewriter looking(g);
    for (int node = 0; node < g.size(); ++node) looking.copy(node);
    return looking.finish_outputs();
  }

  TrainingGraph training_graph(Graph& g, const Key& key) { return {g, recipe, store, key.turn, key.updates}; }

  void build_step(Graph& g, const Key& key) {
    const Forward f = forward_in_training(g, key);
    training_graph(g, key).step(f, key.measures_curvature, turns[key.turn].numbers);
  }

  void build_accumulate(Graph& g, const Key& key) {
    TrainingGraph made = training_graph(g, key);
    for (const Variable& sum : made.sums()) store.declare(sum);  // a memory limit counts those of other updates too
    made.accumulate(forward_in_training(g, key), key.measures_curvature);
  }

  void build_update_alone(Graph& g, const Key& key) {
    training_graph(g, key).update_from_sum(key.measures_curvature, turns[key.turn].numbers);
  }

  void build_probe(Graph& g, const Key& key) { training_graph(g, key).probe(forward_in_training(g, key)); }

  void build_move(Graph& g, const Key& key) { training_graph(g, key).move(); }

  void build_evaluate(Graph& g, const Key& key) { forward(g, key.batch); }

  void build_examine(Graph& g, const Key& key) { g.output("prediction", forward(g, key.batch).predicted); }

  void build_predict(Graph& g, const Key& key) { g.output("prediction", predicted(g, recipe.forward, key.batch)); }
};

Programs::Programs(const Recipe& recipe, Store& store) : impl_(std::make_unique<Impl>(recipe, store)) {
  for (const Variable& v : recipe.kept) store.declare(v);
}
Programs::~Programs() = default;

void Programs::initialize() {
  create();
  impl_->store.allocate();
  impl_->fill_tensors();
  begin_average();
}

void Programs::create() {
  Impl& m = *impl_;
  Variable parameters = m.parameters();
  if (m.recipe.precision == Precision::bf16_true) parameters.type.dtype = DType::bf16;
  if (m.elements() > 0) m.store.declare(parameters);
  for (const Tensor& tensor : m.recipe.forward.network->tensors())
    if (!tensor.trained) m.store.declare({tensor.path, Type{DType::f32, tensor.shape}});
  for (size_t turn = 0; turn < m.recipe.updates.size() && m.elements() > 0; ++turn) {  // the state it asks for
    Graph g;
    m.build_update_alone(g, {"update", 0, turn, Frozen::always});
    for (int i = 0; i < g.size(); ++i) {
      const auto* read = dynamic_cast<const VariableOp*>(g.node(i).op.get());
      if (read && kept_by_updates(read->variable.role)) m.store.declare(read->variable);
    }
  }
}

void Programs::forget_carried(bool training) {
  for (const Variable& v : impl_->store.of_role(training ? Role::carried_in_training : Role::carried_in_evaluation))
    impl_->store.zero(v.name);
}

void Programs::begin_update(const UpdateTime& time, size_t turn) {
  Impl::Turn& of = impl_->turns.at(turn);
  of.time = time;
  of.updating = true;
  for (auto& [name, number] : of.numbers) number.update(time);
  of.feed();
}

void Programs::begin_average() {
  Store& store = impl_->store;
  constexpr int64_t most = 1 << 16;
  std::vector<float> piece;
  const auto begin_at = [&](const std::string& name, const Variable& average) {
    const int64_t all = average.type.shape.elements();
    piece.resize(static_cast<size_t>(std::min(all, most)));
    for (int64_t begin = 0; begin < all; begin += most) {
      const int64_t count = std::min(most, all - begin);
      store.read_part(name, begin, count, piece.data());
      store.write_part(average.name, begin, piece.data(), count);
    }
  };
  // All of them: turns may keep one each.
  for (const Variable& average : store.of_role(Role::average)) begin_at(impl_->parameters().name, average);
  for (const Variable& average : store.of_role(Role::average_of_buffer)) begin_at(averaged_buffer(average), average);
}

std::vector<int64_t> Programs::stages(int64_t updates) const {
  std::vector<int64_t> stages{updates}, measuring;
  for (const int64_t thaw : impl_->recipe.forward.network->thaws())
    if (thaw > updates) stages.push_back(thaw);
  for (const int64_t stage : stages)
    for (const Update& update : impl_->recipe.updates)
      if (const auto next = update.next_curvature(stage)) measuring.push_back(next == stage ? stage + 1 : *next);
  stages.insert(stages.end(), measuring.begin(), measuring.end());
  return stages;
}

bool Programs::advance(int64_t updates) {
  Impl& m = *impl_;
  const int64_t before = std::exchange(m.steps, updates);
  const bool measures_otherwise = std::ranges::any_of(m.recipe.updates, [&](const Update& update) {
    return update.measures_curvature(before) != update.measures_curvature(updates);
  });
  const std::vector<int64_t> thaws = m.recipe.forward.network->thaws();
  const auto next = std::ranges::upper_bound(thaws, updates);
  const int64_t last = next == thaws.begin() ? 0 : next[-1];
  return std::exchange(m.recipe.forward.updates, last) != last || measures_otherwise;
}

void Programs::draw(Program& program, int64_t tick) {
  Impl& m = *impl_;
  m.drawn.clear();
  for (const BatchDraw& each : m.draws) {
    BatchRandom random(m.recipe.forward.seed, each.transform, tick);
    for (const double number : each.draw(random)) m.drawn.push_back(static_cast<float>(number));
  }
  const float* next = m.drawn.data();
  for (const BatchDraw& each : m.draws)
    for (const std::string& name : each.inputs) {
      if (const Slot input = program.input(name)) program.feed(input, std::span(next, 1));
      ++next;
    }
}

const MeasureLayout& Programs::measures() { return impl_->all_measures(); }

Program& Programs::step(const BatchType& batch, size_t turn) {
  return impl_->training_program(impl_->training_key("step", batch, turn), &Impl::build_step);
}
Program& Programs::accumulate(const BatchType& batch) {
  return impl_->training_program(impl_->training_key("accumulate", batch), &Impl::build_accumulate);
}
Program& Programs::update() { return impl_->program(impl_->training_key("update", 0), &Impl::build_update_alone); }
Program& Programs::probe(const BatchType& batch) { return impl_->probing_program(impl_->training_key("probe", batch)); }
Program& Programs::move() { return impl_->program(impl_->training_key("move", 0), &Impl::build_move); }
Program& Programs::evaluate(const BatchType& batch) {
  return impl_->program({"evaluate", batch}, &Impl::build_evaluate);
}
Program& Programs::predict(const BatchType& batch) { return impl_->program({"predict", batch}, &Impl::build_predict); }
Program& Programs::examine(const BatchType& batch) { return impl_->program({"examine", batch}, &Impl::build_examine); }
const StepMemory& Programs::memory(const BatchType& batch, size_t turn) const {
  return impl_->memory.at({batch, turn});
}

}  // namespace dl
