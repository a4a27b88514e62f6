#pragma once

#include <string_view>

/// The text of platform-worker.yaml as it was when this program was built.
extern const std::string_view kDefaultConfig;
