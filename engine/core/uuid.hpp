#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <holdfast/core/time.hpp>

namespace holdfast {

/// A 128-bit identifier (RFC 9562). A value; default-constructed it is the nil UUID.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  bool is_nil() const { return *this == Uuid{}; }

  /// Lower-case, with hyphens.
  std::string to_string() const;
  /// Accepts exactly the 36-character form, any case. Throws std::invalid_argument naming the text.
  static Uuid parse(std::string_view text);
};

/// UUIDv7 (RFC 9562 §5.7) from its parts: milliseconds since 1970 and 74 random bits (the rest of `random` is ignored).
/// Pure; callers own the clock and the random source.
Uuid make_uuid_v7(std::chrono::milliseconds unix_time, const std::array<std::uint8_t, 10>& random);

/// The time inside a UUIDv7.
std::chrono::milliseconds uuid_v7_time(const Uuid& id);

}  // namespace holdfast

template <>
struct std::hash<holdfast::Uuid> {
  std::size_t operator()(const holdfast::Uuid& id) const noexcept {
    // The low half of a UUIDv7 is random, so it is a good hash as it stands.
    std::uint64_t low = 0;
    for (int i = 8; i < 16; ++i) low = low << 8 | id.bytes[static_cast<std::size_t>(i)];
    return low;
  }
};
