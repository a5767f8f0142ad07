// Searching for what to compute again.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/programs/memory_limit.h"

#include <algorithm>
#include <functional>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {
namespace {

constexpr int most_stages = 32;

std::string bytes(int64_t count) { return bytes_text(static_cast<double>(count)); }

// The least n in [low, high] that fits, where `high` does and what is above one that fits does too.
int least(int low, int high, const std::function<bool(int)>& fits) {
  while (low < high) {
    const int middle = low + (high - low) / 2;
    if (fits(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return high;
}

class Search {
 public:
  Search(const Graph& graph, Store& store, const MemoryLimit& limit)
      : store_(store), limit_(limit), pass_(graph), plain_(Program::laid_out(graph, store)) {
    least_bytes_ = plain_->arena_bytes();
  }

  LimitedProgram run() {
    StepMemory memory{.plain_arena_bytes = plain_->arena_bytes(),
                      .arena_bytes = plain_->arena_bytes(),
                      .batch_bytes = limit_.batches};
    if (!limit_.bytes || plain_->arena_bytes() <= room()) return {std::move(plain_), memory};
    int known = 0;
    for (int asked = most_stages; asked >= 1; asked /= 2) {
      const int stages = pass_.stages(asked);
      if (stages != known) search(stages);
      known = stages;
    }
    if (!best_) refuse();
    const double plain_flops = plain_->flops();
    memory.recomputation = best_choice_;
    memory.extra_flops = (best_->flops() - plain_flops) / plain_flops;
    memory.arena_bytes = best_->arena_bytes();
    return {std::move(best_), memory};
  }

 private:
  int64_t room() const { return *limit_.bytes - store_.variable_bytes() - limit_.batches; }

  // First what is cheap to compute again, then the dear values too, from the first stage on: it is kept the longest.
  void search(int stages) {
    auto cheap = [&](int before) { return fits({stages, before, 0}); };
    auto dear = [&](int before) { return fits({stages, stages, before}); };
    if (cheap(stages))
      least(1, stages, cheap);
    else if (stages > 1 && dear(stages - 1))
      least(1, stages - 1, dear);
  }

  bool fits(const Recomputation& choice) {
    auto program = Program::laid_out(*pass_.apply(choice), store_);
    least_bytes_ = std::min(least_bytes_, program->arena_bytes());
    if (program->arena_bytes() > room()) return false;
    if (!best_ || program->flops() < best_->flops()) {
      best_ = std::move(program);
      best_choice_ = choice;
    }
    return true;
  }

  [[noreturn]] void refuse() const {
    const int64_t variables = store_.variable_bytes();
    throw Error(
        Exit::usage,
        Problem{
            .path = "trainer.memory_limit",
            .what = concat("a batch of ", limit_.batch, " needs at least ",
                           bytes(variables + limit_.batches + least_bytes_), ", the limit is ", bytes(*limit_.bytes)),
            .notes = {concat(bytes(variables), " weights and optimizer state, ", bytes(limit_.batches), " batches, ",
                             bytes(least_bytes_), " a step's values, of which as many as can be are computed twice")},
            .help = "lower data.batch_size; 'dlcli check CONFIG --fit' finds the largest that fits"});
  }

  Store& store_;
  const MemoryLimit& limit_;
  const Recompute pass_;
  std::unique_ptr<Program> plain_, best_;
  Recomputation best_choice_;
  int64_t least_bytes_ = 0;
};

}  // namespace

LimitedProgram fit_program(const Graph& graph, Store& store, const PassOptions& options, const MemoryLimit& limit) {
  const std::unique_ptr<Graph> made = run_passes(graph, passes_for(store.device(), options));
  return Search(made ? *made : graph, store, limit).run();
}

}  // namespace dl
