// Words of a column by their text, for as many as are looked up in turn.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace dl {

class WordTable {
 public:
  // Bytes behind a word that must be readable.
  static constexpr size_t readable_bytes = 8;

  WordTable() : slots_(16) {}

  // The index of a word, which is added where there is none: words are counted in the order of their adding.
  uint32_t index(const char* text, size_t size) {
    const uint64_t key = size <= 8 ? short_key(text, size) : long_key(text, size);
    for (size_t at = place(key);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.number == 0) return add(at, key, text, size);
      if (slot.key == key && slot.size == static_cast<uint32_t>(size) &&
          (size <= 8 || std::memcmp(words_[slot.number - 1].data(), text, size) == 0))
        return slot.number - 1;
    }
  }
  const std::vector<std::string>& words() const { return words_; }
  size_t size() const { return words_.size(); }

 private:
  struct Slot {
    uint64_t key = 0;
    uint32_t size = 0, number = 0;  // of the word, from 1; 0: there is none
  };

  static uint64_t short_key(const char* text, size_t size) {
    uint64_t eight;
    std::memcpy(&eight, text, sizeof eight);
    return size == 8 ? eight : eight & ((uint64_t{1} << (8 * size)) - 1);
  }
  static uint64_t long_key(const char* text, size_t size) {
    uint64_t key = size;
    for (size_t i = 0; i < size; i += 8) key = mixed(key ^ short_key(text + i, size - i < 8 ? size - i : 8));
    return key;
  }
  static uint64_t mixed(uint64_t key) {
    key *= 0x9E3779B97F4A7C15;
    return key ^ key >> 29;
  }
  size_t place(uint64_t key) const { return (mixed(key) >> 20) & (slots_.size() - 1); }

  uint32_t add(size_t at, uint64_t key, const char* text, size_t size) {
    words_.emplace_back(text, size);
    const auto number = static_cast<uint32_t>(words_.size());
    slots_[at] = {key, static_cast<uint32_t>(size), number};
    if (2 * words_.size() > slots_.size()) grow();
    return number - 1;
  }
  void grow() {
    std::vector<Slot> slots(2 * slots_.size());
    slots.swap(slots_);
    for (const Slot& slot : slots) {
      if (slot.number == 0) continue;
      size_t at = place(slot.key);
      while (slots_[at].number > 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;  // a power of two of them
  std::vector<std::string> words_;
};

}  // namespace dl
