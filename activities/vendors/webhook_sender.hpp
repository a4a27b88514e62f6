#pragma once

#include <activities/vendors/http_client.hpp>

#include <string>
#include <vector>

namespace platform::vendors {

/// One attempt of one message to one endpoint.
struct WebhookPost {
  std::string url{};
  std::vector<std::string> secrets{};  ///< all of them sign: two while one is rotated
  std::string message_id{};            ///< the same in every attempt
  std::string body{};                  ///< JSON, sent byte for byte
  std::chrono::milliseconds deadline{10'000};
};

/// What the endpoint did. An endpoint that cannot be reached is an answer too.
struct WebhookReply {
  HttpOutcome outcome = HttpOutcome::retry;
  int status = 0;  ///< 0: no answer
  std::chrono::milliseconds latency{0};
  std::string response_start{};  ///< at most kMostResponseBytes of valid UTF-8 without NUL
  std::string error{};           ///< empty when delivered
  std::optional<std::chrono::seconds> retry_after{};

  bool delivered() const { return outcome == HttpOutcome::ok; }
  /// 410: the endpoint must not be called again.
  bool gone() const { return status == 410; }
};

/// Posts messages signed by the Standard Webhooks scheme. Thread-safe.
class WebhookSender {
 public:
  static constexpr std::size_t kMostResponseBytes = 1024;

  virtual ~WebhookSender() = default;

  /// Throws std::invalid_argument if a secret or the message id cannot be used to sign.
  virtual WebhookReply send(const WebhookPost& post) = 0;
};

class HttpWebhookSender final : public WebhookSender {
 public:
  /// `client` must outlive this object; its policy is what keeps customers' URLs out of our network.
  explicit HttpWebhookSender(HttpClient& client) : client_(client) {}
  WebhookReply send(const WebhookPost& post) override;

 private:
  HttpClient& client_;
};

}  // namespace platform::vendors
