// Running what was laid out.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/program.h"

#include <algorithm>
#include <cstring>

#include "lib/base/error.h"
#include "lib/device/layout.h"

namespace dl {

PassOptions passes_for(Device& device, PassOptions options) {
  if (device.fuses())
    options.fuses = [&device](const Op& op, std::span<const Type> in) { return device.takes_epilogue(op, in); };
  return options;
}

struct Program::Impl {
  Impl(const Graph& graph, Store& s) : store(s), layout(lay_out(graph, s)), fed(layout.inputs.size()) {}

  // Made when the program is first fed or run, so that a layout that is only looked at costs no memory.
  Executable& linked() {
    if (!executable) executable = store.device().link(layout);
    return *executable;
  }

  void place_memory() {
    void* const now = store.arena(std::max<int64_t>(layout.arena_bytes, 64));
    if (now == arena) return;
    std::vector<void*> variables;
    for (const std::string& name : layout.variables) variables.push_back(store.data(name));
    linked().place(now, variables);
    arena = now;
  }

  const Layout::Input& input(Slot slot) const { return layout.inputs[static_cast<size_t>(slot.index)]; }
  const Layout::Output& output(Slot slot) const { return layout.outputs[static_cast<size_t>(slot.index)]; }

  void feed(Slot slot, const void* data) {
    linked().feed(slot.index, data);
    fed[static_cast<size_t>(slot.index)] = true;
  }

  void launch(bool timed) {
    place_memory();
    for (size_t i = 0; i < fed.size(); ++i) DL_CHECK(fed[i], "input ", layout.inputs[i].name, " was not fed");
    std::ranges::fill(fed, char{false});
    for (const std::string& name : layout.changed) store.changed(name);
    linked().launch(timed);
    ++launched;
  }

  void wait(int before) {
    const int64_t wanted = launched - before;
    if (waited >= wanted) return;
    executable->wait(before);
    const int64_t first = std::max(waited + 1, launched - 1);  // whose results are still there
    waited = wanted;
    for (int64_t run = first; run <= wanted; ++run)
      for (const auto& [call, result] : layout.faults)
        if (const auto fault = result_of<Fault>(result, static_cast<int>(launched - run)); fault.found)
          fail(layout.calls[static_cast<size_t>(call)], fault);
  }

  [[noreturn]] static void fail(const Call& call, const Fault& fault) {
    Problem problem = call.kernel->problem(fault.number);
    if (!call.about.scope.empty()) problem.path = concat("layer '", call.about.scope, "'");
    throw Error(problem.exit, std::move(problem));
  }

  template <class T>
  T result_of(int result, int before) {
    T value;
    std::memcpy(&value, executable->results(before) + result * Layout::result_bytes, sizeof value);
    return value;
  }

  float scalar(int result, int before) {
    DL_CHECK(launched > before && waited >= launched - before, "nothing has run");
    return result_of<float>(result, before);
  }
  bool done() const { return launched > 0 && waited == launched; }

  Store& store;
  const Layout layout;
  std::unique_ptr<Executable> executable;
  void* arena = nullptr;             // that the executable knows
  std::vector<char> fed;             // inputs, since the last launch
  int64_t launched = 0, waited = 0;  // runs
};

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

Slot Program::input(const std::string& name) const {
  const auto& all = impl_->layout.inputs;
  const auto found = std::ranges::find(all, name, &Layout::Input::name);
  return found == all.end() ? Slot{} : Slot{static_cast<int>(found - all.begin())};
}

Slot Program::known_input(const std::string& name) const {
  const Slot slot = input(name);
  DL_CHECK(slot, "no input ", name);
  return slot;
}

bool Program::has_output(const std::string& name) const {
  return std::ranges::count(impl_->layout.outputs, name, &Layout::Output::name) > 0;
}

Slot Program::output(const std::string& name) const {
  const auto& all = impl_->layout.outputs;
  const auto found = std::ranges::find(all, name, &Layout::Output::name);
  DL_CHECK(found != all.end(), "no output ", name);
  return {static_cast<int>(found - all.begin())};
}

const Type& Program::input_type(const std::string& name) const { return impl_->input(known_input(name)).type; }
const Type& Program::output_type(const std::string& name) const { return impl_->output(output(name)).type; }

void Program::feed_numbers(Slot slot, const void* data, DType type, int64_t count) {
  const auto& [name, wanted] = impl_->input(slot);
  DL_CHECK(type == wanted.dtype && count == wanted.shape.elements(), "input ", name, " is ", name_of(wanted.dtype), " ",
           wanted.shape.text(), ", fed with ", count, " ", name_of(type));
  impl_->feed(slot, data);
}

void Program::feed_bytes(Slot slot, const void* data, int64_t bytes) {
  const auto& [name, wanted] = impl_->input(slot);
  DL_CHECK(bytes == wanted.bytes(), "input ", name, " is ", name_of(wanted.dtype), " ", wanted.shape.text(),
           ", fed with ", bytes, " bytes");
  impl_->feed(slot, data);
}

void Program::launch() { impl_->launch(false); }
void Program::wait(int before) { impl_->wait(before); }
int64_t Program::launches() const { return impl_->launched; }
void Program::run_timed() {
  impl_->launch(true);
  impl_->wait(0);
}

void Program::read_numbers(Slot slot, void* into, DType type, int64_t first, int64_t count) const {
  const Layout::Output& from = impl_->output(slot);
  DL_CHECK(impl_->done(), "nothing has run");
  DL_CHECK(type == from.type.dtype && first >= 0 && count >= 0 && first + count <= from.type.shape.elements(),
           "output ", from.name, " is ", name_of(from.type.dtype), " ", from.type.shape.text(), ", asked for ", count,
           " ", name_of(type), " from ", first, " on");
  const int64_t element = bytes_of(type);
  impl_->executable->read({from.from.place, from.from.offset + first * element}, into, count * element);
}

std::vector<float> Program::read(const std::string& name) const {
  std::vector<float> values(static_cast<size_t>(output_type(name).shape.elements()));
  read(name, values);
  return values;
}

std::vector<std::string> Program::scalar_names() const {
  std::vector<std::string> names;
  for (const Layout::Output& output : impl_->layout.outputs)
    if (output.result >= 0) names.push_back(output.name);
  return names;
}

void Program::read_scalars(std::span<float> into) const {
  size_t count = 0;
  for (const Layout::Output& output : impl_->layout.outputs) {
    if (output.result < 0) continue;
    DL_CHECK(count < into.size(), "room for ", into.size(), " scalars, there are more");
    into[count++] = impl_->scalar(output.result, 0);
  }
  DL_CHECK(count == into.size(), count, " scalars, room for ", into.size());
}

float Program::scalar(Slot slot, int before) const {
  const Layout::Output& from = impl_->output(slot);
  DL_CHECK(from.result >= 0, from.name, " is ", name_of(from.type.dtype), " ", from.type.shape.text());
  return impl_->scalar(from.result, before);
}

int64_t Program::arena_bytes() const { return impl_->layout.arena_bytes; }
double Program::flops() const { return impl_->layout.flops; }

std::vector<Program::KernelCall> Program::kernel_calls() const {
  std::vector<KernelCall> calls;
  for (const Call& call : impl_->layout.calls) {
    calls.push_back(call.about);
    calls.back().way = call.kernel->way();
  }
  if (!impl_->executable) return calls;
  const std::vector<KernelTime> times = impl_->executable->times();
  for (size_t i = 0; i < times.size(); ++i) {
    calls[i].begin_s = times[i].begin_s;
    calls[i].seconds = times[i].seconds;
  }
  return calls;
}

}  // namespace dl
