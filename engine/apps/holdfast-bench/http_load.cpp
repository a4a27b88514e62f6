#include "http_load.hpp"

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <vector>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Request {
  CURL* handle = nullptr;
  std::string body;
  Clock::time_point due;
};

std::size_t ignore(char*, std::size_t size, std::size_t count, void*) { return size * count; }

class Poster {
 public:
  explicit Poster(const HttpLoad& load) : load_(load), multi_(curl_multi_init()) {
    headers_ = curl_slist_append(headers_, "Content-Type: application/json");
    headers_ = curl_slist_append(headers_, "Expect:");
    if (!load.authorization.empty())
      headers_ = curl_slist_append(headers_, ("Authorization: " + load.authorization).c_str());
    requests_.resize(static_cast<std::size_t>(load.connections));
    for (Request& request : requests_) {
      request.handle = curl_easy_init();
      curl_easy_setopt(request.handle, CURLOPT_URL, load.url.c_str());
      curl_easy_setopt(request.handle, CURLOPT_HTTPHEADER, headers_);
      curl_easy_setopt(request.handle, CURLOPT_WRITEFUNCTION, ignore);
      curl_easy_setopt(request.handle, CURLOPT_TCP_NODELAY, 1L);
      curl_easy_setopt(request.handle, CURLOPT_PRIVATE, &request);
      free_.push_back(&request);
    }
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(load.connections));
  }
  ~Poster() {
    for (Request& request : requests_) {
      curl_multi_remove_handle(multi_, request.handle);
      curl_easy_cleanup(request.handle);
    }
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
  }
  Poster(const Poster&) = delete;

  HttpOutcome run() {
    const auto start = Clock::now();
    std::int64_t sent = 0;
    while (static_cast<std::int64_t>(outcome_.milliseconds.size()) < load_.requests) {
      while (sent < load_.requests && !free_.empty() && due(start, sent) <= Clock::now()) {
        send(load_.first + sent, due(start, sent));
        ++sent;
      }
      int running = 0;
      curl_multi_perform(multi_, &running);
      if (collect()) continue;
      auto wait = std::chrono::milliseconds(100);
      if (sent < load_.requests && !free_.empty())
        wait = std::chrono::duration_cast<std::chrono::milliseconds>(due(start, sent) - Clock::now());
      if (wait.count() > 0) curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait.count()), nullptr);
    }
    outcome_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return std::move(outcome_);
  }

 private:
  /// When the n-th request is to be sent.
  Clock::time_point due(Clock::time_point start, std::int64_t n) const {
    if (load_.per_second <= 0) return start;
    return start + std::chrono::duration_cast<Clock::duration>(
                       std::chrono::duration<double>(static_cast<double>(n) / load_.per_second));
  }

  void send(std::int64_t n, Clock::time_point due) {
    Request& request = *free_.back();
    free_.pop_back();
    request.body = load_.body(n);
    if (load_.url_of) curl_easy_setopt(request.handle, CURLOPT_URL, load_.url_of(n).c_str());  // curl copies it
    request.due = load_.per_second > 0 ? due : Clock::now();
    curl_easy_setopt(request.handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    curl_easy_setopt(request.handle, CURLOPT_POSTFIELDS, request.body.data());
    curl_multi_add_handle(multi_, request.handle);
  }

  bool collect() {
    bool any = false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* handle = message->easy_handle;
      const CURLcode result = message->data.result;
      Request* request = nullptr;
      long status = 0;
      curl_easy_getinfo(handle, CURLINFO_PRIVATE, &request);
      curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
      if (result != CURLE_OK) throw std::runtime_error(std::string("HTTP: ") + curl_easy_strerror(result));
      if (status / 100 != 2) throw std::runtime_error("HTTP status " + std::to_string(status));
      outcome_.milliseconds.add(std::chrono::duration<double, std::milli>(Clock::now() - request->due).count());
      curl_multi_remove_handle(multi_, handle);
      free_.push_back(request);
      any = true;
    }
    return any;
  }

  const HttpLoad& load_;
  CURLM* multi_;
  curl_slist* headers_ = nullptr;
  std::vector<Request> requests_;
  std::vector<Request*> free_;
  HttpOutcome outcome_;
};

}  // namespace

HttpOutcome post_all(const HttpLoad& load) { return Poster(load).run(); }

}  // namespace bench
