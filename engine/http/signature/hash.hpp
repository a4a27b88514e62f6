#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::http {

enum class HashAlgorithm { sha1, sha256, sha512 };

/// "sha1", "sha256" or "sha512"; nothing for any other name.
std::optional<HashAlgorithm> hash_algorithm(std::string_view name);

/// Raw digest bytes. Throws std::runtime_error only if OpenSSL cannot provide the algorithm.
std::string hmac(HashAlgorithm algorithm, std::string_view key, std::string_view message);
std::string digest(HashAlgorithm algorithm, std::string_view message);

std::string hex_encode(std::string_view bytes);
/// Either case; nothing if the length is odd or a character is not a hex digit.
std::optional<std::string> hex_decode(std::string_view text);

/// Standard alphabet with padding, no line breaks.
std::string base64_encode(std::string_view bytes);
/// Strict: standard alphabet, padded to a multiple of four, no white space; nothing otherwise.
std::optional<std::string> base64_decode(std::string_view text);

/// Compares in a time that depends on the lengths only.
bool equal_in_constant_time(std::string_view left, std::string_view right);

/// Cryptographically strong random bytes. Throws std::runtime_error if the system has none to give.
std::string random_bytes(std::size_t count);

}  // namespace holdfast::http
