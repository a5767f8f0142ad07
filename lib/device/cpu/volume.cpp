// Volumes: planes are gathered a chunk at a time, chunks small enough to stay near the processor.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/volume.h"

#include <algorithm>
#include <map>

#include "lib/base/division.h"
#include "lib/device/cpu/correlation.h"
#include "lib/device/cpu/scratch.h"

namespace dl {
namespace {

constexpr int64_t most_joined = 8;                // taps along the depth whose planes lie beside each other
constexpr int64_t chunk_bytes = 8 * 1024 * 1024;  // of gathered planes, unless the weights are large

// The axes [first, first + 2) of a volume's window, as one of images.
Window window_of_axes(const Window& w, size_t first) {
  Window image;
  for (size_t i = 0; i < 2; ++i) {
    image.size[i] = w.size[first + i];
    image.stride[i] = w.stride[first + i];
    image.pad_before[i] = w.pad_before[first + i];
    image.pad_after[i] = w.pad_after[first + i];
    image.dilation[i] = w.dilation[first + i];
  }
  return image;
}

// Whether the window has one place along an axis and passes over every one.
bool is_point(const Window& w, size_t axis) {
  return w.size[axis] == 1 && w.stride[axis] == 1 && w.pad_before[axis] == 0 && w.pad_after[axis] == 0;
}

// Taps [begin, end) of a phase of the depth, whose planes are laid beside each other.
struct Joined {
  int64_t begin = 0, end = 0;
  int64_t weight_at = 0;  // where their weights begin, in floats or bf16
  int64_t taps() const { return end - begin; }
};

std::vector<Joined> join(int64_t taps, int64_t most) {
  std::vector<Joined> all;
  const int64_t parts = taps > 0 ? ceil_div(taps, most) : 0;
  for (int64_t part = 0; part < parts; ++part) {
    const Range range = split(taps, parts, part);
    all.push_back({range.begin, range.end});
  }
  return all;
}

// Channels that are convolved each by itself gain nothing from planes beside each other.
int64_t most_joined_of(const ConvShapes& c) { return c.groups > 1 && c.weight[1] == 1 ? 1 : most_joined; }

// How many planes are made together: what is gathered for them stays in cache, but is a few times the weights, which
// are laid out anew for each chunk.
int64_t planes_together(int64_t planes, int64_t plane_bytes, int64_t weight_bytes) {
  const int64_t most = std::clamp<int64_t>(std::max(chunk_bytes, 4 * weight_bytes) / std::max<int64_t>(plane_bytes, 1),
                                           1, std::max<int64_t>(planes, 1));
  return ceil_div(planes, ceil_div(planes, most));
}

// The planes of volumes [images, depth, pixels, channels] under taps of output planes; plane p of a phase is the
// (p % count)-th of image p / count.
class Planes {
 public:
  Planes(const Shape& from, int64_t groups, DType type)
      : depth_(from[1]), pixels_(from[2] * from[3]), channels_(from[4]), groups_(groups), type_(type) {}

  int64_t bytes() const { return pixels_ * channels_ * bytes_of(type_); }  // of one plane and tap

  // to[plane - planes.begin][pixel][group][tap][channel of the group]; zeros where a tap lies beside the volume.
  void gather(const void* from, const AxisPhase& phase, const Joined& taps, Range planes, void* to,
              CpuDevice& device) const {
    device.team().run([&](int thread) {
      const Range mine = split(planes.end - planes.begin, device.team().size(), thread);
      if (type_ == DType::f32) return gather_of<float>(from, phase, taps, planes.begin, mine, to);
      gather_of<uint16_t>(from, phase, taps, planes.begin, mine, to);
    });
  }

 private:
  template <class T>
  void gather_of(const void* from, const AxisPhase& phase, const Joined& taps, int64_t first, Range mine,
                 void* to) const {
    const int64_t elements = pixels_ * channels_;
    for (int64_t i = mine.begin; i < mine.end; ++i) {
      const int64_t image = (first + i) / phase.count, q = (first + i) % phase.count;
      T* plane = static_cast<T*>(to) + i * taps.taps() * elements;
      for (int64_t tap = taps.begin; tap < taps.end; ++tap) {
        const int64_t at = q * phase.step + phase.first + tap * phase.gap;
        const bool inside = at >= 0 && at < depth_;
        lay(inside ? static_cast<const T*>(from) + (image * depth_ + at) * elements : nullptr, tap - taps.begin,
            taps.taps(), plane);
      }
    }
  }

  // One plane, or zeros, into its place among `taps`. Pieces are short: calls to copy them would cost more than that.
  template <class T>
  void lay(const T* from, int64_t tap, int64_t taps, T* to) const {
    const int64_t piece = taps == 1 ? pixels_ * channels_ : channels_ / groups_;
    const int64_t pieces = pixels_ * channels_ / piece;
    for (int64_t i = 0; i < pieces; ++i) {
      T* place = to + (i * taps + tap) * piece;
      for (int64_t k = 0; k < piece; ++k) place[k] = from == nullptr ? T{} : from[i * piece + k];
    }
  }

  const int64_t depth_, pixels_, channels_, groups_;
  const DType type_;
};

// y, or with `backward` dx: planes of each phase of the depth, whose taps along it are the same.
class VolumeConvolution final : public Kernel {
 public:
  VolumeConvolution(const ConvShapes& conv, bool backward, DType pixels, CpuDevice& device,
                    std::unique_ptr<LoopRunner> epilogue)
      : conv_(conv),
        backward_(backward),
        type_(pixels),
        from_(backward ? conv.y : conv.x),
        to_(backward ? conv.x : conv.y),
        device_(device),
        destination_(std::move(epilogue)),
        planes_(from_, conv.groups, pixels),
        plane_pixels_(to_[2] * to_[3]),
        plane_floats_(plane_pixels_ * to_[4]) {
    for (AxisPhase& phase :
         backward ? backward_phases(conv.window, 0, conv.x[1]) : forward_phases(conv.window, 0, conv.x[1]))
      if (phase.count > 0) add(std::move(phase));
    weight_at_ = plan_.floats(ceil_div(weights_ * bytes_of(type_), 4));
    gathered_at_ = plan_.floats(ceil_div(gathered_bytes_, 4));
    sums_at_ = plan_.floats(sums_floats_);
    more_at_ = plan_.floats(more_floats_);
    kernel_at_ = plan_.floats(ceil_div(kernel_bytes_, 4));
    destination_.plan(plane_pixels_, plan_);
  }

  int64_t scratch_bytes() const override { return plan_.size_bytes(); }
  bool in_place(int in, int out) const override { return destination_.in_place(in, out); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    lay_weights(in[1], weights(scratch));
    float* const product = destination_.begin(in, out, scratch);
    for (const Phase& phase : phases_) {
      const int64_t planes = to_[0] * phase.depth.count;
      for (int64_t first = 0; first < planes; first += phase.together) {
        const Range chunk{first, std::min(first + phase.together, planes)};
        float* sums = is_direct(phase) ? product + first * plane_floats_ : floats_at(scratch, sums_at_);
        convolve(phase, chunk, in[0], sums, scratch);
        hand_over(phase, chunk, sums, product);
      }
    }
    destination_.finish();
  }

 private:
  struct Phase {
    AxisPhase depth;
    std::vector<Joined> joined;
    int64_t together = 1;  // planes
  };

  void add(AxisPhase depth) {
    Phase phase{.depth = std::move(depth), .joined = {}};
    phase.joined = join(phase.depth.taps(), most_joined_of(conv_));
    const int64_t planes = to_[0] * phase.depth.count;
    const int64_t widest = phase.joined.empty() ? 0 : phase.joined.front().taps();
    const int64_t tap_weights = conv_.weight.elements() / conv_.window.size[0];
    phase.together = planes_together(planes, std::max(widest * planes_.bytes(), plane_floats_ * 4),
                                     widest * tap_weights * bytes_of(type_));
    for (Joined& joined : phase.joined) {
      joined.weight_at = weights_;
      weights_ += round_up(joined.taps() * tap_weights, 32);
      for (const int64_t count : {phase.together, planes % phase.together})
        if (count > 0) make_kernel(joined.taps(), count);
    }
    gathered_bytes_ = std::max(gathered_bytes_, phase.together * widest * planes_.bytes());
    // A second part of the taps has sums of its own, which are added to the first's.
    more_floats_ = std::max(more_floats_, phase.joined.size() > 1 ? phase.together * plane_floats_ : 0);
    sums_floats_ = std::max(sums_floats_, is_direct(phase) ? 0 : phase.together * plane_floats_);
    phases_.push_back(std::move(phase));
  }

  void make_kernel(int64_t taps, int64_t planes) {
    std::unique_ptr<Kernel>& kernel = kernels_[{taps, planes}];
    if (kernel != nullptr) return;
    ConvShapes images{.window = window_of_axes(conv_.window, 1),
                      .groups = conv_.groups,
                      .x = {planes, conv_.x[2], conv_.x[3], conv_.x[4]},
                      .weight = {conv_.weight[0], conv_.weight[1], conv_.weight[3], conv_.weight[4]},
                      .y = {planes, conv_.y[2], conv_.y[3], conv_.y[4]}};
    if (backward_) {
      images.y[3] *= taps;
      images.weight[0] *= taps;
      kernel = make_conv2d_grad_input(images, type_, device_, nullptr);
    } else {
      images.x[3] *= taps;
      images.weight[1] *= taps;
      kernel = make_conv2d(images, type_, device_, nullptr);
    }
    kernel_bytes_ = std::max(kernel_bytes_, kernel->scratch_bytes());
  }

  // Whether what is made lies in the output as it is made.
  bool is_direct(const Phase& phase) const { return phase.depth.stride == 1 && destination_.keeps_product(); }

  char* weights(void* scratch) const { return static_cast<char*>(scratch) + weight_at_; }

  void lay_weights(const void* weight, void* to) const {
    if (type_ == DType::f32) return lay_weights_of(static_cast<const float*>(weight), static_cast<float*>(to));
    lay_weights_of(static_cast<const uint16_t*>(weight), static_cast<uint16_t*>(to));
  }
  // The weights of a part of the taps as those of images: [out, tap, in of group, …], or backward [group, tap, out of
  // group, in of group, …].
  template <class T>
  void lay_weights_of(const T* weight, T* to) const {
    const int64_t outs = conv_.weight[0], ins = conv_.weight[1], depth = conv_.weight[2];
    const int64_t plane = conv_.weight[3] * conv_.weight[4], group = outs / conv_.groups;
    for (const Phase& phase : phases_) {
      for (const Joined& joined : phase.joined) {
        for (int64_t tap = 0; tap < joined.taps(); ++tap) {
          const int64_t k = phase.depth.kernel[static_cast<size_t>(joined.begin + tap)];
          for (int64_t o = 0; o < outs; ++o) {
            const int64_t row =
                backward_ ? (o / group * joined.taps() + tap) * group + o % group : o * joined.taps() + tap;
            for (int64_t i = 0; i < ins; ++i)
              std::copy_n(weight + ((o * ins + i) * depth + k) * plane, plane,
                          to + joined.weight_at + (row * ins + i) * plane);
          }
        }
      }
    }
  }

  void convolve(const Phase& phase, Range chunk, const void* from, float* sums, void* scratch) {
    const int64_t count = chunk.end - chunk.begin, floats = count * plane_floats_;
    if (phase.joined.empty()) std::fill_n(sums, floats, 0.0f);
    float* more = floats_at(scratch, more_at_);
    char* gathered = static_cast<char*>(scratch) + gathered_at_;
    for (const Joined& joined : phase.joined) {
      const bool first = &joined == phase.joined.data();
      planes_.gather(from, phase.depth, joined, chunk, gathered, device_);
      void* const inputs[] = {gathered, weights(scratch) + joined.weight_at * bytes_of(type_)};
      void* const outputs[] = {first ? sums : more};
      kernels_.at({joined.taps(), count})->run(inputs, outputs, floats_at(scratch, kernel_at_));
      if (first) continue;
      device_.team().run([&](int thread) {
        const Range mine = split(floats, device_.team().size(), thread, 16);
        for (int64_t i = mine.begin; i < mine.end; ++i) sums[i] += more[i];
      });
    }
  }

  // To where the planes of the phase belong, or to the epilogue.
  void hand_over(const Phase& phase, Range chunk, const float* sums, float* product) {
    if (!destination_.has_epilogue() && phase.depth.stride == 1) return;
    device_.team().run([&](int thread) {
      const Range mine = split(chunk.end - chunk.begin, device_.team().size(), thread);
      for (int64_t i = mine.begin; i < mine.end; ++i) {
        const int64_t image = (chunk.begin + i) / phase.depth.count, q = (chunk.begin + i) % phase.depth.count;
        const int64_t plane = image * to_[1] + phase.depth.begin + q * phase.depth.stride;
        const float* made = sums + i * plane_floats_;
        if (product != nullptr && phase.depth.stride > 1) {
          made = std::copy_n(made, plane_floats_, product + plane * plane_floats_) - plane_floats_;
        }
        destination_.rows(thread, plane * plane_pixels_, (plane + 1) * plane_pixels_, made, to_[4]);
      }
    });
  }

  const ConvShapes conv_;
  const bool backward_;
  const DType type_;
  const Shape from_, to_;
  CpuDevice& device_;
  Destination destination_;
  const Planes planes_;
  const int64_t plane_pixels_, plane_floats_;
  std::vector<Phase> phases_;
  std::map<std::pair<int64_t, int64_t>, std::unique_ptr<Kernel>> kernels_;  // by taps and planes
  int64_t weights_ = 0, gathered_bytes_ = 0, sums_floats_ = 0, more_floats_ = 0, kernel_bytes_ = 0;
  ScratchPlan plan_;
  int64_t weight_at_ = 0, gathered_at_ = 0, sums_at_ = 0, more_at_ = 0, kernel_at_ = 0;
};

// The chunks' gradients are added one after another.
class VolumeGradWeight final : public Kernel {
 public:
  VolumeGradWeight(const ConvShapes& conv, DType pixels, CpuDevice& device)
      : conv_(conv),
        type_(pixels),
        device_(device),
        planes_(conv.x, conv.groups, pixels),
        depth_(forward_phases(conv.window, 0, conv.x[1]).front()),
        joined_(join(depth_.taps(), most_joined_of(conv))),
        all_planes_(conv.y[0] * depth_.count) {
    const int64_t widest = joined_.front().taps(), tap_weights = conv.weight.elements() / conv.window.size[0];
    together_ = planes_together(all_planes_, widest * planes_.bytes(), widest * tap_weights * 4);
    for (const Joined& joined : joined_)
      for (const int64_t count : {together_, all_planes_ % together_})
        if (count > 0) make_kernel(joined.taps(), count);
    gathered_at_ = plan_.floats(ceil_div(together_ * widest * planes_.bytes(), 4));
    part_at_ = plan_.floats(widest * tap_weights);
    kernel_at_ = plan_.floats(ceil_div(kernel_bytes_, 4));
  }

  int64_t scratch_bytes() const override { return plan_.size_bytes(); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    char* gathered = static_cast<char*>(scratch) + gathered_at_;
    float* part = floats_at(scratch, part_at_);
    const int64_t dy_plane = conv_.y[2] * conv_.y[3] * conv_.y[4] * bytes_of(type_);
    for (int64_t first = 0; first < all_planes_; first += together_) {
      const Range chunk{first, std::min(first + together_, all_planes_)};
      for (const Joined& joined : joined_) {
        planes_.gather(in[0], depth_, joined, chunk, gathered, device_);
        void* const inputs[] = {gathered, static_cast<char*>(in[1]) + first * dy_plane};
        void* const outputs[] = {part};
        kernels_.at({joined.taps(), chunk.end - chunk.begin})->run(inputs, outputs, floats_at(scratch, kernel_at_));
        add(joined, part, first == 0, static_cast<float*>(out[0]));
      }
    }
  }

 private:
  void make_kernel(int64_t taps, int64_t planes) {
    std::unique_ptr<Kernel>& kernel = kernels_[{taps, planes}];
    if (kernel != nullptr) return;
    kernel =
        make_conv2d_grad_weight({.window = window_of_axes(conv_.window, 1),
                                 .groups = conv_.groups,
                                 .x = {planes, conv_.x[2], conv_.x[3], conv_.x[4] * taps},
                                 .weight = {conv_.weight[0], conv_.weight[1] * taps, conv_.weight[3], conv_.weight[4]},
                                 .y = {planes, conv_.y[2], conv_.y[3], conv_.y[4]}},
                                type_, device_);
    kernel_bytes_ = std::max(kernel_bytes_, kernel->scratch_bytes());
  }

  // part[out][tap][in][plane] to weight[out][in][tap][plane].
  void add(const Joined& joined, const float* part, bool first, float* weight) const {
    const int64_t ins = conv_.weight[1], depth = conv_.weight[2], plane = conv_.weight[3] * conv_.weight[4];
    device_.team().run([&](int thread) {
      const Range mine = split(conv_.weight[0], device_.team().size(), thread);
      for (int64_t o = mine.begin; o < mine.end; ++o) {
        for (int64_t tap = 0; tap < joined.taps(); ++tap) {
          for (int64_t i = 0; i < ins; ++i) {
            const float* from = part + ((o * joined.taps() + tap) * ins + i) * plane;
            float* to = weight + ((o * ins + i) * depth + joined.begin + tap) * plane;
            for (int64_t k = 0; k < plane; ++k) to[k] = first ? from[k] : to[k] + from[k];
          }
        }
      }
    });
  }

  const ConvShapes conv_;
  const DType type_;
  CpuDevice& device_;
  const Planes planes_;
  const AxisPhase depth_;
  const std::vector<Joined> joined_;
  const int64_t all_planes_;
  int64_t together_ = 1, kernel_bytes_ = 0;
  std::map<std::pair<int64_t, int64_t>, std::unique_ptr<Kernel>> kernels_;  // by taps and planes
  ScratchPlan plan_;
  int64_t gathered_at_ = 0, part_at_ = 0, kernel_at_ = 0;
};

}  // namespace

std::optional<ConvShapes> as_images(const ConvShapes& conv) {
  const Window& w = conv.window;
  if (w.rank == 2) return conv;
  ConvShapes images{.groups = conv.groups};
  const auto move = [&](size_t to, size_t from) {
    images.window.size[to] = w.size[from];
    images.window.stride[to] = w.stride[from];
    images.window.pad_before[to] = w.pad_before[from];
    images.window.pad_after[to] = w.pad_after[from];
    images.window.dilation[to] = w.dilation[from];
  };
  if (w.rank == 1) {
    const auto one_row = [](const Shape& s) { return Shape{s[0], 1, s[1], s[2]}; };
    move(1, 0);
    images.x = one_row(conv.x);
    images.y = one_row(conv.y);
    images.weight = {conv.weight[0], conv.weight[1], 1, conv.weight[2]};
    return images;
  }
  if (is_point(w, 0)) {
    const auto planes = [](const Shape& s) { return Shape{s[0] * s[1], s[2], s[3], s[4]}; };
    images.window = window_of_axes(w, 1);
    images.x = planes(conv.x);
    images.y = planes(conv.y);
    images.weight = {conv.weight[0], conv.weight[1], conv.weight[3], conv.weight[4]};
    return images;
  }
  if (is_point(w, 1) && is_point(w, 2)) {
    const auto columns = [](const Shape& s) { return Shape{s[0], s[1], s[2] * s[3], s[4]}; };
    move(0, 0);
    images.x = columns(conv.x);
    images.y = columns(conv.y);
    images.weight = {conv.weight[0], conv.weight[1], conv.weight[2], 1};
    return images;
  }
  return std::nullopt;
}

std::unique_ptr<Kernel> make_volume_convolution(const ConvShapes& conv, DType pixels, CpuDevice& device,
                                                std::unique_ptr<LoopRunner> epilogue) {
  return std::make_unique<VolumeConvolution>(conv, false, pixels, device, std::move(epilogue));
}

std::unique_ptr<Kernel> make_volume_grad_input(const ConvShapes& conv, DType pixels, CpuDevice& device,
                                               std::unique_ptr<LoopRunner> epilogue) {
  return std::make_unique<VolumeConvolution>(conv, true, pixels, device, std::move(epilogue));
}

std::unique_ptr<Kernel> make_volume_grad_weight(const ConvShapes& conv, DType pixels, CpuDevice& device) {
  return std::make_unique<VolumeGradWeight>(conv, pixels, device);
}

}  // namespace dl
