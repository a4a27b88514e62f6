#include <app/logging.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>

#include <fmt/chrono.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace app {
namespace {

/// spdlog has no JSON of its own, and its patterns do not escape.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const auto micros = std::chrono::floor<std::chrono::microseconds>(message.time);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(micros);
    fmt::format_to(std::back_inserter(out), R"({{"time":"{:%Y-%m-%dT%H:%M:%S}.{:06}Z","level":"{}","message":")",
                   fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), (micros - seconds).count(),
                   level_name(message.level));
    for (const char c : message.payload) append_escaped(out, c);
    fmt::format_to(std::back_inserter(out), "\"}}\n");
  }

  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }

 private:
  static std::string_view level_name(spdlog::level::level_enum level) {
    const auto name = spdlog::level::to_string_view(level);
    return {name.data(), name.size()};
  }

  static void append_escaped(spdlog::memory_buf_t& out, char c) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out.push_back(c);
    }
  }
};

constexpr std::array kLevels = {"trace", "debug", "info", "warning", "error", "off"};

}  // namespace

void set_up_logging(const std::string& level, const std::string& format) {
  if (std::ranges::find(kLevels, level) == kLevels.end())
    throw std::invalid_argument("log level is '" + level + "'; allowed: trace, debug, info, warning, error, off");
  if (format != "text" && format != "json")
    throw std::invalid_argument("log format is '" + format + "'; allowed: text, json");
  auto logger = std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  if (format == "json")
    logger->set_formatter(std::make_unique<JsonFormatter>());
  else
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-7l %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace app
