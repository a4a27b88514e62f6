#include <activities/vendors/twilio_phone_numbers.hpp>
#include <tests/vendors/standin_fixture.hpp>

namespace platform::vendors {
namespace {

using standin::FaultMode;

const std::string kOrganization = "00000000-0000-7000-8000-00000000000a";

class PhoneNumbersTest : public StandinTest {
 protected:
  TwilioConfig config() {
    const auto& keys = standin.state().keys;
    return {.base_url = standin.url(), .account_sid = keys.twilio_account, .secret = keys.twilio_token};
  }
  TwilioPhoneNumbers numbers{client, config()};
};

TEST_F(PhoneNumbersTest, ANumberIsRentedFoundAndReleased) {
  const auto rented = numbers.provision(kOrganization, "US");
  EXPECT_EQ(rented.number, "+14155551000");
  EXPECT_EQ(rented.id, "PN00000000000000000000000000000001");
  const auto found = numbers.find(kOrganization);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id, rented.id);
  EXPECT_TRUE(numbers.find("another").empty());
  numbers.release(rented.id);
  EXPECT_TRUE(numbers.find(kOrganization).empty());
  numbers.release(rented.id);  // twice is fine
  EXPECT_EQ(effects("twilio-number-released"), 1);
}

TEST_F(PhoneNumbersTest, ALostAnswerIsFoundAgainInsteadOfRentedTwice) {
  standin.state().faults.add({.method = "POST", .mode = FaultMode::reset_after_commit});
  EXPECT_EQ(fault_from([&] { numbers.provision(kOrganization, "US"); }).kind, VendorErrorKind::unknown_outcome);
  EXPECT_EQ(numbers.find(kOrganization).size(), 1u);
  EXPECT_EQ(effects("twilio-number"), 1);
}

TEST_F(PhoneNumbersTest, AServerErrorMayHaveRentedTheNumber) {
  standin.state().faults.add({.method = "POST", .mode = FaultMode::status, .status = 500});
  EXPECT_EQ(fault_from([&] { numbers.provision(kOrganization, "US"); }).kind, VendorErrorKind::unknown_outcome);
  standin.state().faults.add({.method = "POST", .mode = FaultMode::status, .status = 503});
  EXPECT_EQ(fault_from([&] { numbers.provision(kOrganization, "US"); }).kind, VendorErrorKind::retry);
  standin.state().faults.add({.method = "POST", .mode = FaultMode::malformed_body});
  EXPECT_EQ(fault_from([&] { numbers.provision(kOrganization, "US"); }).kind, VendorErrorKind::unknown_outcome);
}

TEST_F(PhoneNumbersTest, RefusalsArePermanentAndANumberThatWasTakenIsNot) {
  EXPECT_EQ(fault_from([&] { numbers.provision(kOrganization, "AQ"); }).code, "no_numbers");
  EXPECT_EQ(fault_from([&] { numbers.provision(kOrganization, "usa"); }).code, "invalid_country");
  auto wrong = config();
  wrong.secret = "wrong";
  const auto refused = fault_from([&] { TwilioPhoneNumbers(client, wrong).provision(kOrganization, "US"); });
  EXPECT_EQ(refused.kind, VendorErrorKind::permanent);
  EXPECT_EQ(refused.code, "20003");
  standin.state().faults.add({.method = "POST",
                              .mode = FaultMode::status,
                              .status = 400,
                              .body = R"({"code":21422,"message":"not available"})"});
  EXPECT_EQ(fault_from([&] { numbers.provision(kOrganization, "US"); }).kind, VendorErrorKind::retry);
  EXPECT_EQ(effects("twilio-number"), 0);
}

TEST_F(PhoneNumbersTest, SearchingAndReleasingMayBeRepeated) {
  answer_with(500, "oops");
  EXPECT_EQ(fault_from([&] { numbers.find(kOrganization); }).kind, VendorErrorKind::retry);
  inject(FaultMode::malformed_body);
  EXPECT_EQ(fault_from([&] { numbers.find(kOrganization); }).code, "bad_answer");
  const auto rented = numbers.provision(kOrganization, "US");
  inject(FaultMode::reset_after_commit);
  EXPECT_EQ(fault_from([&] { numbers.release(rented.id); }).kind, VendorErrorKind::retry);
  numbers.release(rented.id);
  EXPECT_EQ(standin.state().twilio_numbers.rented(), 0u);
}

TEST(LocalPhoneNumbers, AreTheSameForOneOrganizationAndBelongToNoCountry) {
  LocalPhoneNumbers numbers;
  const auto number = numbers.provision(kOrganization, "US").number;
  EXPECT_EQ(number, numbers.provision(kOrganization, "DE").number);
  EXPECT_NE(number, numbers.provision("another", "US").number);
  EXPECT_TRUE(number.starts_with("+999"));
  EXPECT_EQ(number.size(), 16u);
}

}  // namespace
}  // namespace platform::vendors
