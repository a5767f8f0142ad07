// Volumes: planes are gathered a chunk at a time, chunks small enough to stay near the processor.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/volume.h"

#include <algorithm>
#include <functional>
#include <map>

#include "lib/base/division.h"
#include "lib/device/cpu/destination.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/volume_plan.h"

namespace dl {
namespace {

// The kernels for images of a volume's chunks, by taps and planes.
class ImageKernels {
 public:
  using Make = std::function<std::unique_ptr<Kernel>(int64_t planes, int64_t taps)>;
  // Of all chunks of so many of the planes at a time.
  void add(const std::vector<JoinedTaps>& joined, int64_t planes, int64_t together, const Make& make) {
    for (const JoinedTaps& part : joined) {
      for (const int64_t count : {together, planes % together}) {
        if (count == 0) continue;
        std::unique_ptr<Kernel>& kernel = kernels_[{part.taps(), count}];
        if (kernel == nullptr) kernel = make(count, part.taps());
        scratch_bytes_ = std::max(scratch_bytes_, kernel->scratch_bytes());
      }
    }
  }
  int64_t scratch_bytes() const { return scratch_bytes_; }  // of any one
  Kernel& of(int64_t planes, int64_t taps) const { return *kernels_.at({taps, planes}); }

 private:
  std::map<std::pair<int64_t, int64_t>, std::unique_ptr<Kernel>> kernels_;
  int64_t scratch_bytes_ = 0;
};

int64_t floats_for(int64_t elements, DType type) { return ceil_div(elements * bytes_of(type), 4); }

// The planes of volumes [images, depth, pixels, channels] under taps of output planes; plane p of a phase is the
// (p % count)-th of image p / count.
class Planes {
 public:
  Planes(const Shape& from, int64_t groups, DType type)
      : depth_(from[1]), pixels_(from[2] * from[3]), channels_(from[4]), groups_(groups), type_(type) {}

  // to[plane - planes.begin][pixel][group][tap][channel of the group]; zeros where a tap lies beside the volume.
  void gather(const void* from, const AxisPhase& phase, const JoinedTaps& taps, Range planes, void* to,
              CpuDevice& device) const {
    device.team().run([&](int thread) {
      const Range mine = split(planes.end - planes.begin, device.team().size(), thread);
      if (type_ == DType::f32) return gather_of<float>(from, phase, taps, planes.begin, mine, to);
      gather_of<uint16_t>(from, phase, taps, planes.begin, mine, to);
    });
  }

 private:
  template <class T>
  void gather_of(const void* from, const AxisPhase& phase, const JoinedTaps& taps, int64_t first, Range mine,
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

// y, or with `backward` dx.
class VolumeConvolution final : public Kernel {
 public:
  VolumeConvolution(const ConvShapes& conv, bool backward, DType pixels, CpuDevice& device,
                    std::unique_ptr<LoopRunner> epilogue)
      : conv_(conv),
        backward_(backward),
        type_(pixels),
        to_(backward ? conv.x : conv.y),
        device_(device),
        destination_(std::move(epilogue)),
        p_(plan_volume(conv, backward, pixels, destination_.keeps_product())),
        planes_(backward ? conv.y : conv.x, conv.groups, pixels),
        plane_pixels_(to_[2] * to_[3]),
        plane_floats_(plane_pixels_ * to_[4]) {
    for (const VolumePlan::Phase& phase : p_.phases)
      kernels_.add(phase.joined, phase.planes, phase.together, [&](int64_t planes, int64_t taps) {
        const ConvShapes images = images_of_planes(conv, planes, taps, backward);
        return backward ? make_conv2d_grad_input(images, pixels, device, nullptr)
                        : make_conv2d(images, pixels, device, nullptr);
      });
    weight_at_ = scratch_.floats(floats_for(p_.weight_elements, pixels));
    gathered_at_ = scratch_.floats(floats_for(p_.gathered_elements, pixels));
    sums_at_ = scratch_.floats(p_.sums_floats);
    more_at_ = scratch_.floats(p_.more_floats);
    kernel_at_ = scratch_.floats(ceil_div(kernels_.scratch_bytes(), 4));
    destination_.plan(plane_pixels_, scratch_);
  }

  int64_t scratch_bytes() const override { return scratch_.size_bytes(); }
  bool in_place(int in, int out) const override { return destination_.in_place(in, out); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    lay_weights(in[1], weights(scratch));
    float* const product = destination_.begin(in, out, scratch);
    for (const Phase& phase : p_.phases) {
      for (int64_t first = 0; first < phase.planes; first += phase.together) {
        const Range chunk{first, std::min(first + phase.together, phase.planes)};
        float* sums = phase.direct ? product + first * plane_floats_ : floats_at(scratch, sums_at_);
        convolve(phase, chunk, in[0], sums, scratch);
        hand_over(phase, chunk, sums, product);
      }
    }
    destination_.finish();
  }

 private:
  using Phase = VolumePlan::Phase;

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
    for (const Phase& phase : p_.phases) {
      for (const JoinedTaps& joined : phase.joined) {
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
    for (const JoinedTaps& joined : phase.joined) {
      const bool first = &joined == phase.joined.data();
      planes_.gather(from, phase.depth, joined, chunk, gathered, device_);
      void* const inputs[] = {gathered, weights(scratch) + joined.weight_at * bytes_of(type_)};
      void* const outputs[] = {first ? sums : more};
      kernels_.of(count, joined.taps()).run(inputs, outputs, floats_at(scratch, kernel_at_));
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
  const Shape to_;
  CpuDevice& device_;
  Destination destination_;
  const VolumePlan p_;
  const Planes planes_;
  const int64_t plane_pixels_, plane_floats_;
  ImageKernels kernels_;
  ScratchPlan scratch_;
  int64_t weight_at_ = 0, gathered_at_ = 0, sums_at_ = 0, more_at_ = 0, kernel_at_ = 0;
};

class VolumeGradWeight final : public Kernel {
 public:
  VolumeGradWeight(const ConvShapes& conv, DType pixels, CpuDevice& device)
      : conv_(conv),
        type_(pixels),
        device_(device),
        p_(plan_volume_grad_weight(conv, pixels)),
        planes_(conv.x, conv.groups, pixels) {
    kernels_.add(p_.joined, p_.planes, p_.together, [&](int64_t planes, int64_t taps) {
      return make_conv2d_grad_weight(images_of_planes(conv, planes, taps, false), pixels, device);
    });
    gathered_at_ = scratch_.floats(floats_for(p_.gathered_elements, pixels));
    part_at_ = scratch_.floats(p_.part_floats);
    kernel_at_ = scratch_.floats(ceil_div(kernels_.scratch_bytes(), 4));
  }

  int64_t scratch_bytes() const override { return scratch_.size_bytes(); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    char* gathered = static_cast<char*>(scratch) + gathered_at_;
    float* part = floats_at(scratch, part_at_);
    const int64_t dy_plane = conv_.y[2] * conv_.y[3] * conv_.y[4] * bytes_of(type_);
    for (int64_t first = 0; first < p_.planes; first += p_.together) {
      const Range chunk{first, std::min(first + p_.together, p_.planes)};
      for (const JoinedTaps& joined : p_.joined) {
        planes_.gather(in[0], p_.depth, joined, chunk, gathered, device_);
        void* const inputs[] = {gathered, static_cast<char*>(in[1]) + first * dy_plane};
        void* const outputs[] = {part};
        kernels_.of(chunk.end - chunk.begin, joined.taps()).run(inputs, outputs, floats_at(scratch, kernel_at_));
        add(joined, part, first == 0, static_cast<float*>(out[0]));
      }
    }
  }

 private:
  // part[out][tap][in][plane] to weight[out][in][tap][plane].
  void add(const JoinedTaps& joined, const float* part, bool first, float* weight) const {
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
  const VolumeGradWeightPlan p_;
  const Planes planes_;
  ImageKernels kernels_;
  ScratchPlan scratch_;
  int64_t gathered_at_ = 0, part_at_ = 0, kernel_at_ = 0;
};

}  // namespace

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
