// How long a transform takes for one image, on one thread. Arguments: the transforms as YAML, the image's side,
// seconds. Prints {"median_us": …, "least_us": …, "images": …}. Random transforms are drawn anew for each image.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "lib/base/error.h"
#include "lib/data/transform.h"
#include "lib/spec/yaml.h"

using namespace dl;

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::vector<std::unique_ptr<Transform>> transforms;
  std::vector<Problem> problems;
  Codec<std::vector<std::unique_ptr<Transform>>>::read(parse_yaml(argv[1], "transforms"), transforms, {},
                                                       Reading(problems, "transforms"));
  for (const Problem& problem : problems) std::fprintf(stderr, "%s\n", render(problem).c_str());
  if (!problems.empty() || transforms.size() != 1) return 2;
  const int64_t side = std::atoi(argv[2]);
  const std::vector<SampleField> fields{{"x", {DType::u8, {side, side, 3}}}};
  const TransformStep step = transforms[0]->bind(fields);
  std::vector<std::byte> in(static_cast<size_t>(side * side * 3)),
      out(static_cast<size_t>(step.fields[0].output.bytes()));
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::byte>(i * 2654435761u >> 11);
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  const auto end = Clock::now() + std::chrono::duration<double>(std::atof(argv[3]));
  for (int64_t image = 0; Clock::now() < end || image < 5; ++image) {
    SampleRandom random(1, 0, image);
    const auto begin = Clock::now();
    step.fields[0].apply(in.data(), out.data(), step.draw ? step.draw(&random) : Drawn{});
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  std::ranges::sort(times);
  std::printf("{\"median_us\": %.2f, \"least_us\": %.2f, \"images\": %zu}\n", times[times.size() / 2], times[0],
              times.size());
}
