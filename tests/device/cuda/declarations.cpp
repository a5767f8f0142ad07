// What is declared by hand of NVIDIA's libraries, held against their headers. Compiled only where the headers are; it
// calls nothing of them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/driver_functions.h"
#include "lib/device/cuda/nvrtc_functions.h"
// Theirs afterwards, whose macros change names.
#include <cuda.h>
#include <nvrtc.h>

#include <type_traits>

#if __has_include(<cublasLt.h>)
#include <cublasLt.h>

#include "lib/device/cuda/cublas_lt.h"
#define DL_HAS_CUBLAS_LT
#endif
#if __has_include(<cudnn.h>)
#include <cudnn.h>

#include "lib/device/cuda/cudnn.h"
#define DL_HAS_CUDNN
#endif

namespace dl::cuda {
namespace {

// Whether both lie in the same place of a call: pointers; whole numbers and enumerations of one size; equal floats.
template <class A, class B>
constexpr bool same_place() {
  constexpr bool whole = (std::is_integral_v<A> || std::is_enum_v<A>)&&(std::is_integral_v<B> || std::is_enum_v<B>);
  if constexpr (std::is_pointer_v<A> || std::is_pointer_v<B>)
    return std::is_pointer_v<A> && std::is_pointer_v<B>;
  else if constexpr (whole)
    return sizeof(A) == sizeof(B);
  else
    return std::is_same_v<A, B>;
}

template <class R, class... A, class S, class... B>
constexpr bool same_call(R (*)(A...), S (*)(B...)) {
  if constexpr (sizeof...(A) != sizeof...(B))
    return false;
  else
    return same_place<R, S>() && (same_place<A, B>() && ...);
}

// Null pointers of the two types.
template <class Function>
constexpr Function* none = nullptr;

static_assert(!same_call(none<int(int)>, none<int(int*)>) && !same_call(none<int(int)>, none<int(long)>) &&
              !same_call(none<int(int)>, none<int(int, int)>) && !same_call(none<int(float)>, none<int(double)>));

#define DL_SAME(name, parameters) \
  static_assert(same_call(none<decltype(::name)>, none<int parameters>), "as the header has it: " #name);
DL_DRIVER_FUNCTIONS(DL_SAME)
DL_NVRTC_FUNCTIONS(DL_SAME)

using F = DriverFunctions;
static_assert(F::success == CUDA_SUCCESS && F::out_of_memory == CUDA_ERROR_OUT_OF_MEMORY &&
              F::stub_library == CUDA_ERROR_STUB_LIBRARY && F::no_device == CUDA_ERROR_NO_DEVICE &&
              F::versions_differ == CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
static_assert(F::clock_rate == CU_DEVICE_ATTRIBUTE_CLOCK_RATE &&
              F::multiprocessor_count == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT &&
              F::memory_clock_rate == CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE &&
              F::memory_bus_width == CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH &&
              F::l2_cache_size == CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE &&
              F::capability_major == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR &&
              F::capability_minor == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
static_assert(F::max_dynamic_shared_bytes == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES &&
              F::stream_non_blocking == CU_STREAM_NON_BLOCKING && F::event_disable_timing == CU_EVENT_DISABLE_TIMING &&
              F::host_portable == CU_MEMHOSTALLOC_PORTABLE && F::capture_relaxed == CU_STREAM_CAPTURE_MODE_RELAXED);
static_assert(NvrtcFunctions::success == NVRTC_SUCCESS && NvrtcFunctions::out_of_memory == NVRTC_ERROR_OUT_OF_MEMORY &&
              NvrtcFunctions::no_builtins == NVRTC_ERROR_BUILTIN_OPERATION_FAILURE);
static_assert(same_call(none<decltype(::nvrtcGetErrorString)>, none<const char*(int)>));

#ifdef DL_HAS_CUBLAS_LT
#define DL_SAME_MEMBER(member, name) \
  static_assert(same_call(none<decltype(::name)>, decltype(CublasLt::member)()), "as the header has it: " #name);
DL_SAME_MEMBER(create, cublasLtCreate)
DL_SAME_MEMBER(destroy, cublasLtDestroy)
DL_SAME_MEMBER(matmul_desc_create, cublasLtMatmulDescCreate)
DL_SAME_MEMBER(matmul_desc_destroy, cublasLtMatmulDescDestroy)
DL_SAME_MEMBER(matmul_desc_set, cublasLtMatmulDescSetAttribute)
DL_SAME_MEMBER(layout_create, cublasLtMatrixLayoutCreate)
DL_SAME_MEMBER(layout_destroy, cublasLtMatrixLayoutDestroy)
DL_SAME_MEMBER(layout_set, cublasLtMatrixLayoutSetAttribute)
DL_SAME_MEMBER(preference_create, cublasLtMatmulPreferenceCreate)
DL_SAME_MEMBER(preference_destroy, cublasLtMatmulPreferenceDestroy)
DL_SAME_MEMBER(preference_set, cublasLtMatmulPreferenceSetAttribute)
DL_SAME_MEMBER(heuristic, cublasLtMatmulAlgoGetHeuristic)
DL_SAME_MEMBER(matmul, cublasLtMatmul)
static_assert(CublasLt::type_f32 == CUDA_R_32F && CublasLt::type_bf16 == CUDA_R_16BF &&
              CublasLt::compute_f32 == CUBLAS_COMPUTE_32F && CublasLt::compute_tf32 == CUBLAS_COMPUTE_32F_FAST_TF32);
static_assert(CublasLt::transpose_a == CUBLASLT_MATMUL_DESC_TRANSA &&
              CublasLt::transpose_b == CUBLASLT_MATMUL_DESC_TRANSB && CublasLt::not_transposed == CUBLAS_OP_N &&
              CublasLt::transposed == CUBLAS_OP_T);
static_assert(CublasLt::epilogue == CUBLASLT_MATMUL_DESC_EPILOGUE &&
              CublasLt::bias_pointer == CUBLASLT_MATMUL_DESC_BIAS_POINTER &&
              CublasLt::adds_bias == CUBLASLT_EPILOGUE_BIAS && sizeof(cublasLtEpilogue_t) == sizeof(uint32_t));
static_assert(CublasLt::batch_count == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT &&
              CublasLt::batch_stride == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET);
static_assert(CublasLt::max_workspace == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES &&
              CublasLt::reduction_schemes == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK &&
              CublasLt::alignment_of_a == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES &&
              CublasLt::alignment_of_d == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES &&
              CublasLt::reduces_in_compute_type == CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
static_assert(sizeof(CublasLt::Algo) == sizeof(cublasLtMatmulAlgo_t) &&
              sizeof(CublasLt::HeuristicResult) == sizeof(cublasLtMatmulHeuristicResult_t) &&
              offsetof(CublasLt::HeuristicResult, workspace_bytes) ==
                  offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize) &&
              offsetof(CublasLt::HeuristicResult, state) == offsetof(cublasLtMatmulHeuristicResult_t, state));
#endif

#ifdef DL_HAS_CUDNN
#define DL_SAME_MEMBER_OF_CUDNN(member, name) \
  static_assert(same_call(none<decltype(::name)>, decltype(Cudnn::member)()), "as the header has it: " #name);
DL_SAME_MEMBER_OF_CUDNN(create, cudnnCreate)
DL_SAME_MEMBER_OF_CUDNN(destroy, cudnnDestroy)
DL_SAME_MEMBER_OF_CUDNN(set_stream, cudnnSetStream)
DL_SAME_MEMBER_OF_CUDNN(error_string, cudnnGetErrorString)
DL_SAME_MEMBER_OF_CUDNN(last_error, cudnnGetLastErrorString)
DL_SAME_MEMBER_OF_CUDNN(create_descriptor, cudnnBackendCreateDescriptor)
DL_SAME_MEMBER_OF_CUDNN(destroy_descriptor, cudnnBackendDestroyDescriptor)
DL_SAME_MEMBER_OF_CUDNN(finalize, cudnnBackendFinalize)
DL_SAME_MEMBER_OF_CUDNN(set, cudnnBackendSetAttribute)
DL_SAME_MEMBER_OF_CUDNN(get, cudnnBackendGetAttribute)
DL_SAME_MEMBER_OF_CUDNN(execute, cudnnBackendExecute)
#define DL_SAME_NUMBER(number, name) \
  static_assert(static_cast<int>(Cudnn::number) == static_cast<int>(name), "as the header has it: " #name);
DL_SAME_NUMBER(convolution_type, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR)
DL_SAME_NUMBER(engine_type, CUDNN_BACKEND_ENGINE_DESCRIPTOR)
DL_SAME_NUMBER(engine_config_type, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)
DL_SAME_NUMBER(heuristic_type, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR)
DL_SAME_NUMBER(plan_type, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)
DL_SAME_NUMBER(forward_type, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR)
DL_SAME_NUMBER(backward_filter_type, CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR)
DL_SAME_NUMBER(backward_data_type, CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR)
DL_SAME_NUMBER(graph_type, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR)
DL_SAME_NUMBER(pack_type, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR)
DL_SAME_NUMBER(tensor_type, CUDNN_BACKEND_TENSOR_DESCRIPTOR)
DL_SAME_NUMBER(convolution_computes_in, CUDNN_ATTR_CONVOLUTION_COMP_TYPE)
DL_SAME_NUMBER(convolution_mode, CUDNN_ATTR_CONVOLUTION_CONV_MODE)
DL_SAME_NUMBER(convolution_dilations, CUDNN_ATTR_CONVOLUTION_DILATIONS)
DL_SAME_NUMBER(convolution_strides, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES)
DL_SAME_NUMBER(convolution_post_paddings, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS)
DL_SAME_NUMBER(convolution_pre_paddings, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS)
DL_SAME_NUMBER(convolution_axes, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS)
DL_SAME_NUMBER(heuristic_mode, CUDNN_ATTR_ENGINEHEUR_MODE)
DL_SAME_NUMBER(heuristic_graph, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH)
DL_SAME_NUMBER(heuristic_results, CUDNN_ATTR_ENGINEHEUR_RESULTS)
DL_SAME_NUMBER(config_engine, CUDNN_ATTR_ENGINECFG_ENGINE)
DL_SAME_NUMBER(plan_handle, CUDNN_ATTR_EXECUTION_PLAN_HANDLE)
DL_SAME_NUMBER(plan_config, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)
DL_SAME_NUMBER(plan_workspace, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE)
DL_SAME_NUMBER(forward_alpha, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA)
DL_SAME_NUMBER(forward_beta, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA)
DL_SAME_NUMBER(forward_convolution, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC)
DL_SAME_NUMBER(forward_w, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W)
DL_SAME_NUMBER(forward_x, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X)
DL_SAME_NUMBER(forward_y, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y)
DL_SAME_NUMBER(backward_data_alpha, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA)
DL_SAME_NUMBER(backward_data_beta, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA)
DL_SAME_NUMBER(backward_data_convolution, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC)
DL_SAME_NUMBER(backward_data_w, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W)
DL_SAME_NUMBER(backward_data_dx, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX)
DL_SAME_NUMBER(backward_data_dy, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY)
DL_SAME_NUMBER(backward_filter_alpha, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA)
DL_SAME_NUMBER(backward_filter_beta, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA)
DL_SAME_NUMBER(backward_filter_convolution, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC)
DL_SAME_NUMBER(backward_filter_dw, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW)
DL_SAME_NUMBER(backward_filter_x, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X)
DL_SAME_NUMBER(backward_filter_dy, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY)
DL_SAME_NUMBER(graph_handle, CUDNN_ATTR_OPERATIONGRAPH_HANDLE)
DL_SAME_NUMBER(graph_operations, CUDNN_ATTR_OPERATIONGRAPH_OPS)
DL_SAME_NUMBER(tensor_alignment, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT)
DL_SAME_NUMBER(tensor_data_type, CUDNN_ATTR_TENSOR_DATA_TYPE)
DL_SAME_NUMBER(tensor_sizes, CUDNN_ATTR_TENSOR_DIMENSIONS)
DL_SAME_NUMBER(tensor_strides, CUDNN_ATTR_TENSOR_STRIDES)
DL_SAME_NUMBER(tensor_id, CUDNN_ATTR_TENSOR_UNIQUE_ID)
DL_SAME_NUMBER(pack_ids, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS)
DL_SAME_NUMBER(pack_pointers, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS)
DL_SAME_NUMBER(pack_workspace, CUDNN_ATTR_VARIANT_PACK_WORKSPACE)
DL_SAME_NUMBER(engine_notes, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE)
DL_SAME_NUMBER(of_handle, CUDNN_TYPE_HANDLE)
DL_SAME_NUMBER(of_data_type, CUDNN_TYPE_DATA_TYPE)
DL_SAME_NUMBER(of_int64, CUDNN_TYPE_INT64)
DL_SAME_NUMBER(of_float, CUDNN_TYPE_FLOAT)
DL_SAME_NUMBER(of_pointer, CUDNN_TYPE_VOID_PTR)
DL_SAME_NUMBER(of_convolution_mode, CUDNN_TYPE_CONVOLUTION_MODE)
DL_SAME_NUMBER(of_heuristic_mode, CUDNN_TYPE_HEUR_MODE)
DL_SAME_NUMBER(of_numerical_note, CUDNN_TYPE_NUMERICAL_NOTE)
DL_SAME_NUMBER(of_descriptor, CUDNN_TYPE_BACKEND_DESCRIPTOR)
DL_SAME_NUMBER(data_f32, CUDNN_DATA_FLOAT)
DL_SAME_NUMBER(data_bf16, CUDNN_DATA_BFLOAT16)
DL_SAME_NUMBER(cross_correlation, CUDNN_CROSS_CORRELATION)
DL_SAME_NUMBER(heuristic_a, CUDNN_HEUR_MODE_A)
DL_SAME_NUMBER(tensor_core, CUDNN_NUMERICAL_NOTE_TENSOR_CORE)
DL_SAME_NUMBER(down_convert_inputs, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS)
DL_SAME_NUMBER(reduced_precision_reduction, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION)
DL_SAME_NUMBER(nondeterministic, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)
DL_SAME_NUMBER(winograd_tile_6x6, CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6)
DL_SAME_NUMBER(winograd_tile_13x13, CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13)
#endif

}  // namespace
}  // namespace dl::cuda
