// Running what was laid out.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/program.h"

#include <algorithm>
#include <chrono>

#include "lib/base/error.h"
#include "lib/device/layout.h"

namespace dl {

PassOptions passes_for(Device& device, PassOptions options) {
  if (device.fuses())
    options.fuses = [&device](const Op& op, std::span<const Type> in) { return device.takes_epilogue(op, in); };
  return options;
}

struct Program::Impl : Layout {
  Impl(const Graph& graph, Store& s) : Layout(lay_out(graph, s)), store(s) {
    for (Call& call : calls) {
      call.in_pointers.resize(call.in.size());
      call.out_pointers.resize(call.out.size());
    }
  }
  ~Impl() {
    for (auto& [data, bytes] : owned) store.device().release(data, bytes);
  }

  void bind_pointers();
  void run(bool timed);
  void* address(const Spot& spot) const {
    return static_cast<char*>(places[static_cast<size_t>(spot.place)].data) + spot.offset;
  }

  Store& store;
  const void* bound_arena = nullptr;
  bool rebind = true;
};

void Program::Impl::bind_pointers() {
  char* arena = static_cast<char*>(store.arena(std::max<int64_t>(arena_bytes, 64)));
  if (arena == bound_arena && !rebind) return;
  bound_arena = arena;
  rebind = false;
  for (Place& place : places) {
    if (place.kind == Place::Kind::variable) {
      if (!place.data) place.data = store.data(place.variable);
    } else if (place.kind == Place::Kind::input) {
      const InputSlot& slot = inputs[static_cast<size_t>(place.slot)];
      DL_CHECK(slot.data != nullptr, "input ", slot.name, " is not bound");
      place.data = const_cast<void*>(slot.data);
    } else if (place.kind == Place::Kind::arena) {
      int64_t offset = 0;
      for (const Place* p = &place;; p = &places[static_cast<size_t>(p->parent)]) {
        offset += p->offset;
        if (p->parent < 0) break;
      }
      place.data = arena + offset;
    }
  }
  for (Call& call : calls) {
    for (size_t k = 0; k < call.in.size(); ++k) call.in_pointers[k] = address(call.in[k]);
    for (size_t k = 0; k < call.out.size(); ++k) call.out_pointers[k] = address(call.out[k]);
    call.scratch = call.scratch_place >= 0 ? places[static_cast<size_t>(call.scratch_place)].data : nullptr;
  }
}

void Program::Impl::run(bool timed) {
  bind_pointers();
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
  const Clock::time_point begin = timed ? Clock::now() : Clock::time_point{};
  for (Call& call : calls) {
    const Clock::time_point start = timed ? Clock::now() : Clock::time_point{};
    call.kernel->run(call.in_pointers, call.out_pointers, call.scratch);
    if (timed) {
      call.step.begin_s = seconds(start - begin);
      call.step.seconds = seconds(Clock::now() - start);
    }
  }
  for (const Copy& copy : copies) store.device().copy_in(address(copy.to), address(copy.from), copy.bytes);
}

Program::Program(const Graph& graph, Store& store, const PassOptions& options) {
  const std::unique_ptr<Graph> made = run_passes(graph, passes_for(store.device(), options));
  impl_ = std::make_unique<Impl>(made ? *made : graph, store);
}
Program::Program(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
std::unique_ptr<Program> Program::laid_out(const Graph& graph, Store& store) {
  return std::unique_ptr<Program>(new Program(std::make_unique<Impl>(graph, store)));
}
Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

bool Program::has_input(const std::string& name) const {
  return std::any_of(impl_->inputs.begin(), impl_->inputs.end(), [&](const auto& slot) { return slot.name == name; });
}

void Program::bind(const std::string& input, const void* data) {
  for (Layout::InputSlot& slot : impl_->inputs) {
    if (slot.name != input) continue;
    impl_->rebind |= slot.data != data;
    slot.data = data;
    return;
  }
}

Type Program::input_type(const std::string& name) const {
  for (const Layout::InputSlot& slot : impl_->inputs) {
    if (slot.name == name) return slot.type;
  }
  DL_CHECK(false, "no input ", name);
  return {};
}

void Program::run() { impl_->run(false); }
void Program::run_timed() { impl_->run(true); }

const void* Program::output(const std::string& name) const {
  const auto at = impl_->outputs.find(name);
  DL_CHECK(at != impl_->outputs.end(), "no output ", name);
  return impl_->address(at->second.spot);
}

Type Program::output_type(const std::string& name) const {
  const auto at = impl_->outputs.find(name);
  DL_CHECK(at != impl_->outputs.end(), "no output ", name);
  return at->second.type;
}

float Program::scalar(const std::string& name) const {
  DL_CHECK(output_type(name).shape.elements() == 1, name, " is ", output_type(name).shape.text());
  float value = 0;
  impl_->store.device().copy_out(&value, output(name), sizeof value);
  return value;
}

int64_t Program::arena_bytes() const { return impl_->arena_bytes; }
double Program::flops() const { return impl_->flops; }

std::vector<Program::Step> Program::steps() const {
  std::vector<Step> steps;
  for (const Call& call : impl_->calls) steps.push_back(call.step);
  return steps;
}

}  // namespace dl
