// Fibers: pieces of work on one thread, each with a stack of its own, which go on where they left.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>

namespace dl::cuda {

class Fibers {
 public:
  // What each fiber does once it is begun, by its number. It may leave meanwhile, and throws nothing.
  explicit Fibers(std::function<void(int fiber)> work);
  ~Fibers();

  // Both return when the fiber leaves or has done its work. One that has done it is free, and its stack is the next's.
  void begin();           // a fiber that is free
  void enter(int fiber);  // one that has left

  // From the fiber that runs, back to who has begun or entered it. Returns when it is entered again.
  void leave(int fiber);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dl::cuda
