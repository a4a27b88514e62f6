#pragma once

#include <functional>
#include <string>
#include <utility>

namespace platform::vendors {

/// A hint to open dashboards. At most once; nothing may depend on its arrival.
struct Broadcast {
  std::string organization_id;
  std::string id;       ///< ours, so that a dashboard can ignore repetitions
  std::string topic;    ///< for example `organization:<id>`
  std::string event;    ///< for example `call_completed`
  std::string payload;  ///< one JSON object
};

/// Thread-safe. Failures are VendorError; a caller logs them and goes on.
class RealtimeBroadcaster {
 public:
  virtual ~RealtimeBroadcaster() = default;
  virtual void send(const Broadcast& broadcast) = 0;
};

using BroadcastSink = std::function<void(const Broadcast&)>;

/// Hands broadcasts to a function of the process, for example one that inserts them into a table.
class LocalRealtimeBroadcaster final : public RealtimeBroadcaster {
 public:
  explicit LocalRealtimeBroadcaster(BroadcastSink sink) : sink_(std::move(sink)) {}
  void send(const Broadcast& broadcast) override { sink_(broadcast); }

 private:
  BroadcastSink sink_;
};

}  // namespace platform::vendors
