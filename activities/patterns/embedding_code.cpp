#include <activities/patterns/embedding_code.hpp>

#include <cmath>
#include <stdexcept>

namespace platform::patterns {
namespace {

template <class T>
Code encode(std::span<const T> values) {
  double square = 0;
  for (const T value : values) square += static_cast<double>(value) * static_cast<double>(value);
  if (!std::isfinite(square)) throw std::invalid_argument("an embedding has a component that is not a finite number");
  Code code(values.size());
  if (square == 0) return code;
  const double scale = kUnit / std::sqrt(square);
  for (std::size_t i = 0; i < code.size(); ++i)
    code[i] = static_cast<std::int16_t>(std::lround(static_cast<double>(values[i]) * scale));
  return code;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  throw std::invalid_argument("an embedding's code is not hexadecimal");
}

}  // namespace

Code encode_embedding(std::span<const float> embedding) { return encode(embedding); }

Code encode_sum(std::span<const std::int64_t> sum) { return encode(sum); }

std::string code_bytes(std::span<const std::int16_t> code) {
  std::string bytes;
  bytes.reserve(code.size() * 2);
  for (const auto component : code) {
    const auto bits = static_cast<std::uint16_t>(component);
    bytes += static_cast<char>(bits & 0xFF);
    bytes += static_cast<char>(bits >> 8);
  }
  return bytes;
}

Code code_from_hex(std::string_view hex, std::size_t dimensions) {
  if (hex.size() != 2 + dimensions * 4 || !hex.starts_with("\\x"))
    throw std::invalid_argument("an embedding's code has " + std::to_string(hex.size()) + " characters, allowed are " +
                                std::to_string(2 + dimensions * 4));
  Code code(dimensions);
  const char* at = hex.data() + 2;
  for (auto& component : code) {
    const int low = digit(at[0]) << 4 | digit(at[1]);
    const int high = digit(at[2]) << 4 | digit(at[3]);
    component = static_cast<std::int16_t>(static_cast<std::uint16_t>(high << 8 | low));
    at += 4;
  }
  return code;
}

std::string code_to_hex(std::span<const std::int16_t> code) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex = "\\x";
  hex.reserve(2 + code.size() * 4);
  for (const auto component : code) {
    const auto bits = static_cast<std::uint16_t>(component);
    for (const int shift : {4, 0, 12, 8}) hex += kDigits[bits >> shift & 0xF];
  }
  return hex;
}

}  // namespace platform::patterns
