// Memory mapped without any access but while the device itself is at work.
// SPDX-License-Identifier: Apache-2.0
#include "tests/walled_device.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "lib/base/error.h"
#include "lib/device/host_executable.h"
#include "lib/device/layout.h"
#include "lib/device/repeats_arithmetic.h"

namespace dl::testing {
namespace {

// Each piece of memory ends where a page ends, and another page follows that is never opened.
class Wall {
 public:
  Wall() = default;
  Wall(const Wall&) = delete;
  ~Wall() {
    for (auto& [data, pages] : pieces_) munmap(pages.begin, pages.bytes + page_);
  }

  // Zeroed; null where the machine refuses it.
  void* allocate(int64_t bytes) {
    const std::lock_guard lock(mutex_);
    const size_t used = (static_cast<size_t>(std::max<int64_t>(bytes, 1)) + 63) / 64 * 64;
    const Pages pages{.bytes = (used + page_ - 1) / page_ * page_};
    void* begin = mmap(nullptr, pages.bytes + page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (begin == MAP_FAILED) return nullptr;
    char* data = static_cast<char*>(begin) + pages.bytes - used;
    pieces_[data] = {begin, pages.bytes};
    protect(pieces_[data], open_ > 0);
    return data;
  }

  void release(void* data) {
    const std::lock_guard lock(mutex_);
    const auto piece = pieces_.find(static_cast<char*>(data));
    DL_CHECK(piece != pieces_.end(), "released what is not of the device");
    munmap(piece->second.begin, piece->second.bytes + page_);
    pieces_.erase(piece);
  }

  void open() {
    const std::lock_guard lock(mutex_);
    if (open_++ == 0)
      for (const auto& [data, pages] : pieces_) protect(pages, true);
  }
  void close() {
    const std::lock_guard lock(mutex_);
    if (--open_ == 0)
      for (const auto& [data, pages] : pieces_) protect(pages, false);
  }

 private:
  struct Pages {
    void* begin = nullptr;
    size_t bytes = 0;
  };
  static void protect(const Pages& pages, bool open) {
    DL_CHECK(mprotect(pages.begin, pages.bytes, open ? PROT_READ | PROT_WRITE : PROT_NONE) == 0, std::strerror(errno));
  }

  const size_t page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::mutex mutex_;
  int open_ = 0;
  std::map<char*, Pages> pieces_;
};

struct Opened {
  explicit Opened(Wall& of) : wall(of) { wall.open(); }
  ~Opened() { wall.close(); }
  Opened(const Opened&) = delete;
  Wall& wall;
};

int64_t launches = 0;

class WalledDevice;

// Launches are kept until somebody waits or copies.
class WalledExecutable final : public Executable {
 public:
  WalledExecutable(const Layout& layout, WalledDevice& device);
  ~WalledExecutable() override;

  void place(void* arena, std::span<void* const> variables) override;
  void feed(int input, const void* host) override;
  void launch(bool timed) override;
  void wait(int before) override;
  const std::byte* results(int before) override { return inner_->results(launched_ ? before - 1 : before); }
  void read(const Address& from, void* host, int64_t bytes) override { inner_->read(from, host, bytes); }
  std::vector<KernelTime> times() override { return inner_->times(); }

  void run();  // what was launched

 private:
  struct Fed {
    int64_t bytes = 0;
    void* slots[2] = {};  // of the device: of the launch that is to run, and of the next
    const void* host = nullptr;
  };
  WalledDevice& device_;
  std::unique_ptr<Executable> inner_;
  std::vector<Fed> inputs_;
  size_t next_ = 0;  // the slot that is fed
  bool launched_ = false, timed_ = false;
};

class WalledDevice final : public Device, public RepeatsArithmetic {
 public:
  WalledDevice(std::unique_ptr<Device> inner, bool ahead) : inner_(std::move(inner)), ahead_(ahead) {
    launched_.reserve(64);
  }

  std::string_view name() const override { return inner_->name(); }
  std::string description() const override { return inner_->description(); }
  bool runs_ahead() const override { return ahead_; }
  bool gains_by_bf16() const override { return inner_->gains_by_bf16(); }
  std::string arithmetic() const override { return inner_->arithmetic(); }
  void compute_as(const std::string& arithmetic) override {
    if (auto* repeats = dynamic_cast<RepeatsArithmetic*>(inner_.get())) repeats->compute_as(arithmetic);
  }
  bool fuses() const override { return inner_->fuses(); }
  bool takes_epilogue(const Op& op, std::span<const Type> inputs) const override {
    return inner_->takes_epilogue(op, inputs);
  }
  std::unique_ptr<Kernel> compile(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs) override {
    return inner_->compile(op, inputs, outputs);
  }
  std::unique_ptr<Executable> link(const Layout& layout) override {
    return std::make_unique<WalledExecutable>(layout, *this);
  }
  void* allocate(int64_t bytes) override {
    if (void* memory = wall_.allocate(bytes)) return memory;
    return inner_->allocate(bytes);  // whose error says the size asked and what to lower
  }
  void release(void* memory, int64_t) override {
    catch_up();
    wall_.release(memory);
  }
  void copy_in(void* device, const void* host, int64_t bytes) override { move(device, host, bytes); }
  void copy_out(void* host, const void* device, int64_t bytes) override { move(host, device, bytes); }
  void copy(void* to, const void* from, int64_t bytes) override { move(to, from, bytes); }
  void fill(void* memory, std::byte value, int64_t bytes) override {
    catch_up();
    const Opened opened(wall_);
    std::memset(memory, std::to_integer<int>(value), static_cast<size_t>(bytes));
  }

  Wall& wall() { return wall_; }
  void launched(WalledExecutable& executable) { launched_.push_back(&executable); }
  void catch_up() {
    if (launched_.empty() || running_) return;
    struct Running {
      WalledDevice& device;
      ~Running() {
        device.launched_.clear();
        device.running_ = false;
      }
    } const running{*this};
    running_ = true;
    for (WalledExecutable* executable : launched_) executable->run();
  }

 private:
  void move(void* to, const void* from, int64_t bytes) {
    catch_up();
    const Opened opened(wall_);
    std::memmove(to, from, static_cast<size_t>(bytes));
  }

  std::unique_ptr<Device> inner_;
  const bool ahead_;
  Wall wall_;
  std::vector<WalledExecutable*> launched_;
  bool running_ = false;
};

WalledExecutable::WalledExecutable(const Layout& layout, WalledDevice& device)
    : device_(device), inner_(make_host_executable(layout, device)) {
  for (const Layout::Input& input : layout.inputs) {
    Fed& fed = inputs_.emplace_back();
    fed.bytes = input.type.bytes();
    for (void*& slot : fed.slots) slot = device.allocate(fed.bytes);
  }
}

WalledExecutable::~WalledExecutable() {
  device_.catch_up();
  for (const Fed& fed : inputs_)
    for (void* slot : fed.slots) device_.release(slot, fed.bytes);
}

void WalledExecutable::place(void* arena, std::span<void* const> variables) {
  device_.catch_up();
  inner_->place(arena, variables);
}

void WalledExecutable::feed(int input, const void* host) {
  Fed& fed = inputs_[static_cast<size_t>(input)];
  fed.host = host;
  const Opened opened(device_.wall());
  std::memcpy(fed.slots[next_], host, static_cast<size_t>(fed.bytes));
}

void WalledExecutable::launch(bool timed) {
  if (launched_) device_.catch_up();
  {
    const Opened opened(device_.wall());
    for (const Fed& fed : inputs_)
      DL_CHECK(std::memcmp(fed.slots[next_], fed.host, static_cast<size_t>(fed.bytes)) == 0,
               "what was fed changed before the launch");
  }
  ++launches;
  launched_ = true;
  timed_ = timed;
  next_ = 1 - next_;
  device_.launched(*this);
}

void WalledExecutable::wait(int before) {
  if (before == 0) device_.catch_up();  // the launch before was done before the last began
}

void WalledExecutable::run() {
  const Opened opened(device_.wall());
  launched_ = false;
  for (size_t i = 0; i < inputs_.size(); ++i) inner_->feed(static_cast<int>(i), inputs_[i].slots[1 - next_]);
  inner_->launch(timed_);
  inner_->results(0);  // read before another launch may begin
}

const DeviceRegistration ahead("walled ahead", [](const DeviceOptions& options) -> std::unique_ptr<Device> {
  return std::make_unique<WalledDevice>(make_device("reference", options), true);
});
const DeviceRegistration reference("walled", [](const DeviceOptions& options) {
  return walled(make_device("reference", options));
});
const DeviceRegistration cpu("walled cpu",
                             [](const DeviceOptions& options) { return walled(make_device("cpu", options)); });

// All tests run behind walls where DLCLI_WALLED is set.
const bool everywhere = std::getenv("DLCLI_WALLED") && (wrap_devices(walled), true);

}  // namespace

std::unique_ptr<Device> walled(std::unique_ptr<Device> inner) {
  return std::make_unique<WalledDevice>(std::move(inner), false);
}

int64_t launches_behind_walls() { return launches; }

}  // namespace dl::testing
