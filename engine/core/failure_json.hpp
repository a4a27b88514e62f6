#pragma once

#include <string>

#include <holdfast/core/failure.hpp>
#include <holdfast/core/json_reader.hpp>

namespace holdfast {

/// encode_failure and decode_failure as parts of a larger text.
void append_failure(std::string& out, const Failure& failure);
Failure read_failure(JsonReader& reader);

}  // namespace holdfast
