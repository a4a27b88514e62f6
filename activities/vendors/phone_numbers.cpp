#include <activities/vendors/phone_numbers.hpp>

#include <holdfast/http/signature/hash.hpp>

namespace platform::vendors {

PhoneNumber LocalPhoneNumbers::provision(const std::string& organization_id, const std::string&) {
  const auto digest = holdfast::http::digest(holdfast::http::HashAlgorithm::sha256, organization_id);
  std::string number = "+999";
  for (std::size_t i = 0; i < 12; ++i) number += static_cast<char>('0' + static_cast<unsigned char>(digest[i]) % 10);
  return {number, "local:" + number};
}

}  // namespace platform::vendors
