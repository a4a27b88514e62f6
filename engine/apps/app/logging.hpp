#pragma once

#include <string>

namespace app {

/// The default spdlog logger writes to standard error from now on: text for people, or one JSON object per line with
/// time, level and message. `level`: trace, debug, info, warning, error or off.
/// Throws std::invalid_argument for another level or format.
void set_up_logging(const std::string& level, const std::string& format);

}  // namespace app
