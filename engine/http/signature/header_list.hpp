#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::http {

/// HTTP header fields in the order in which they were received or will be sent.
/// Names are compared without regard to case, as HTTP requires. A name may occur more than once.
class HeaderList {
 public:
  using Field = std::pair<std::string, std::string>;

  HeaderList() = default;
  HeaderList(std::initializer_list<Field> fields) : fields_(fields) {}

  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }

  /// Value of the first field with this name; the view lives as long as the list is unchanged.
  std::optional<std::string_view> find(std::string_view name) const;

  const std::vector<Field>& fields() const { return fields_; }
  bool empty() const { return fields_.empty(); }

 private:
  std::vector<Field> fields_;
};

/// ASCII comparison without regard to case.
bool equal_ignoring_case(std::string_view left, std::string_view right);

/// Without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace holdfast::http
