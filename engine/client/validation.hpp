#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <holdfast/store/types.hpp>

namespace holdfast::client {

/// Checks on values before anything is sent. All throw store::InvalidArgument with a message that names the field, the
/// value and what is allowed.

/// 1 to `max_bytes` bytes of UTF-8 without NUL.
void check_name(std::string_view field, std::string_view value, std::size_t max_bytes = 255);
/// At most `max_bytes` bytes of UTF-8 without NUL; may be empty.
void check_text(std::string_view field, std::string_view value, std::size_t max_bytes);
/// One JSON value of at most `max_bytes` bytes.
void check_payload(std::string_view field, std::string_view json, std::size_t max_bytes);
/// Empty, or one JSON object.
void check_object(std::string_view field, std::string_view json, std::size_t max_bytes);

/// A run is named by a workflow id or a run id.
void check_run_key(const store::RunKey& run);
void check_new_run(const store::NewRun& run, std::size_t max_payload_bytes);
void check_message(const store::NewMessage& message, std::size_t max_payload_bytes);

/// The value for an error message: quoted, with what cannot be shown escaped, cut after 60 bytes.
std::string quoted(std::string_view value);

}  // namespace holdfast::client
