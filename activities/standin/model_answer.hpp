#pragma once

#include <string>
#include <string_view>

namespace platform::standin {

/// What the stand-in language models answer: {"items":[{"text","kind","due"}]} with one item per line of the prompt
/// that says "please". The same prompt gives the same answer.
std::string model_answer(std::string_view prompt);

}  // namespace platform::standin
