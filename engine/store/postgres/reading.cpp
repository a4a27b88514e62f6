#include <holdfast/store/postgres/reading.hpp>

#include <charconv>
#include <stdexcept>

namespace holdfast::store::postgres {

std::int64_t integer(const pqxx::field& f) {
  if (f.is_null()) return 0;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(f.c_str(), f.c_str() + f.size(), value);
  if (error != std::errc{} || end != f.c_str() + f.size()) {
    throw std::logic_error("column " + std::string(f.name()) + " is no integer: " + text(f));
  }
  return value;
}

Uuid uuid(const pqxx::field& f) { return f.is_null() ? Uuid{} : Uuid::parse(view(f)); }
Timestamp time_of(const pqxx::field& f) { return Timestamp(Duration(integer(f))); }

std::optional<Timestamp> optional_time(const pqxx::field& f) {
  return f.is_null() ? std::nullopt : std::optional(time_of(f));
}

std::vector<std::int64_t> read_integers(std::string_view array) {
  std::vector<std::int64_t> out;
  for (std::size_t at = 1; at + 1 < array.size();) {
    const std::size_t end = array.find_first_of(",}", at);
    std::from_chars(array.data() + at, array.data() + end, out.emplace_back());
    at = end + 1;
  }
  return out;
}

std::optional<Failure> optional_failure(const pqxx::field& f) {
  return f.is_null() ? std::nullopt : std::optional(decode_failure(view(f)));
}

}  // namespace holdfast::store::postgres
