#include <activities/vendors/outbox.hpp>

#include <holdfast/http/signature/hash.hpp>

namespace platform::vendors {

std::string outbox_id(std::string_view channel, std::string_view idempotency_key) {
  using namespace holdfast::http;
  const auto hash = hex_encode(digest(HashAlgorithm::sha256, idempotency_key));
  return "local-" + std::string(channel) + "-" + hash.substr(0, 24);
}

}  // namespace platform::vendors
