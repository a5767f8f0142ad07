# Writes the headers of lib/device/cuda/kernels into a source. Included by the build; run with -P when one has changed.
# SPDX-License-Identifier: Apache-2.0
if(NOT CMAKE_SCRIPT_MODE_FILE)
  file(GLOB kernel_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/device/cuda/kernels/*.h)
  set(kernel_texts ${PROJECT_BINARY_DIR}/generated/kernel_texts.cpp)
  add_custom_command(OUTPUT ${kernel_texts}
    COMMAND ${CMAKE_COMMAND} -D root=${PROJECT_SOURCE_DIR} -D out=${kernel_texts} -P ${CMAKE_CURRENT_LIST_FILE}
    DEPENDS ${kernel_headers} ${CMAKE_CURRENT_LIST_FILE} VERBATIM)
  target_sources(dl_device PRIVATE ${kernel_texts})
  set_source_files_properties(${kernel_texts} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  return()
endif()

cmake_minimum_required(VERSION 3.25)
file(GLOB headers RELATIVE ${root} ${root}/lib/device/cuda/kernels/*.h)
list(SORT headers)
set(source "// Written by lib/device/cuda/kernel_texts.cmake.\n// SPDX-License-Identifier: Apache-2.0\n")
string(APPEND source "#include \"lib/device/cuda/kernel_texts.h\"\n\nnamespace dl::cuda {\n\n")
string(APPEND source "std::span<const KernelText> kernel_texts() {\n  static const KernelText all[] = {\n")
foreach(header IN LISTS headers)
  file(READ ${root}/${header} text)
  string(APPEND source "{\"${header}\", R\"device_text(${text})device_text\"},\n")
endforeach()
string(APPEND source "  };\n  return all;\n}\n\n}  // namespace dl::cuda\n")
file(WRITE ${out} "${source}")
