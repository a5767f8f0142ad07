// The gradient of attention: a block of keys after another, each with blocks of queries, strip by strip.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cpu/simd/attention_blocks.h"

namespace dl::DL_ISA {

template <class T>
int64_t backward_floats(const AttentionHeads& h) {
  const Sizes<T> z(h);
  const int64_t pairs = Sizes<T>::elements == 1 ? 0 : query_block * z.row;
  return round_up(2 * z.panels() + z.packed(z.keys) + 2 * z.keys * z.width + h.group * h.queries * z.width +
                      2 * z.packed(query_block) + query_block * (2 * z.row + 1) + z.row + pairs,
                  lanes);
}

// One row of probabilities and of the slopes of their scores, from scores and the slopes of the probabilities: operands
// in their place.
template <class T>
void slope_row(float* scores, float* slopes, int64_t valid, int64_t n, float scale, float log_sum, float slope,
               const float* factors) {
  T *const p = operand<T>(scores), *const ds = operand<T>(slopes);
  each_vector(valid, [=](int64_t j, int count) {
    const vf e = exp_or_zero(load(scores + j) * scale - log_sum);
    const vf kept = factors != nullptr ? load_some(factors + j, count) : splat(1);
    store_operand(ds + j, only_first(e * (load(slopes + j) * kept - slope), vf{}, count));
    store_operand(p + j, only_first(e * kept, vf{}, count));
  });
  clear_operand(p, round_up(valid, lanes), n);
  clear_operand(ds, round_up(valid, lanes), n);
}

template <class T>
float dot(const T* a, const T* b, int64_t n) {
  vf sum{};
  each_vector(n, [&](int64_t i, int count) { sum += load_some(a + i, count) * load_some(b + i, count); });
  return lane_sum(sum);
}

// Of the heads of one group, with working memory of backward_floats().
template <class T>
class AttentionGradient {
 public:
  AttentionGradient(const AttentionHeads& heads, const AttentionSlopes& slopes, float* workspace)
      : h_(heads),
        s_(slopes),
        z_(heads),
        free_(workspace),
        ahead_(
            h_.group * h_.queries / most_rows(2) * (seen(h_, h_.queries / 2) / panel * 4 + 2) + h_.group * h_.queries,
            h_.next != nullptr ? 8 : 3) {
    ahead_.add(s_.dk, h_.k_row, h_.keys, z_.dim);
    ahead_.add(s_.dv, h_.v_row, h_.keys, z_.dim);
    ahead_.add(s_.dq, h_.q_row, h_.queries, h_.group * z_.dim);
    if (h_.next == nullptr) return;
    ahead_.add(h_.next->k, h_.k_row, h_.keys, z_.dim);
    ahead_.add(h_.next->v, h_.v_row, h_.keys, z_.dim);
    ahead_.add(h_.next->q, h_.q_row, h_.queries, h_.group * z_.dim);
    ahead_.add(h_.next->y, h_.y_row, h_.queries, h_.group * z_.dim);
    ahead_.add(s_.next_dy, h_.y_row, h_.queries, h_.group * z_.dim);
  }

  void make() {
    clear(dq_, h_.group * h_.queries * z_.width);
    const int64_t last = seen(h_, h_.queries - 1);
    for (int64_t k0 = 0; k0 < last; k0 += z_.keys) add_keys(k0, smaller(z_.keys, last - k0));
    put_unseen(last);
    for (int64_t g = 0; g < h_.group; ++g) {
      put_rows(dq_ + g * h_.queries * z_.width, h_.queries, z_, h_.scale, static_cast<T*>(s_.dq) + g * z_.dim,
               h_.q_row);
    }
  }

 private:
  // A block of queries beside a block of keys.
  struct Block {
    int64_t k0, keys;     // the keys from k0 on
    int64_t g, q0, rows;  // queries of head g from q0 on
    int64_t most;         // of these keys, how many the last of these queries sees: the first
  };

  float* take(int64_t floats) {
    float* const memory = free_;
    free_ += floats;
    return memory;
  }
  const T* queries_of(const Block& b) const { return static_cast<const T*>(h_.q) + b.q0 * h_.q_row + b.g * z_.dim; }
  const T* dy_of(const Block& b) const { return static_cast<const T*>(s_.dy) + b.q0 * h_.y_row + b.g * z_.dim; }

  // So many keys from k0 on, with all queries.
  void add_keys(int64_t k0, int64_t keys) {
    turn_keys(static_cast<const T*>(h_.k) + k0 * h_.k_row, h_.k_row, keys, z_, keys_);
    turn_keys(static_cast<const T*>(h_.v) + k0 * h_.v_row, h_.v_row, keys, z_, values_);
    pack_rows(static_cast<const T*>(h_.k) + k0 * h_.k_row, h_.k_row, keys, z_, rows_of_keys_);
    clear(dk_, keys * z_.width);
    clear(dv_, keys * z_.width);
    for (int64_t g = 0; g < h_.group; ++g) {
      const int64_t first = h_.causal ? k0 / query_block * query_block : 0;
      for (int64_t q0 = first; q0 < h_.queries; q0 += query_block) {
        const int64_t rows = smaller(query_block, h_.queries - q0);
        const int64_t most = smaller(keys, seen(h_, q0 + rows - 1) - k0);
        if (most > 0) add_queries({k0, keys, g, q0, rows, most});
      }
    }
    put_rows(dk_, keys, z_, h_.scale, static_cast<T*>(s_.dk) + k0 * h_.k_row, h_.k_row);
    put_rows(dv_, keys, z_, 1, static_cast<T*>(s_.dv) + k0 * h_.v_row, h_.v_row);
  }

  void add_queries(const Block& b) {
    const T *const dy = dy_of(b), *const y = static_cast<const T*>(h_.y) + b.q0 * h_.y_row + b.g * z_.dim;
    pack_rows(queries_of(b), h_.q_row, b.rows, z_, rows_of_queries_);
    pack_rows(dy, h_.y_row, b.rows, z_, rows_of_dy_);
    for (int64_t r = 0; r < b.rows; ++r) slopes_[r] = dot(y + r * h_.y_row, dy + r * h_.y_row, z_.dim);
    for (int64_t row = 0, height = 0; row < b.rows; row += height) {
      height = next_height(b.rows - row, 2);
      make_slopes(b, row, height);
    }
    add_to_keys(b);
  }

  // Of a strip of `height` queries the probabilities and the slopes of their scores, and what these give to dq.
  void make_slopes(const Block& b, int64_t row, int64_t height) {
    const int64_t n = smaller(b.keys, seen(h_, b.q0 + row + height - 1) - b.k0);
    float *const p = p_ + row * z_.row, *const ds = ds_ + row * z_.row;
    if (n > 0) {
      multiply_panels(queries_of(b) + row * h_.q_row, h_.q_row, keys_, static_cast<int>(height), n, z_, p, ahead_);
      multiply_panels(dy_of(b) + row * h_.y_row, h_.y_row, values_, static_cast<int>(height), n, z_, ds, ahead_);
    }
    for (int64_t r = 0; r < height; ++r) {
      const int64_t i = b.q0 + row + r, seen_here = smaller(n, seen(h_, i) - b.k0),
                    valid = seen_here > 0 ? seen_here : 0;
      ahead_.fetch_part();
      if (h_.dropout > 0) draw(h_, b.g, i, b.k0, valid, factors_);
      slope_row<T>(p + r * z_.row, ds + r * z_.row, valid, b.most, h_.scale, h_.log_sums[b.g * h_.queries + i],
                   slopes_[row + r], h_.dropout > 0 ? factors_ : nullptr);
    }
    if (n > 0) {
      add_product(rows_of<T>(operand<T>(ds), z_), Along::depth, static_cast<int>(height), n, rows_of_keys_, z_,
                  dq_ + (b.g * h_.queries + b.q0 + row) * z_.width, ahead_);
    }
  }

  // What a block of queries gives to dk and dv.
  void add_to_keys(const Block& b) {
    const T* const p = in_pairs(operand<T>(p_), b.rows, b.most, z_, pairs_);
    const T* const ds = in_pairs(operand<T>(ds_), b.rows, b.most, z_, pairs_ + query_block / 2 * z_.row);
    for (int64_t key = 0, height = 0; key < b.most; key += height) {
      height = next_height(b.most - key, 2);
      // Rows before this one see none of these keys.
      const int64_t skipped = h_.causal && b.k0 + key > b.q0 ? (b.k0 + key - b.q0) / 2 * 2 : 0;
      add_product(columns_of(p, skipped, key, z_), Along::row, static_cast<int>(height), b.rows - skipped,
                  rows_of_dy_ + skipped * z_.width, z_, dv_ + key * z_.width, ahead_);
      add_product(columns_of(ds, skipped, key, z_), Along::row, static_cast<int>(height), b.rows - skipped,
                  rows_of_queries_ + skipped * z_.width, z_, dk_ + key * z_.width, ahead_);
    }
  }

  // Keys from `first` on, which no query sees.
  void put_unseen(int64_t first) {
    clear(dk_, z_.width);
    for (int64_t j = first; j < h_.keys; ++j) {
      put_rows(dk_, 1, z_, 1, static_cast<T*>(s_.dk) + j * h_.k_row, 0);
      put_rows(dk_, 1, z_, 1, static_cast<T*>(s_.dv) + j * h_.v_row, 0);
    }
  }

  const AttentionHeads& h_;
  const AttentionSlopes& s_;
  const Sizes<T> z_;
  float* free_;
  T* const keys_ = operand<T>(take(z_.panels()));
  T* const values_ = operand<T>(take(z_.panels()));
  T* const rows_of_keys_ = operand<T>(take(z_.packed(z_.keys)));
  float* const dk_ = take(z_.keys * z_.width);
  float* const dv_ = take(z_.keys * z_.width);
  float* const dq_ = take(h_.group * h_.queries * z_.width);
  T* const rows_of_queries_ = operand<T>(take(z_.packed(query_block)));
  T* const rows_of_dy_ = operand<T>(take(z_.packed(query_block)));
  float* const p_ = take(query_block * z_.row);
  float* const ds_ = take(query_block * z_.row);
  float* const slopes_ = take(query_block);
  float* const factors_ = take(z_.row);
  float* const pairs_ = free_;  // of p and ds, half each
  HeadsAhead<T> ahead_;
};

template <class T>
void backward(const AttentionHeads& h, const AttentionSlopes& s, float* workspace) {
  AttentionGradient<T>(h, s, workspace).make();
}

}  // namespace dl::DL_ISA
