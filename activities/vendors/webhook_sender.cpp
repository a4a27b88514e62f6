#include <activities/vendors/webhook_sender.hpp>

#include <activities/vendors/text.hpp>

#include <holdfast/http/signature/standard_webhooks.hpp>

namespace platform::vendors {

WebhookReply HttpWebhookSender::send(const WebhookPost& post) {
  // The receiver compares this with its own clock, so it is the wall clock of the attempt.
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  HttpRequest request{.method = "POST",
                      .url = post.url,
                      .headers = holdfast::http::webhook_headers(post.secrets, post.message_id, now, post.body),
                      .body = post.body,
                      .deadline = post.deadline,
                      .max_response_bytes = kMostResponseBytes,
                      .repeatable = true};  // receivers drop a message id that they have seen
  request.headers.add("Content-Type", "application/json");
  auto result = client_.send(request);
  if (result.status >= 200 && result.status < 300) {  // taken, even if the rest of the answer did not arrive
    result.outcome = HttpOutcome::ok;
    result.error.clear();
  }
  return {.outcome = result.outcome,
          .status = result.status,
          .latency = std::chrono::duration_cast<std::chrono::milliseconds>(result.latency),
          .response_start = text_prefix(result.body, kMostResponseBytes),
          .error = text_prefix(result.error, kMostResponseBytes),
          .retry_after = result.retry_after};
}

}  // namespace platform::vendors
