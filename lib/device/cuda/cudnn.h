// The functions of cuDNN's graph API that convolutions use, as cudnn_graph.h of version 9 has them, loaded where the
// program runs; and a convolution that it makes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/device/cuda/driver.h"

namespace dl::cuda {

class Library;
struct ConvolutionShapes;

struct Cudnn {
  using Status = int;  // 0: done
  using Handle = struct CudnnHandle*;
  using Descriptor = void*;

  // What of the header's enumerations is used.
  enum Type {  // cudnnBackendDescriptorType_t
    convolution_type = 1,
    engine_type = 2,
    engine_config_type = 3,
    heuristic_type = 4,
    plan_type = 5,
    forward_type = 10,
    backward_filter_type = 11,
    backward_data_type = 12,
    graph_type = 15,
    pack_type = 16,
    tensor_type = 17,
    gpu_type = 38
  };
  enum Attribute {  // cudnnBackendAttributeName_t
    convolution_computes_in = 100,
    convolution_mode = 101,
    convolution_dilations = 102,
    convolution_strides = 103,
    convolution_post_paddings = 104,
    convolution_pre_paddings = 105,
    convolution_axes = 106,
    heuristic_mode = 200,
    heuristic_graph = 201,
    heuristic_results = 202,
    heuristic_gpu = 204,
    config_engine = 300,
    plan_handle = 400,
    plan_config = 401,
    plan_workspace = 402,
    plan_gpu = 407,
    forward_alpha = 700,
    forward_beta = 701,
    forward_convolution = 702,
    forward_w = 703,
    forward_x = 704,
    forward_y = 705,
    backward_data_alpha = 706,
    backward_data_beta = 707,
    backward_data_convolution = 708,
    backward_data_w = 709,
    backward_data_dx = 710,
    backward_data_dy = 711,
    backward_filter_alpha = 712,
    backward_filter_beta = 713,
    backward_filter_convolution = 714,
    backward_filter_dw = 715,
    backward_filter_x = 716,
    backward_filter_dy = 717,
    graph_handle = 800,
    graph_operations = 801,
    tensor_alignment = 900,
    tensor_data_type = 901,
    tensor_sizes = 902,
    tensor_strides = 903,
    tensor_id = 906,
    pack_ids = 1000,
    pack_pointers = 1001,
    pack_workspace = 1003,
    engine_notes = 1303,
    gpu_text = 2702
  };
  enum AttributeType {  // cudnnBackendAttributeType_t
    of_handle = 0,
    of_data_type = 1,
    of_int64 = 3,
    of_float = 4,
    of_pointer = 6,
    of_convolution_mode = 7,
    of_heuristic_mode = 8,
    of_numerical_note = 11,
    of_descriptor = 15,
    of_char = 24
  };
  static constexpr int data_f32 = 0, data_bf16 = 9;  // cudnnDataType_t
  static constexpr int cross_correlation = 1;        // cudnnConvolutionMode_t
  static constexpr int heuristic_a = 3;              // cudnnBackendHeurMode_t
  enum Note {                                        // cudnnBackendNumericalNote_t
    tensor_core = 0,
    down_convert_inputs = 1,
    reduced_precision_reduction = 2,
    nondeterministic = 4,
    winograd_tile_6x6 = 7,
    winograd_tile_13x13 = 8
  };
  static constexpr int most_notes = 32;

  Status (*create)(Handle*) = nullptr;
  Status (*destroy)(Handle) = nullptr;
  Status (*set_stream)(Handle, Stream) = nullptr;
  const char* (*error_string)(Status) = nullptr;
  void (*last_error)(char* message, size_t bytes) = nullptr;
  Status (*create_descriptor)(int type, Descriptor*) = nullptr;
  Status (*destroy_descriptor)(Descriptor) = nullptr;
  Status (*finalize)(Descriptor) = nullptr;
  Status (*set)(Descriptor, int attribute, int type, int64_t elements, const void*) = nullptr;
  Status (*get)(Descriptor, int attribute, int type, int64_t wanted, int64_t* elements, void*) = nullptr;
  Status (*execute)(Handle, Descriptor plan, Descriptor pack) = nullptr;

  Cudnn() = default;
  Cudnn(const Cudnn&) = delete;
  ~Cudnn();
  // Made when first asked for, in the context of the GPU that is current then; null where the library refuses.
  Handle handle() const;
  // In the place of one that is created; the tests' own, not destroyed.
  void use(Handle handle) { given_ = handle; }
  // What it says of a refusal: "CUDNN_STATUS_NOT_SUPPORTED, …".
  std::string text(Status status) const;

 private:
  Handle given_ = nullptr;
  mutable Handle own_ = nullptr;
  mutable bool asked_ = false;
};

// Throws Error naming a function that the library lacks.
std::shared_ptr<const Cudnn> load_cudnn(const Library& library);

// A descriptor and what it is told.
class CudnnDescriptor {
 public:
  CudnnDescriptor() = default;
  CudnnDescriptor(const Cudnn& cudnn, Cudnn::Type type);
  CudnnDescriptor(CudnnDescriptor&& other) noexcept { swap(other); }
  CudnnDescriptor& operator=(CudnnDescriptor&& other) noexcept {
    swap(other);
    return *this;
  }
  ~CudnnDescriptor();

  explicit operator bool() const { return status_ == 0 && descriptor_; }  // whether nothing was refused so far
  Cudnn::Status status() const { return status_; }
  Cudnn::Descriptor descriptor() const { return descriptor_; }
  CudnnDescriptor& tell(Cudnn::Attribute attribute, Cudnn::AttributeType type, int64_t elements, const void* values);
  CudnnDescriptor& tell(Cudnn::Attribute attribute, const std::vector<int64_t>& numbers);
  CudnnDescriptor& tell(Cudnn::Attribute attribute, int64_t number) {
    return tell(attribute, Cudnn::of_int64, 1, &number);
  }
  CudnnDescriptor& tell(Cudnn::Attribute attribute, float number) {
    return tell(attribute, Cudnn::of_float, 1, &number);
  }
  CudnnDescriptor& tell(Cudnn::Attribute attribute, Cudnn::AttributeType type, int of_enumeration) {
    return tell(attribute, type, 1, &of_enumeration);
  }
  CudnnDescriptor& tell(Cudnn::Attribute attribute, const CudnnDescriptor& other);
  CudnnDescriptor& end();  // finalizes it

 private:
  void swap(CudnnDescriptor& other);

  const Cudnn* cudnn_ = nullptr;
  Cudnn::Descriptor descriptor_ = nullptr;
  Cudnn::Status status_ = 0;
};

// A convolution or one of its gradients, of the tensors of `shapes`; the weight lies as [outs][taps][depth]. What it
// makes is f32: cuDNN 9.19, asked for an H100, names many ways for factors of f32 but none from bf16 to f32.
class CudnnConvolution {
 public:
  enum class Makes { y, dx, dw };
  // Null where the library has no way that makes the same bits each time and is as exact as is asked. For the GPU at
  // hand, or for the one that `gpu` describes, a final descriptor of gpu_type: then it cannot run.
  static std::unique_ptr<CudnnConvolution> plan(const Cudnn& cudnn, const ConvolutionShapes& shapes, Makes makes,
                                                const CudnnDescriptor* gpu = nullptr);
  // What it says of these tensors and this operation, without a GPU; empty where it takes them.
  static std::string refusal(const Cudnn& cudnn, const ConvolutionShapes& shapes, Makes makes);
  int64_t workspace_bytes() const { return workspace_bytes_; }
  // Whichever of them it makes is written; all are the device's, 16-byte aligned at least.
  void run(const void* x, const void* weight, const void* y, void* workspace, Stream stream);

 private:
  CudnnConvolution(const Cudnn& cudnn, const ConvolutionShapes& shapes, Makes makes);
  void make_graph(const CudnnDescriptor* gpu);
  bool choose(const ConvolutionShapes& shapes, const CudnnDescriptor* gpu);
  bool allowed(const CudnnDescriptor& config, const ConvolutionShapes& shapes) const;

  const Cudnn& cudnn_;
  CudnnDescriptor x_, weight_, y_, convolution_, operation_, graph_;
  CudnnDescriptor config_, plan_;
  int64_t workspace_bytes_ = 0;
  std::array<const void*, 4> packed_ = {};  // what pack_ was told
  CudnnDescriptor pack_;
};

}  // namespace dl::cuda
