// Rows of a table: all in their order, or those that are named.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace dl {

class RowChoice {
 public:
  RowChoice() = default;
  static RowChoice all(int64_t count) {
    RowChoice rows;
    rows.count_ = count;
    return rows;
  }
  // They must live as long as this; where they count up from 0 they need not.
  explicit RowChoice(std::span<const int64_t> rows) : rows_(rows.data()), count_(std::ssize(rows)) {
    uint64_t difference = 0;
    for (int64_t i = 0; i < count_; ++i) difference |= static_cast<uint64_t>(rows_[i] ^ i);
    if (difference == 0) rows_ = nullptr;
  }

  int64_t size() const { return count_; }
  int64_t operator[](int64_t i) const { return rows_ ? rows_[i] : i; }
  bool count_up() const { return rows_ == nullptr; }  // 0, 1, 2, …

  RowChoice first(int64_t count) const {
    RowChoice rows = *this;
    rows.count_ = std::min(count_, count);
    return rows;
  }

  // Those that are named, empty where they count up.
  std::vector<int64_t> named() const {
    return rows_ ? std::vector<int64_t>(rows_, rows_ + count_) : std::vector<int64_t>();
  }

  class Iterator {
   public:
    Iterator(const int64_t* rows, int64_t at) : rows_(rows), at_(at) {}
    int64_t operator*() const { return rows_ ? rows_[at_] : at_; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const int64_t* rows_;
    int64_t at_;
  };
  Iterator begin() const { return {rows_, 0}; }
  Iterator end() const { return {rows_, count_}; }

 private:
  const int64_t* rows_ = nullptr;  // null: 0, 1, 2, …
  int64_t count_ = 0;
};

}  // namespace dl
