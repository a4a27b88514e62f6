#pragma once

#include <activities/vendors/curl_http_client.hpp>

#include <curl/curl.h>

#include <memory>

namespace platform::vendors {

/// One request on one curl handle: sets the options, collects the answer, names the outcome. Single use.
class CurlExchange {
 public:
  CurlExchange(CURL* handle, const HttpRequest& request, const CurlOptions& options);

  HttpResult perform();

 private:
  void set_limits();
  void set_method_and_body();
  void set_headers();
  void set_callbacks();

  HttpResult interpret(CURLcode code);
  void interpret_failure(CURLcode code, HttpResult& result);
  /// The request was sent and its answer is lost.
  HttpOutcome lost() const { return request_.repeatable ? HttpOutcome::retry : HttpOutcome::unknown_outcome; }
  bool may_have_been_sent(CURLcode code) const;

  std::size_t on_header(std::string_view line);
  std::size_t on_body(std::string_view bytes);
  std::size_t on_read(char* buffer, std::size_t room);
  curl_socket_t on_open(const curl_sockaddr& address);

  static std::size_t header_thunk(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t body_thunk(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t read_thunk(char* buffer, std::size_t size, std::size_t count, void* self);
  static curl_socket_t open_thunk(void* self, curlsocktype purpose, curl_sockaddr* address);

  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(handle_, option, value);
  }

  CURL* handle_;
  const HttpRequest& request_;
  const CurlOptions& options_;
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> header_lines_{nullptr, &curl_slist_free_all};
  char error_text_[CURL_ERROR_SIZE] = {};

  HttpResult answer_;
  std::size_t header_bytes_ = 0;
  std::size_t discarded_bytes_ = 0;
  std::size_t body_bytes_handed_over_ = 0;
  bool address_refused_ = false;
  bool headers_too_large_ = false;
};

}  // namespace platform::vendors
