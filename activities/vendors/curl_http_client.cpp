#include <activities/vendors/curl_http_client.hpp>

#include <activities/vendors/curl_exchange.hpp>
#include <activities/vendors/curl_handle_pool.hpp>

#include <algorithm>
#include <mutex>
#include <stdexcept>

namespace platform::vendors {
namespace {

void initialise_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("libcurl could not be initialised");
  });
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
    return (c < 0x80 && std::isalnum(c)) || kMarks.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

void check(const HttpRequest& request) {
  if (!is_token(request.method)) throw std::invalid_argument("method '" + request.method + "' is not an HTTP method");
  for (const auto& [name, value] : request.headers.fields()) {
    if (!is_token(name)) throw std::invalid_argument("header name '" + name + "' is not an HTTP header name");
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      throw std::invalid_argument("header " + name + ": the value holds a line break or a NUL byte");
    }
  }
}

HttpResult refused(const HttpRequest& request, std::string why) {
  HttpResult result;
  result.outcome = HttpOutcome::permanent;
  result.error_code = why.starts_with("address") ? "address_refused" : "url_refused";
  result.error = request.method + " refused: " + std::move(why);
  return result;
}

std::string origin_of(const std::string& url) { return url.substr(0, url.find_first_of("/?#", url.find("://") + 3)); }

bool is_naturally_repeatable(const std::string& method) { return method == "GET" || method == "HEAD"; }

}  // namespace

struct CurlHttpClient::Parts {
  explicit Parts(CurlOptions given) : options(std::move(given)), pool(options.most_idle_handles) {}

  CurlOptions options;
  CurlHandlePool pool;
};

CurlHttpClient::CurlHttpClient(CurlOptions options) {
  initialise_curl_once();
  parts_ = std::make_unique<Parts>(std::move(options));
}

CurlHttpClient::~CurlHttpClient() = default;

HttpResult CurlHttpClient::send(const HttpRequest& request) {
  check(request);
  if (auto why = why_refused(parts_->options.policy, request.url); !why.empty())
    return refused(request, std::move(why));
  if (is_naturally_repeatable(request.method) && !request.repeatable) {
    auto repeatable = request;
    repeatable.repeatable = true;
    return send(repeatable);
  }
  const auto origin = origin_of(request.url);
  auto handle = parts_->pool.take(origin);
  auto result = CurlExchange(handle.get(), request, parts_->options).perform();
  curl_easy_reset(handle.get());  // forgets the options, which point into this call; connections stay open
  parts_->pool.give_back(origin, std::move(handle));
  return result;
}

}  // namespace platform::vendors
