#include <holdfast/visibility/decimal.hpp>

#include <charconv>

namespace holdfast::visibility {
namespace {

constexpr std::string_view kDigits = "0123456789";

/// Takes digits off the front of `text`.
std::string_view take_digits(std::string_view& text) {
  const auto digits = text.substr(0, text.find_first_not_of(kDigits));
  text.remove_prefix(digits.size());
  return digits;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// What stands after the e; nullopt: nonsense.
std::optional<std::int64_t> read_exponent(std::string_view text) {
  constexpr std::int64_t kLargest = 100'000;
  take(text, '+');
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < -kLargest || value > kLargest)
    return std::nullopt;
  return value;
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  Decimal out;
  out.text_ = text;
  out.negative_ = take(text, '-');
  const auto whole = take_digits(text);
  if (whole.empty() || (whole.size() > 1 && whole[0] == '0')) return std::nullopt;
  std::string_view fraction;
  if (take(text, '.')) {
    fraction = take_digits(text);
    if (fraction.empty()) return std::nullopt;
  }
  std::int64_t exponent = 0;
  if (take(text, 'e') || take(text, 'E')) {
    const auto read = read_exponent(text);
    if (!read) return std::nullopt;
    exponent = *read;
  } else if (!text.empty()) {
    return std::nullopt;
  }
  out.digits_ = std::string(whole) + std::string(fraction);
  out.magnitude_ = exponent + static_cast<std::int64_t>(whole.size());
  const auto first = out.digits_.find_first_not_of('0');
  if (first == std::string::npos) {
    out.digits_.clear();
    out.magnitude_ = 0;
    out.negative_ = false;
    return out;
  }
  out.digits_ = out.digits_.substr(first, out.digits_.find_last_not_of('0') + 1 - first);
  out.magnitude_ -= static_cast<std::int64_t>(first);
  return out;
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  const auto sign = [](const Decimal& d) { return d.digits_.empty() ? 0 : d.negative_ ? -1 : 1; };
  if (const auto by_sign = sign(*this) <=> sign(other); by_sign != 0 || digits_.empty()) return by_sign;
  // Both have the sign and are not zero; digits without zeros at the end compare like texts.
  const auto by_magnitude = magnitude_ <=> other.magnitude_;
  const auto larger = by_magnitude != 0 ? by_magnitude : digits_.compare(other.digits_) <=> 0;
  return negative_ ? 0 <=> larger : larger;
}

}  // namespace holdfast::visibility
