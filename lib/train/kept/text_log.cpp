// The only user of spdlog.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/text_log.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

namespace dl {
namespace {

using Write = std::function<void(std::string_view)>;

// Observers are told by one thread, so that nothing is to be locked; nothing is held back, so that nothing is flushed.
class WriteSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit WriteSink(Write write) : write_(std::move(write)) {
    set_formatter_(
        std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%SZ %v", spdlog::pattern_time_type::utc, "\n"));
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    write_({line.data(), line.size()});
  }
  void flush_() override {}

  const Write write_;
};

}  // namespace

struct TextLog::Impl {
  explicit Impl(Write write) : logger("run", std::make_shared<WriteSink>(std::move(write))) {}
  spdlog::logger logger;
};

TextLog::TextLog(Write write) : impl_(std::make_unique<Impl>(std::move(write))) {}
TextLog::~TextLog() = default;

void TextLog::line(const std::string& text) { impl_->logger.log(spdlog::level::info, spdlog::string_view_t(text)); }

}  // namespace dl
