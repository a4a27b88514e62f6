#include <activities/vendors/curl_exchange.hpp>

#include <activities/vendors/http_outcome.hpp>

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <ctime>

namespace platform::vendors {
namespace {

constexpr std::size_t kMostHeaderBytes = 64 << 10;
/// An answer that is a little too long is read to its end, so that the connection can be used again.
constexpr std::size_t kMostDiscardedBytes = 64 << 10;

/// Scheme and host: enough to tell what failed, without paths and queries, which may hold secrets.
std::string_view origin_of(std::string_view url) {
  const auto host = url.find("://");
  return url.substr(0, url.find_first_of("/?#", host == std::string_view::npos ? 0 : host + 3));
}

std::string_view word_for(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return "timeout";
    case CURLE_COULDNT_RESOLVE_HOST: return "name_not_resolved";
    case CURLE_COULDNT_CONNECT: return "connection_failed";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CACERT_BADFILE: return "tls_failed";
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return "url_refused";
    default: return "connection_lost";
  }
}

}  // namespace

CurlExchange::CurlExchange(CURL* handle, const HttpRequest& request, const CurlOptions& options)
    : handle_(handle), request_(request), options_(options) {
  set(CURLOPT_URL, request.url.c_str());
  set_limits();
  set_method_and_body();
  set_headers();
  set_callbacks();
}

void CurlExchange::set_limits() {
  // 0 would mean "no limit" to curl.
  const auto deadline = std::max<long>(1, static_cast<long>(request_.deadline.count()));
  set(CURLOPT_TIMEOUT_MS, deadline);
  set(CURLOPT_CONNECTTIMEOUT_MS, std::min(deadline, static_cast<long>(options_.connect_timeout.count())));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, options_.policy.allow_plain_http ? "http,https" : "https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_MAXAGE_CONN, 60L);
  set(CURLOPT_USERAGENT, options_.user_agent.c_str());
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(error_text_));
}

void CurlExchange::set_method_and_body() {
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request_.method != "GET") {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    // curl repeats a request by itself, also a POST, when a reused connection dies before the answer: a second SMS.
    // A body that it cannot rewind stops that; without a body only a new connection does.
    if (request_.body.empty()) {
      set(CURLOPT_FRESH_CONNECT, 1L);
      set(CURLOPT_POSTFIELDS, "");
    }
  }
}

void CurlExchange::set_headers() {
  const auto append = [this](const std::string& line) {
    auto* list = curl_slist_append(header_lines_.get(), line.c_str());
    if (list == nullptr) throw std::bad_alloc();
    static_cast<void>(header_lines_.release());
    header_lines_.reset(list);
  };
  for (const auto& [name, value] : request_.headers.fields()) {
    append(value.empty() ? name + ";" : name + ": " + value);  // "name;" is curl's spelling of an empty value
  }
  append("Expect:");                                                    // no extra round trip before large bodies
  if (!request_.headers.find("Content-Type")) append("Content-Type:");  // curl would claim that a body is a form
  set(CURLOPT_HTTPHEADER, header_lines_.get());
}

void CurlExchange::set_callbacks() {
  set(CURLOPT_HEADERFUNCTION, &CurlExchange::header_thunk);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &CurlExchange::body_thunk);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_READFUNCTION, &CurlExchange::read_thunk);
  set(CURLOPT_READDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &CurlExchange::open_thunk);
  set(CURLOPT_OPENSOCKETDATA, this);
}

HttpResult CurlExchange::perform() { return interpret(curl_easy_perform(handle_)); }

HttpResult CurlExchange::interpret(CURLcode code) {
  HttpResult result = std::move(answer_);
  long status = 0;
  curl_off_t total_us = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handle_, CURLINFO_TOTAL_TIME_T, &total_us);
  result.status = static_cast<int>(status);
  result.latency = std::chrono::microseconds{total_us};
  result.retry_after = retry_after(result.headers, std::time(nullptr));

  const bool answered = code == CURLE_OK || (code == CURLE_WRITE_ERROR && result.body_truncated);
  const bool refused = status >= 300;  // its body does not matter, even if it broke off
  if ((answered && status >= 200) || refused) {
    result.outcome = outcome_of_status(result.status);
    if (result.outcome != HttpOutcome::ok) {
      result.error_code = fmt::format("http_{}", status);
      result.error = fmt::format("{} {} answered {}", request_.method, origin_of(request_.url), status);
    }
    return result;
  }
  interpret_failure(code, result);
  return result;
}

void CurlExchange::interpret_failure(CURLcode code, HttpResult& result) {
  result.error_code = word_for(code);
  result.outcome = may_have_been_sent(code) ? lost() : HttpOutcome::retry;
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) result.outcome = HttpOutcome::permanent;
  std::string detail = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
  if (code == CURLE_COULDNT_CONNECT && address_refused_) {
    result.outcome = HttpOutcome::permanent;
    result.error_code = "address_refused";
    detail = "the name resolves to an address that is not on the public internet";
  } else if (headers_too_large_) {
    result.error_code = "answer_too_large";
    detail = "the headers of the answer are longer than 64 KiB";
  }
  result.error = fmt::format("{} {} failed: {}", request_.method, origin_of(request_.url), detail);
}

bool CurlExchange::may_have_been_sent(CURLcode code) const {
  if (code == CURLE_SEND_FAIL_REWIND) return true;  // a reused connection died after the body went out
  curl_off_t started_us = 0;
  curl_easy_getinfo(handle_, CURLINFO_PRETRANSFER_TIME_T, &started_us);
  if (started_us == 0) return false;
  return request_.repeatable || body_bytes_handed_over_ == request_.body.size();
}

std::size_t CurlExchange::on_header(std::string_view line) {
  const auto size = line.size();
  header_bytes_ += size;
  if (header_bytes_ > kMostHeaderBytes) {
    headers_too_large_ = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) answer_.headers = {};  // after a 1xx answer the real one follows
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  const auto colon = line.find(':');
  if (colon != std::string_view::npos && !line.starts_with("HTTP/")) {
    answer_.headers.add(std::string(line.substr(0, colon)),
                        std::string(holdfast::http::trimmed(line.substr(colon + 1))));
  }
  return size;
}

std::size_t CurlExchange::on_body(std::string_view bytes) {
  const auto room = request_.max_response_bytes - answer_.body.size();
  answer_.body.append(bytes.substr(0, room));
  if (bytes.size() <= room) return bytes.size();
  answer_.body_truncated = true;
  discarded_bytes_ += bytes.size() - room;
  return discarded_bytes_ <= kMostDiscardedBytes ? bytes.size() : 0;
}

std::size_t CurlExchange::on_read(char* buffer, std::size_t room) {
  const auto count = std::min(room, request_.body.size() - body_bytes_handed_over_);
  std::memcpy(buffer, request_.body.data() + body_bytes_handed_over_, count);
  body_bytes_handed_over_ += count;
  return count;
}

curl_socket_t CurlExchange::on_open(const curl_sockaddr& address) {
  if (!allows(options_.policy, address_kind(address.addr))) {
    address_refused_ = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
}

std::size_t CurlExchange::header_thunk(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlExchange*>(self)->on_header({data, size * count});
}

std::size_t CurlExchange::body_thunk(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlExchange*>(self)->on_body({data, size * count});
}

std::size_t CurlExchange::read_thunk(char* buffer, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlExchange*>(self)->on_read(buffer, size * count);
}

curl_socket_t CurlExchange::open_thunk(void* self, curlsocktype, curl_sockaddr* address) {
  return static_cast<CurlExchange*>(self)->on_open(*address);
}

}  // namespace platform::vendors
