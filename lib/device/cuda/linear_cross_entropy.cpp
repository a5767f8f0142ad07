// A linear layer and its cross-entropy, by chunks of rows: the logits of a chunk are all that is ever there of them. A
// product makes them, a kernel makes the losses and, in their place, their gradient, and two products make of it the
// gradient of x and what the chunk adds to the weight's, in the order of the chunks.
//
// With bf16, x and the weight are multiplied as they are, and the gradient of the logits is rounded before its
// products.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/linear_cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lib/device/cuda/kernels/linear_cross_entropy.h"
#include "lib/device/cuda/product.h"
#include "lib/device/cuda/scratch.h"

namespace dl::cuda {
namespace {

struct Sizes {
  int64_t rows = 0, features = 0, classes = 0;
  int64_t logits_row() const { return round_up(classes, 8); }
};

// What is launched for one chunk, of so many rows.
class Chunk {
 public:
  Chunk(CudaDevice& device, const LinearCrossEntropy& op, const Sizes& s, int64_t rows, DType type)
      : s_(s), rows_(rows), type_(type), smoothing_(static_cast<float>(op.smoothing)) {
    const std::string_view word = type == DType::bf16 ? "<Bf16>" : "<float>";
    ProductShape logits{.factors = type, .m = rows, .n = s.classes, .k = s.features, .transpose_b = true};
    logits.c_row = s.logits_row();
    logits_.emplace(device, logits);
    const int threads = s.classes >= 8192 ? 512 : s.classes >= 1024 ? 256 : 128;
    loss_.emplace(device,
                  KernelSource{.header = "linear_cross_entropy.h",
                               .call = concat("cross_entropy_rows", word),
                               .arguments = "CrossEntropyRows",
                               .threads = threads},
                  Grid{.x = static_cast<int>(rows), .threads = threads, .shared_bytes = 96 * 4});
    if (!op.with_gradient) return;
    ProductShape dx{.factors = type, .m = rows, .n = s.features, .k = s.classes};
    dx.a_row = gradient_row();
    dx_.emplace(device, dx);
    ProductShape d_weight{.factors = type, .m = s.classes, .n = s.features, .k = rows, .transpose_a = true};
    d_weight.a_row = gradient_row();
    d_weight_.emplace(device, d_weight);
    if (!op.with_bias) return;
    d_bias_.emplace(
        device,
        KernelSource{.header = "linear_cross_entropy.h",
                     .call = concat("bias_gradient", word),
                     .arguments = "BiasGradient",
                     .threads = 256},
        Grid{.x = static_cast<int>(ceil_div(s.classes, int64_t{128})), .threads = 256, .shared_bytes = 4096});
  }

  int64_t workspace_bytes() const {
    int64_t most = logits_->scratch_bytes();
    for (const auto* product : {&dx_, &d_weight_})
      if (*product) most = std::max(most, (*product)->scratch_bytes());
    return most;
  }
  std::string way() const { return logits_->way(); }

  struct Pointers {
    const std::byte *x = nullptr, *weight = nullptr;
    const int* hits = nullptr;
    const float *bias = nullptr, *d = nullptr;
    float *losses = nullptr, *dx = nullptr, *d_weight = nullptr, *d_bias = nullptr;
    float* logits = nullptr;
    void* workspace = nullptr;
  };
  void run(const Pointers& whole, int64_t first) const {
    const std::byte* x = whole.x + first * s_.features * bytes_of(type_);
    logits_->run(x, whole.weight, whole.logits, whole.workspace);
    CrossEntropyRows loss{.logits = whole.logits, .bias = whole.bias, .hits = whole.hits + first};
    loss.d = whole.d ? whole.d + first : nullptr;
    loss.losses = whole.losses + first;
    loss.classes = static_cast<int>(s_.classes), loss.row = s_.logits_row(), loss.smoothing = smoothing_;
    (*loss_)(loss);
    if (!dx_) return;
    const bool later = first > 0;
    dx_->run(whole.logits, whole.weight, whole.dx + first * s_.features, whole.workspace);
    d_weight_->run(whole.logits, x, whole.d_weight, whole.workspace, later);
    if (!d_bias_) return;
    BiasGradient bias{.d = whole.logits, .d_bias = whole.d_bias, .rows = static_cast<int>(rows_)};
    bias.classes = static_cast<int>(s_.classes), bias.row = gradient_row(), bias.add = later;
    (*d_bias_)(bias);
  }

 private:
  // The gradient of a row begins where its logits began.
  int64_t gradient_row() const { return s_.logits_row() * 4 / bytes_of(type_); }

  const Sizes s_;
  const int64_t rows_;
  const DType type_;
  const float smoothing_;
  std::optional<Product> logits_, dx_, d_weight_;
  std::optional<Launch<CrossEntropyRows>> loss_;
  std::optional<Launch<BiasGradient>> d_bias_;
};

class LinearCrossEntropyKernel final : public Kernel {
 public:
  LinearCrossEntropyKernel(const LinearCrossEntropy& op, const Sizes& s, DType type, CudaDevice& device,
                           int64_t chunk_rows)
      : device_(device), with_bias_(op.with_bias), with_gradient_(op.with_gradient), s_(s), chunk_rows_(chunk_rows) {
    if (s.rows == 0 || s.classes == 0) return;
    whole_.emplace(device, op, s, chunk_rows_, type);
    if (s.rows % chunk_rows_ != 0) rest_.emplace(device, op, s, s.rows % chunk_rows_, type);
    logits_at_ = scratch_.floats(chunk_rows_ * s.logits_row());
    workspace_at_ = scratch_.bytes(std::max(whole_->workspace_bytes(), rest_ ? rest_->workspace_bytes() : 0));
  }

  int64_t scratch_bytes() const override { return scratch_.size_bytes(); }
  std::string way() const override { return whole_ ? whole_->way() : ""; }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    if (!whole_) return clear_sums(out);
    Chunk::Pointers p{.x = static_cast<const std::byte*>(in[0]), .weight = static_cast<const std::byte*>(in[1])};
    p.hits = static_cast<const int*>(in[2]);
    if (with_bias_) p.bias = static_cast<const float*>(in[3]);
    p.losses = static_cast<float*>(out[0]);
    if (with_gradient_) {
      p.d = static_cast<const float*>(in[with_bias_ ? 4 : 3]);
      p.dx = static_cast<float*>(out[1]), p.d_weight = static_cast<float*>(out[2]);
      if (with_bias_) p.d_bias = static_cast<float*>(out[3]);
    }
    p.logits = floats_at(scratch, logits_at_);
    p.workspace = bytes_at(scratch, workspace_at_);
    for (int64_t first = 0; first < s_.rows; first += chunk_rows_)
      (s_.rows - first >= chunk_rows_ ? *whole_ : *rest_).run(p, first);
  }

 private:
  // What is summed over the rows, of which there are none.
  void clear_sums(std::span<void* const> out) const {
    if (!with_gradient_ || s_.classes == 0) return;
    device_.fill(out[2], std::byte{0}, s_.classes * s_.features * 4);
    if (with_bias_) device_.fill(out[3], std::byte{0}, s_.classes * 4);
  }

  CudaDevice& device_;
  const bool with_bias_, with_gradient_;
  const Sizes s_;
  const int64_t chunk_rows_;
  std::optional<Chunk> whole_, rest_;
  ScratchPlan scratch_;
  int64_t logits_at_ = 0, workspace_at_ = 0;
};

std::unique_ptr<Kernel> make(const Op& op, std::span<const Type> inputs, std::span<const Type>, CudaDevice& device) {
  const auto& joined = dynamic_cast<const LinearCrossEntropy&>(op);
  return make_linear_cross_entropy(joined, inputs, device,
                                   rows_of_logits_chunk(inputs[0].shape[0], inputs[1].shape[0]));
}

DL_CUDA_KERNEL("linear_cross_entropy", make);

}  // namespace

int64_t rows_of_logits_chunk(int64_t rows, int64_t classes) {
  constexpr int64_t most_bytes = int64_t{256} << 20, least_rows = 256, unit = 128;
  const int64_t fit = std::max(least_rows, most_bytes / (4 * std::max<int64_t>(classes, 1)));
  const int64_t chunks = ceil_div(rows, fit);
  return chunks <= 1 ? rows : round_up(ceil_div(rows, chunks), unit);
}

std::unique_ptr<Kernel> make_linear_cross_entropy(const LinearCrossEntropy& op, std::span<const Type> inputs,
                                                  CudaDevice& device, int64_t chunk_rows) {
  const Sizes s{inputs[0].shape[0], inputs[0].shape[1], inputs[1].shape[0]};
  DL_CHECK(chunk_rows % 8 == 0 || chunk_rows == s.rows, chunk_rows, " rows of ", s.rows);
  return std::make_unique<LinearCrossEntropyKernel>(op, s, inputs[0].dtype, device, chunk_rows);
}

}  // namespace dl::cuda
