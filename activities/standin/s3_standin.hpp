#pragma once

#include <activities/standin/effects.hpp>
#include <activities/standin/exchange.hpp>
#include <activities/standin/standin_keys.hpp>

#include <map>
#include <mutex>
#include <string>

namespace platform::standin {

/// S3 with one bucket, path style: PUT, GET, HEAD, DELETE of objects, signed by headers. Errors are S3's XML.
class S3Standin final : public VendorModule {
 public:
  S3Standin(const StandinKeys& keys, Effects& effects) : keys_(keys), effects_(effects) {}
  std::optional<Reply> handle(const Request& request) override;

  std::map<std::string, std::string> objects() const;  ///< by key, with its '/'

 private:
  std::optional<Reply> refuse_signature(const Request& request) const;
  Reply put(const Request& request, const std::string& key);

  const StandinKeys& keys_;
  Effects& effects_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> objects_;
};

}  // namespace platform::standin
