#pragma once

#include <activities/standin/standin_state.hpp>

#include <memory>
#include <string>

namespace platform::standin {

/// The stand-in vendors over HTTP, on 127.0.0.1 unless told otherwise. Vendors keep their own paths, so the base URLs
/// are url() for VAPI, Twilio, Resend, Supabase and Stripe, url() + "/v1" for OpenAI, url() + "/v1beta" for Gemini.
class StandinServer {
 public:
  explicit StandinServer(StandinKeys keys = {});
  ~StandinServer();

  /// Port 0: any free one. Returns when requests can be sent. Throws std::runtime_error if the port is taken.
  void start(int port = 0, const std::string& host = "127.0.0.1");
  /// Ends delays and waits for running requests. Idle connections hold it up for a second at most.
  void stop();

  int port() const;
  std::string url() const;

  /// Also while the server runs.
  StandinState& state();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace platform::standin
