#pragma once

#include <activities/standin/effects.hpp>
#include <activities/standin/exchange.hpp>
#include <activities/standin/standin_keys.hpp>

#include <mutex>
#include <string>
#include <vector>

namespace platform::standin {

/// Twilio's phone numbers: free ones per country (AQ has none), renting, listing by FriendlyName, releasing. The first
/// free number of a country is the one that is rented next; renting another one is refused as taken (21422).
class TwilioNumbersStandin final : public VendorModule {
 public:
  TwilioNumbersStandin(const StandinKeys& keys, Effects& effects) : keys_(keys), effects_(effects) {}
  std::optional<Reply> handle(const Request& request) override;

  /// How many are rented now.
  std::size_t rented() const;

 private:
  struct Number {
    std::string sid, number, friendly_name;
  };
  Reply available(const Request& request, const std::string& country) const;
  Reply rent(const Request& request);
  Reply list(const Request& request) const;
  Reply release(const std::string& sid);
  std::string next_number() const;
  boost::json::object to_json(const Number& number) const;

  const StandinKeys& keys_;
  Effects& effects_;
  mutable std::mutex mutex_;
  std::size_t made_ = 0;
  std::vector<Number> rented_;
};

}  // namespace platform::standin
