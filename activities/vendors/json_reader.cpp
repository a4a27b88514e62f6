#include <activities/vendors/json_reader.hpp>

#include <boost/json/parse.hpp>

namespace platform::vendors {

std::optional<boost::json::value> parse_json(std::string_view text) {
  boost::system::error_code error;
  boost::json::parse_options options;
  options.max_depth = 64;
  auto value = boost::json::parse(text, error, {}, options);
  if (error) return std::nullopt;
  return value;
}

const boost::json::value* member(const boost::json::value& value, std::initializer_list<std::string_view> path) {
  const auto* current = &value;
  for (const auto name : path) {
    const auto* object = current->if_object();
    current = object == nullptr ? nullptr : object->if_contains(name);
    if (current == nullptr) return nullptr;
  }
  return current;
}

std::string_view string_member(const boost::json::value& value, std::initializer_list<std::string_view> path) {
  const auto* found = member(value, path);
  if (found == nullptr || !found->is_string()) return {};
  return found->get_string();
}

std::int64_t integer_member(const boost::json::value& value, std::initializer_list<std::string_view> path) {
  const auto* found = member(value, path);
  if (found == nullptr || !found->is_int64()) return 0;
  return found->get_int64();
}

const boost::json::value* element(const boost::json::value& value, std::initializer_list<std::string_view> path,
                                  std::size_t index) {
  const auto* found = member(value, path);
  const auto* array = found == nullptr ? nullptr : found->if_array();
  return array == nullptr || index >= array->size() ? nullptr : &(*array)[index];
}

}  // namespace platform::vendors
