#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace platform::vendors {

struct ObjectInfo {
  std::int64_t bytes = 0;
};

/// Objects by key, which begins with '/': "/org/2026/11/call.wav". Putting and removing may be repeated. Thread-safe.
/// Failures are VendorError, never with an unknown outcome.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  virtual void put(const std::string& key, const std::string& body, const std::string& content_type) = 0;
  /// Permanent with code `NoSuchKey` if there is none.
  virtual std::string get(const std::string& key) = 0;
  /// Nothing if there is none.
  virtual std::optional<ObjectInfo> head(const std::string& key) = 0;
  /// One that is not there is not an error.
  virtual void remove(const std::string& key) = 0;
  /// A URL that gets the object without credentials, for 1 second to 7 days.
  virtual std::string presigned_get(const std::string& key, std::chrono::seconds expires) = 0;
};

/// Throws VendorError (permanent, `invalid_key`) unless the key begins with '/', has 2 to 1000 bytes of UTF-8 without
/// control characters, and no segment that is empty, "." or "..".
void check_object_key(const std::string& key);

/// Files below a directory, which is made when first needed. A put is a rename: readers see the old or the new object.
class LocalObjectStore final : public ObjectStore {
 public:
  explicit LocalObjectStore(std::filesystem::path root) : root_(std::move(root)) {}

  void put(const std::string& key, const std::string& body, const std::string& content_type) override;
  std::string get(const std::string& key) override;
  std::optional<ObjectInfo> head(const std::string& key) override;
  void remove(const std::string& key) override;
  /// file://...: for whoever shares the machine.
  std::string presigned_get(const std::string& key, std::chrono::seconds expires) override;

 private:
  std::filesystem::path path_of(const std::string& key) const;
  const std::filesystem::path root_;
};

}  // namespace platform::vendors
