#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/core/failure.hpp>
#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>

namespace wfctl {

/// Builds a JSON object member by member. Payloads go in as they are, so that a number of any length stays exact.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value);
  JsonObject& number(std::string_view name, std::int64_t value);
  JsonObject& flag(std::string_view name, bool value);
  JsonObject& time(std::string_view name, holdfast::Timestamp value);
  /// null when there is none: the member itself is always there.
  JsonObject& time(std::string_view name, const std::optional<holdfast::Timestamp>& value);
  /// The nil id writes null.
  JsonObject& uuid(std::string_view name, const holdfast::Uuid& value);
  /// JSON text; empty writes null.
  JsonObject& json(std::string_view name, std::string_view value);
  JsonObject& failure(std::string_view name, const std::optional<holdfast::Failure>& value);
  JsonObject& texts(std::string_view name, const std::vector<std::string>& values);

  std::string str() const { return text_ + "}"; }

 private:
  void member(std::string_view name);
  std::string text_ = "{";
};

/// "[a,b]" of JSON texts.
std::string json_array(const std::vector<std::string>& items);

/// The same JSON text with line breaks and two spaces per level; tokens are copied, never rewritten.
std::string pretty_json(std::string_view json);

}  // namespace wfctl
