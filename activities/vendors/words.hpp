#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace platform::vendors {

/// Lower-case words without those that say nothing about the subject ("the", "customer", "please"). ASCII letters and
/// digits; other alphabets are taken byte by byte as they are.
std::vector<std::string> subject_words(std::string_view text);

}  // namespace platform::vendors
