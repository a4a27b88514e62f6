#include <holdfast/store/postgres/parameters.hpp>

namespace holdfast::store::postgres {
namespace {

// PostgreSQL counts from 2000-01-01.
constexpr std::int64_t kEpochOffset = 946684800000000;
constexpr std::size_t kHeaderSize = 20;

void put(std::string& out, std::uint64_t value, std::size_t bytes) {
  char buffer[8];
  for (std::size_t i = 0; i < bytes; ++i) buffer[i] = static_cast<char>(value >> (8 * (bytes - 1 - i)));
  out.append(buffer, bytes);
}

Parameter fixed(std::int64_t value, std::size_t bytes) {
  std::string data;
  put(data, static_cast<std::uint64_t>(value), bytes);
  return Parameter(data);
}

}  // namespace

Parameter bigint_parameter(std::int64_t value) { return fixed(value, 8); }
Parameter integer_parameter(std::int32_t value) { return fixed(value, 4); }
Parameter bool_parameter(bool value) { return fixed(value, 1); }
Parameter text_parameter(std::string_view value) { return Parameter(value.data(), value.size()); }
Parameter uuid_parameter(const Uuid& value) { return Parameter(value.bytes.data(), value.bytes.size()); }

// The format is array_send's in the server: dimensions, null flag, element type, length, lower bound, elements.
ArrayBuilder::ArrayBuilder(std::uint32_t element_type, std::size_t size) : element_type_(element_type) {
  data_.reserve(kHeaderSize + size * 20);
  data_.assign(kHeaderSize, '\0');
}

void ArrayBuilder::append(std::string_view bytes) {
  put(data_, bytes.size(), 4);
  data_.append(bytes);
  ++count_;
}

void ArrayBuilder::append(const Uuid& id) {
  append(std::string_view(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()));
}

void ArrayBuilder::append(Timestamp t) {
  const std::int64_t micros = t.time_since_epoch().count();
  const bool finite = t != Timestamp::max() && t != Timestamp::min();
  integer(finite ? micros - kEpochOffset : micros, 8);
}

void ArrayBuilder::append(std::nullopt_t) {
  put(data_, 0xffffffff, 4);
  has_null_ = true;
  ++count_;
}

void ArrayBuilder::integer(std::int64_t value, std::size_t bytes) {
  put(data_, bytes, 4);
  put(data_, static_cast<std::uint64_t>(value), bytes);
  ++count_;
}

Parameter ArrayBuilder::finish() {
  std::string header;
  put(header, count_ == 0 ? 0 : 1, 4);
  put(header, has_null_, 4);
  put(header, element_type_, 4);
  if (count_ == 0) return Parameter(header);
  put(header, count_, 4);
  put(header, 1, 4);
  data_.replace(0, kHeaderSize, header);
  return Parameter(data_);
}

}  // namespace holdfast::store::postgres
