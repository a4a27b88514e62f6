#pragma once

#include <string>
#include <vector>

namespace platform::vendors {

struct PhoneNumber {
  std::string number{};  ///< E.164
  std::string id{};      ///< the vendor's; needed to release it
};

/// Rents phone numbers for organizations. Thread-safe. Failures are VendorError.
class PhoneNumbers {
 public:
  virtual ~PhoneNumbers() = default;

  /// Who the numbers are from: phone_numbers.provider.
  virtual std::string provider() const = 0;

  /// Rents one more number in a country (ISO 3166, two letters) under the organization's name. The vendor has no
  /// idempotency keys: after `unknown_outcome` call find() first. Permanent with code `no_numbers` if there is none.
  virtual PhoneNumber provision(const std::string& organization_id, const std::string& country) = 0;

  /// The numbers that are rented under the organization's name.
  virtual std::vector<PhoneNumber> find(const std::string& organization_id) = 0;

  /// Gives a number back. One that is not rented (any more) is not an error.
  virtual void release(const std::string& id) = 0;
};

/// Numbers that nobody can call: +999, which no country has, and twelve digits made from the organization's id.
class LocalPhoneNumbers final : public PhoneNumbers {
 public:
  std::string provider() const override { return "local"; }
  PhoneNumber provision(const std::string& organization_id, const std::string& country) override;
  /// Nothing: provisioning again gives the same number.
  std::vector<PhoneNumber> find(const std::string&) override { return {}; }
  void release(const std::string&) override {}
};

}  // namespace platform::vendors
