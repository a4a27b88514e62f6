#include <holdfast/core/uuid.hpp>

#include <stdexcept>

namespace holdfast {
namespace {

[[noreturn]] void reject(std::string_view text) {
  throw std::invalid_argument("not a UUID, such as 017f22e2-79b0-7cc3-98c4-dc0c0c07398f: \"" +
                              std::string(text.substr(0, 64)) + "\"");
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// True where the text form has a hyphen before byte `i`.
constexpr bool hyphen_before(std::size_t i) { return i == 4 || i == 6 || i == 8 || i == 10; }

}  // namespace

std::string Uuid::to_string() const {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out(36, '-');
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (hyphen_before(i)) ++at;
    out[at++] = kHex[bytes[i] >> 4];
    out[at++] = kHex[bytes[i] & 15];
  }
  return out;
}

Uuid Uuid::parse(std::string_view text) {
  if (text.size() != 36) reject(text);
  Uuid id;
  std::size_t at = 0;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (hyphen_before(i) && text[at++] != '-') reject(text);
    const int high = hex_value(text[at++]);
    const int low = hex_value(text[at++]);
    if (high < 0 || low < 0) reject(text);
    id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return id;
}

Uuid make_uuid_v7(std::chrono::milliseconds unix_time, const std::array<std::uint8_t, 10>& random) {
  Uuid id;
  const auto time = static_cast<std::uint64_t>(unix_time.count());
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(time >> (40 - 8 * i));
  for (std::size_t i = 0; i < random.size(); ++i) id.bytes[6 + i] = random[i];
  id.bytes[6] = static_cast<std::uint8_t>(0x70 | (id.bytes[6] & 0x0f));  // version 7
  id.bytes[8] = static_cast<std::uint8_t>(0x80 | (id.bytes[8] & 0x3f));  // variant 10
  return id;
}

std::chrono::milliseconds uuid_v7_time(const Uuid& id) {
  std::int64_t time = 0;
  for (std::size_t i = 0; i < 6; ++i) time = time << 8 | id.bytes[i];
  return std::chrono::milliseconds(time);
}

}  // namespace holdfast
