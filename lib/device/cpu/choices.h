// Choosing among members of a family of kernels, which compute the same bits, by the clock: while a program runs, the
// candidates take turns; the fastest makes the rest, and the next run of the program, kept in the user's folder of
// caches, begins with it. Nothing is computed for the sake of measuring.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <map>
#include <memory>
#include <string>

namespace dl {

class Choice {
 public:
  static constexpr int most = 4;    // candidates
  static constexpr int rounds = 6;  // turns of each before one is chosen

  // Of candidates 0 … count - 1, of which the first is expected to be the fastest.
  explicit Choice(int count) : count_(count) {}

  int now() const { return open() ? runs_ % count_ : best_; }  // the candidate whose turn it is
  bool open() const { return runs_ < count_ * rounds && count_ > 1; }
  void took(double seconds);   // of the run that now() made; while it is open
  void choose(int candidate);  // known from before

 private:
  const int count_;
  int runs_ = 0, best_ = 0;
  std::array<double, most> least_{};
};

// The choices of a device, by what is chosen for. Those made are kept when it ends.
class Choices {
 public:
  // `keeps`: whether they are read from the cache and written there.
  explicit Choices(bool keeps) : keeps_(keeps) {}
  ~Choices();
  Choices(const Choices&) = delete;
  Choices& operator=(const Choices&) = delete;

  // `subject` says all that the fastest depends on, on this machine, in one line without spaces at its ends; the
  // candidates' number belongs to it. Valid as long as this is.
  Choice& of(const std::string& subject, int candidates);

 private:
  void read();

  const bool keeps_;
  bool read_ = false;
  std::map<std::string, std::unique_ptr<Choice>> all_;
  std::map<std::string, int> kept_;
};

}  // namespace dl
