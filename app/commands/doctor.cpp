// dlcli doctor: what this machine has, what dlcli chose to use of it, and how fast that is.
// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/measure/gpu.h"
#include "app/measure/limits.h"
#include "app/measure/products.h"
#include "app/options.h"
#include "lib/base/cache_file.h"
#include "lib/base/cpu.h"
#include "lib/base/text.h"
#include "lib/data/image/image.h"
#include "lib/data/source.h"
#include "lib/device/cpu/blas.h"
#include "lib/device/cpu/isa.h"
#include "lib/device/cpu/machine.h"
#include "lib/device/cpu/probes.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

// For people (no text: nothing) and for scripts (null: nothing).
struct Fact {
  std::string name, text;
  Node value;
};

class Findings {
 public:
  void fact(std::string name, std::string text, Node value) {
    facts_.push_back({std::move(name), std::move(text), std::move(value)});
  }
  void warning(const std::string& what, const std::string& help) { warnings_.emplace_back(what, help); }

  std::string text() const {
    std::vector<std::vector<std::string>> rows;
    for (const Fact& fact : facts_)
      if (!fact.text.empty()) rows.push_back({fact.name, fact.text});
    const size_t columns = standard_output().columns();
    std::string out = table(rows, columns);
    for (const auto& [what, help] : warnings_)
      out += "\n" + wrapped("warning: " + what, columns, "  ", "") + wrapped("help: " + help, columns, "    ", "  ");
    return warnings_.empty() ? out + "\nnothing is amiss\n" : out;
  }

  Node json() const {
    Node out = Node::map(), warnings = Node::list();
    for (const Fact& fact : facts_)
      if (!fact.value.is_null()) out.set(fact.name, fact.value);
    for (const auto& [what, help] : warnings_)
      warnings.items.push_back(json_object({{"what", Node::string(what)}, {"help", Node::string(help)}}));
    out.set("warnings", std::move(warnings));
    return out;
  }

 private:
  std::vector<Fact> facts_;
  std::vector<std::pair<std::string, std::string>> warnings_;
};

std::string gflops(double value) { return concat(count(value), " GFLOP/s"); }
std::string one_digit(double value) { return number_text(std::round(10 * value) / 10); }

void processor(Findings& found) {
  const CpuFeatures& cpu = cpu_features();
  found.fact("processor", cpu_text(), Node::string(cpu.model));
  std::vector<std::string> names;
  for (Isa isa : supported_isas()) names.emplace_back(name_of(isa));
  found.fact("instructions", concat(name_of(best_isa()), ", of ", join(names)),
             Node::string(std::string(name_of(best_isa()))));
  names.clear();
  for (Bf16Unit unit : supported_bf16_units()) names.emplace_back(name_of(unit));
  const Bf16Unit unit = best_bf16_unit(best_isa());
  found.fact("bf16",
             unit == Bf16Unit::emulated ? "emulated: products of bf16 are calculated in f32"
                                        : concat(name_of(unit), ", of ", join(names)),
             Node::string(std::string(name_of(unit))));
  if (best_isa() == Isa::portable)
    found.warning(
        "the processor or its virtual machine offers neither avx2 nor avx512, so dlcli uses its slowest kernels",
        "give the virtual machine the host's processor type (QEMU: -cpu host)");
}

void threads(Findings& found) {
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  const int affinity =
      sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : static_cast<int>(online);
  std::ifstream file("/proc/self/cgroup");
  const double quota = cgroup_cores("/sys/fs/cgroup", {std::istreambuf_iterator<char>(file), {}});
  std::string why = concat(online, " online, ", affinity, " allowed by affinity, ");
  why += quota > 0 ? concat("a quota of ", number_text(quota), " by the control group") : "no quota";
  const CoreGrant grant = core_grant();
  if (grant.cores > 0) why += concat(", ", grant.variable, "=", grant.cores);
  found.fact("threads", concat(usable_cores(), ": ", why), Node::integer(usable_cores()));
  if (usable_cores() < allowed_cores())
    found.warning(concat("by ", grant.variable, " a program takes ", usable_cores(), " of the ", allowed_cores(),
                         " cores that it may use"),
                  "ask the batch system for more, or write --threads N");
  else if (usable_cores() < online)
    found.warning(concat("this process may use ", usable_cores(), " of ", online, " cores"),
                  "ask whoever started it for more: taskset, docker --cpus, the job's --cpus-per-task");
}

void speeds(Findings& found) {
  ThreadTeam one(1), all(usable_cores());
  Node peaks = Node::map();
  const auto peak = [&](std::string_view name, double single, double together) {
    found.fact(concat("peak ", name), concat(gflops(single), " on one core, ", gflops(together), " on ", all.size()),
               Node::null());
    peaks.set(std::string(name), json_object({{"one", Node::number(single)}, {"all", Node::number(together)}}));
  };
  double best_peak = 0;
  for (Isa isa : supported_isas()) {
    const double together = fma_peak_gflops(isa, all);
    best_peak = std::max(best_peak, together);
    peak(name_of(isa), fma_peak_gflops(isa, one), together);
  }
  for (Bf16Unit unit : {Bf16Unit::avx512_bf16, Bf16Unit::amx}) {
    if (supported(unit))
      peak(name_of(unit), bf16_peak_gflops(unit, one), bf16_peak_gflops(unit, all));
    else
      found.fact(concat("peak ", name_of(unit)), "not on this processor", Node::null());
  }
  found.fact("peak_gflops", "", std::move(peaks));
  const std::vector<MemoryLevel> alone = measure_memory(one), shared = measure_memory(all);
  Node levels = Node::map();
  const auto add = [&](const std::string& name, const MemoryLevel& single, const MemoryLevel& together) {
    const double one_gbps = 1e-9 * single.bytes_per_s, all_gbps = 1e-9 * together.bytes_per_s;
    found.fact(name, concat(one_digit(one_gbps), " GB/s on one core, ", one_digit(all_gbps), " GB/s on ", all.size()),
               Node::null());
    levels.set(name, json_object({{"one_gbps", Node::number(one_gbps)}, {"all_gbps", Node::number(all_gbps)}}));
  };
  // As many levels on one core as on all, but where one core's share of a cache is nothing to speak of.
  for (size_t i = 0; i < std::min(alone.size(), shared.size()); ++i) add(shared[i].name, alone[i], shared[i]);
  found.fact("memory_levels", "", std::move(levels));
  if (all.size() > 1) {
    const double ns = hand_over_ns(all);
    found.fact("between cores", concat(std::lround(ns), " ns for a cache line to the slowest core and back"),
               Node::null());
    found.fact("hand_over_ns", "", Node::number(ns));
  }
  const double one_core = matmul_gflops(1024, 1), ours = matmul_gflops(1024, all.size());
  found.fact("matmul",
             concat(gflops(one_core), " on one core, ", gflops(ours), " on ", all.size(), ", ",
                    percent(ours / best_peak), " of the peak, 1024 × 1024"),
             json_object({{"one", Node::number(one_core)}, {"all", Node::number(ours)}}));
  double load = 0;
  if (getloadavg(&load, 1) == 1 && load > 1.5 * usable_cores())
    found.warning(concat("other programs keep the processor busy (load ", one_digit(load), " on ", usable_cores(),
                         " cores), so speeds are measured too low"),
                  "measure again when they are done");
  else if (ours < 0.5 * best_peak)
    found.warning(concat("matrix products reach ", percent(ours / best_peak), " of what the processor can do"),
                  "close other programs and measure again; if it stays so, please report it with this page");
}

// The description that kernels are chosen by, measured anew and kept.
void description(Findings& found) {
  const Machine m = measure_machine();
  const double clock = 1e-9 * m.clock(best_isa());
  std::string text = concat(gflops(1e-9 * m.flops(best_isa())), " a core");
  if (clock > 0) text += concat(" at ", one_digit(clock), " GHz");
  const std::pair<const char*, double> rates[] = {
      {"L2", m.l2_rate}, {"L3", m.l3_rate}, {"memory", m.memory_rate}, {"memory by all", m.memory_rate_of_all}};
  for (const auto& [name, rate] : rates) text += concat(", ", name, " ", one_digit(1e-9 * rate), " GB/s");
  if (m.hand_over_ns > 0) text += concat(", ", std::lround(m.hand_over_ns), " ns between cores");
  const fs::path folder = cache_folder();
  found.fact("kernels", concat("chosen by: ", text, folder.empty() ? "" : concat("; kept in ", folder.string())),
             json_object({{"l1_bytes", Node::integer(m.l1_bytes)},
                          {"l2_bytes", Node::integer(m.l2_bytes)},
                          {"l3_bytes", Node::integer(m.l3_bytes)},
                          {"f32_gflops", Node::number(1e-9 * m.flops(best_isa()))},
                          {"bf16_gflops", Node::number(1e-9 * m.bf16_flops)},
                          {"clock_ghz", Node::number(clock)},
                          {"l2_gbps", Node::number(1e-9 * m.l2_rate)},
                          {"l3_gbps", Node::number(1e-9 * m.l3_rate)},
                          {"memory_gbps", Node::number(1e-9 * m.memory_rate)},
                          {"memory_gbps_of_all", Node::number(1e-9 * m.memory_rate_of_all)},
                          {"hand_over_ns", Node::number(m.hand_over_ns)},
                          {"kept_in", Node::string(folder.string())}}));
}

// Beside our own kernels; trainer.blas may name it. Begins before any thread is started.
class OpenBlas {
 public:
  void measure(Findings& found) const {
    if (!Blas::find()) return found.fact("openblas", Blas::description(), Node::null());
    const double speed = openblas_gflops(1024);
    const std::string& core = Blas::find()->core();
    std::string why = set_by_user_ ? " as OPENBLAS_CORETYPE says" : "";
    if (!own_choice_.empty() && own_choice_ != core) why += ", by itself it takes " + own_choice_;
    found.fact(
        "openblas", concat(gflops(speed), " on one core with ", core, " kernels", why),
        json_object(
            {{"one", Node::number(speed)}, {"core", Node::string(core)}, {"own_choice", Node::string(own_choice_)}}));
  }

 private:
  const bool set_by_user_ = std::getenv("OPENBLAS_CORETYPE") != nullptr;
  const std::string own_choice_ = Blas::own_choice();
};

void data_sets(Findings& found) {
  Node sets = Node::map();
  std::set<std::string> seen;
  for (const fs::path& folder : description_folders(".")) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
      const std::string name = entry.path().stem().string();
      if (entry.path().extension() != ".yaml" || !seen.insert(name).second) continue;
      std::vector<Problem> problems;
      Source source;
      std::string state;
      if (!Codec<Source>::read(Node::string(name), source, {}, Reading(problems))) {
        state = problems.front().what;
      } else {
        try {
          const DatasetPointer train = open_part(source, "train", ".");
          state = count(static_cast<double>(train->size())) + " samples to train";
        } catch (const Error& error) {  // a missing set is a finding, not a failure
          const Problem& problem = error.problems().front();
          state = "not here" + (problem.help.empty() ? "" : "; help: " + problem.help);
        }
      }
      found.fact("data " + name, state, Node::null());
      sets.set(name, Node::string(state));
    }
  }
  found.fact("data_sets", "", std::move(sets));
  if (seen.empty())
    found.warning("no description of a data set was found",
                  "start dlcli in the folder that has datasets/, or set DLCLI_DATA");
}

Node library_json(const GpuLibrary& library) {
  if (library.path.empty()) return Node::null();
  return json_object({{"version", Node::string(library.version)}, {"path", Node::string(library.path)}});
}

// What the device "cuda" has here. Without a GPU nothing is amiss: most machines have none.
void gpus(Findings& found) {
  const GpuSurvey survey = survey_gpus();
  const bool there = !survey.gpus.empty();
  if (!there) found.fact("gpu", "none that can be used: " + survey.problem.what, Node::null());
  for (size_t i = 0; i < survey.gpus.size(); ++i)
    found.fact(i == 0 ? "gpu" : concat("gpu ", i), survey.gpus[i], Node::null());
  if (there) found.fact("gpu driver", concat("knows CUDA ", survey.driver), Node::null());
  Node libraries = Node::map();
  for (const GpuLibrary& library : survey.libraries) {
    libraries.set(library.name, library_json(library));
    const std::string which = library.path.empty() ? "not found" : concat(library.version, ", ", library.path);
    if (there || !library.path.empty()) found.fact(library.name, concat(which, ": ", library.use), Node::null());
    for (const std::string& file : library.refused) found.fact(library.name, "does not load: " + file, Node::null());
    if (there && library.path.empty() && !library.help.empty())
      found.warning(concat(library.name, ", which ", library.use, " on the GPU, is not found"), library.help);
  }
  if (survey.limits) found.fact("gpu limits", limits_text(*survey.limits), Node::null());
  if (there && !survey.problem.what.empty())
    found.warning("the GPU could not be measured: " + survey.problem.what, survey.problem.help);
  found.fact("cuda", "",
             json_object({{"gpus", json_list(survey.gpus)},
                          {"driver", there ? Node::string(survey.driver) : Node::null()},
                          {"problem", survey.problem.what.empty() ? Node::null() : Node::string(survey.problem.what)},
                          {"libraries", std::move(libraries)},
                          {"limits", survey.limits ? limits_json(*survey.limits) : Node::null()}}));
}

void huge_pages(Findings& found) {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string words{std::istreambuf_iterator<char>(file), {}};
  const size_t begin = words.find('['), end = words.find(']');
  if (begin == std::string::npos || end < begin)
    return found.fact("huge pages", "not offered by this system", Node::null());
  const std::string chosen = words.substr(begin + 1, end - begin - 1);
  found.fact("huge pages", chosen == "never" ? "switched off" : chosen + ": used from 1 MiB on", Node::string(chosen));
  if (chosen == "never")
    found.warning("huge pages are switched off, so large tensors cost more time in the processor's tables of pages",
                  "as root: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
}

void surroundings(Findings& found) {
  const Output& out = standard_output();
  found.fact("terminal",
             out.is_terminal() ? concat(out.columns(), " columns, ", out.colours() ? "colours" : "no colours", ", ",
                                        out.unicode() ? "UTF-8" : "not UTF-8")
                               : "none: a plain line now and then instead of a progress bar",
             Node::boolean(out.is_terminal()));
  std::error_code error;
  const fs::space_info space = fs::space(".", error);
  if (error) return;
  found.fact("disk", bytes_text(static_cast<double>(space.available)) + " free here, where runs/ is written",
             Node::integer(static_cast<int64_t>(space.available)));
  if (space.available < (uint64_t{1} << 30))
    found.warning(bytes_text(static_cast<double>(space.available)) + " are free on this disk",
                  "make room, or start dlcli in a folder on another disk");
}

// What decodes images, and what is amiss without it.
void images(Findings& found) {
  const std::vector<std::string> built = image_decoders();
  std::vector<Node> names;
  for (const std::string& name : built) names.push_back(Node::string(name));
  found.fact("images", concat(join(image_formats()), " by ", join(built)), Node::list(std::move(names)));
  struct Library {
    const char *name, *package, *without;
  };
  for (const auto& [name, package, without] :
       {Library{"libjpeg-turbo", "libjpeg-dev", "JPEG is decoded by stb_image, which broken files can overrun"},
        Library{"libpng", "libpng-dev", "PNG is decoded by stb_image"},
        Library{"libtiff", "libtiff-dev", "TIFF is not read"}, Library{"libwebp", "libwebp-dev", "WebP is not read"}})
    if (std::ranges::count(built, name) == 0)
      found.warning(concat("built without ", name, ": ", without), concat("install ", package, " and build again"));
}

class Doctor final : public Command {
 public:
  std::string summary() const override { return "what this machine has, what is used of it, how fast it is"; }
  std::vector<std::string> other_names() const override {
    return {"diagnose", "env", "hardware", "info", "system", "download", "datasets"};
  }

  void declare(CLI::App& app) override {
    declare_json(app, json_);
    examples(app, {{"dlcli doctor", "three seconds of measuring"}, {"dlcli doctor --json", "for scripts and reports"}});
  }

  Exit run() override {
    Findings found;
    const OpenBlas openblas;
    processor(found);
    threads(found);
    huge_pages(found);
    description(found);
    speeds(found);
    openblas.measure(found);
    gpus(found);
    images(found);
    data_sets(found);
    surroundings(found);
    print(json_ ? json_line(found.json()) : found.text(), true);
    return Exit::done;
  }

 private:
  bool json_ = false;
};

DL_COMMAND(Doctor, "doctor");

}  // namespace
}  // namespace dl
