#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <pqxx/binarystring>

#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>

namespace holdfast::store::postgres {

/// Statement parameters in PostgreSQL's binary format: nothing to escape here, nothing to parse there.
using Parameter = pqxx::binarystring;
using Parameters = std::vector<Parameter>;

Parameter bigint_parameter(std::int64_t value);
Parameter integer_parameter(std::int32_t value);
/// Also for json: its binary format is its text.
Parameter text_parameter(std::string_view value);
Parameter uuid_parameter(const Uuid& value);
Parameter bool_parameter(bool value);

/// One-dimensional array, built element by element.
class ArrayBuilder {
 public:
  /// `element_type` is the type's oid in pg_type.
  ArrayBuilder(std::uint32_t element_type, std::size_t size);

  void append(std::string_view bytes);
  void append(const Uuid& id);
  void append(Timestamp t);  ///< Timestamp::max() is 'infinity', min() is '-infinity'
  void append(std::nullopt_t);
  template <class T>
    requires std::is_arithmetic_v<T>
  void append(T value) {
    integer(static_cast<std::int64_t>(value), sizeof(T));
  }
  void append(Duration d) { append(std::int64_t{d.count()}); }
  template <class T>
  void append(const std::optional<T>& value) {
    if (value)
      append(*value);
    else
      append(std::nullopt);
  }

  Parameter finish();

 private:
  void integer(std::int64_t value, std::size_t bytes);

  std::string data_;
  bool has_null_ = false;
  std::uint32_t element_type_;
  std::uint32_t count_ = 0;
};

namespace oid {
inline constexpr std::uint32_t kBool = 16, kBigint = 20, kSmallint = 21, kInteger = 23, kText = 25, kJson = 114,
                               kTimestamptz = 1184, kUuid = 2950;
}

/// An array of get(item) for every item. The result of `get` must have the width of the element type.
template <class Range, class Get>
Parameter array_of(std::uint32_t element_type, const Range& items, Get get) {
  ArrayBuilder array(element_type, items.size());
  for (const auto& item : items) array.append(get(item));
  return array.finish();
}
template <class Range>
Parameter uuid_array(const Range& ids) {
  return array_of(oid::kUuid, ids, [](const Uuid& id) { return id; });
}
template <class Range>
Parameter text_array(const Range& texts) {
  return array_of(oid::kText, texts, [](const auto& text) { return std::string_view(text); });
}

/// NULL for an empty text: payloads that are not there.
inline std::optional<std::string_view> unless_empty(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace holdfast::store::postgres
