#include <activities/vendors/language_model.hpp>

namespace platform::vendors {

namespace json = boost::json;

void throw_bad_answer(std::string_view vendor, std::string_view what) {
  throw VendorError({.kind = VendorErrorKind::retry,
                     .vendor = std::string(vendor),
                     .status = 200,
                     .code = "bad_answer",
                     .message = std::string(what)});
}

json::value object_schema(json::object properties) {
  json::array required;
  for (const auto& property : properties) required.emplace_back(property.key());
  return json::object{{"type", "object"},
                      {"properties", std::move(properties)},
                      {"required", std::move(required)},
                      {"additionalProperties", false}};
}

json::value array_schema(json::value items) { return json::object{{"type", "array"}, {"items", std::move(items)}}; }

json::value string_schema() { return json::object{{"type", "string"}}; }

}  // namespace platform::vendors
