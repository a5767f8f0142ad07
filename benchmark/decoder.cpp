// How many images a second libjpeg-turbo alone decodes, whole and in colour, as lib/data/jpeg_decoder.cpp has it set:
// what no reader of whole images can surpass. Arguments: number of threads, a folder, images at most (all).
// Prints {"images": …, "seconds": …}. The files are read in the same loop; read them once before, so that the disk is
// not what is measured.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <jpeglib.h>

namespace {

void decode(const std::filesystem::path& path, std::string& file, std::vector<unsigned char>& pixels) {
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  file.resize(static_cast<size_t>(stream.tellg()));
  stream.seekg(0).read(file.data(), static_cast<std::streamsize>(file.size()));
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&info, TRUE);
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  const size_t row = size_t{info.output_width} * 3;
  pixels.resize(row * info.output_height);
  while (info.output_scanline < info.output_height) {
    JSAMPROW out = pixels.data() + info.output_scanline * row;
    jpeg_read_scanlines(&info, &out, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return std::fprintf(stderr, "usage: bench_decoder THREADS FOLDER [IMAGES]\n"), 2;
  const int threads = std::atoi(arguments[1]);
  const size_t most = count > 3 ? static_cast<size_t>(std::atoll(arguments[3])) : SIZE_MAX;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(arguments[2]))
    if (entry.path().extension() == ".jpg") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  files.resize(std::min(files.size(), most));
  std::atomic<size_t> next = 0;
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> team;
  for (int t = 0; t < threads; ++t)
    team.emplace_back([&] {
      std::string file;
      std::vector<unsigned char> pixels;
      for (size_t i; (i = next++) < files.size();) decode(files[i], file, pixels);
    });
  for (std::thread& thread : team) thread.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("{\"images\": %zu, \"seconds\": %.3f}\n", files.size(), seconds);
}
