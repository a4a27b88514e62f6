#include <activities/vendors/object_store.hpp>

#include <activities/vendors/text.hpp>
#include <activities/vendors/vendor_error.hpp>

#include <holdfast/http/signature/hash.hpp>
#include <holdfast/http/signature/sigv4.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace platform::vendors {
namespace {

[[noreturn]] void fail(VendorErrorKind kind, std::string code, std::string message) {
  throw VendorError({.kind = kind, .vendor = "objects", .code = std::move(code), .message = std::move(message)});
}

}  // namespace

void check_object_key(const std::string& key) {
  const auto refuse = [&](const std::string& why) {
    fail(VendorErrorKind::permanent, "invalid_key", "key '" + text_prefix(key, 100) + "' " + why);
  };
  if (!key.starts_with('/') || key.size() < 2 || key.size() > 1000)
    refuse("must begin with '/' and have 2 to 1000 bytes");
  if (text_prefix(key, key.size()) != key ||
      std::ranges::any_of(key, [](unsigned char c) { return c < ' ' || c == 127; }))
    refuse("must be UTF-8 without control characters");
  for (std::size_t start = 1; start <= key.size();) {
    const auto end = std::min(key.find('/', start), key.size());
    const auto segment = key.substr(start, end - start);
    if (segment.empty() || segment == "." || segment == "..") refuse("has a segment that is empty, '.' or '..'");
    start = end + 1;
  }
}

std::filesystem::path LocalObjectStore::path_of(const std::string& key) const {
  check_object_key(key);
  return root_ / key.substr(1);
}

void LocalObjectStore::put(const std::string& key, const std::string& body, const std::string&) {
  const auto path = path_of(key);
  const auto temporary = path.string() + "." + holdfast::http::hex_encode(holdfast::http::random_bytes(8)) + ".part";
  try {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(temporary, std::ios::binary);
    file.exceptions(std::ios::failbit | std::ios::badbit);
    file.write(body.data(), static_cast<std::streamsize>(body.size()));
    file.close();
    std::filesystem::rename(temporary, path);
  } catch (const std::system_error& error) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    fail(VendorErrorKind::retry, "write_failed", error.what());
  }
}

std::string LocalObjectStore::get(const std::string& key) {
  std::ifstream file(path_of(key), std::ios::binary);
  if (!file) fail(VendorErrorKind::permanent, "NoSuchKey", "there is no object " + key);
  std::ostringstream body;
  body << file.rdbuf();
  return std::move(body).str();
}

std::optional<ObjectInfo> LocalObjectStore::head(const std::string& key) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path_of(key), error);
  if (error) return std::nullopt;
  return ObjectInfo{static_cast<std::int64_t>(bytes)};
}

void LocalObjectStore::remove(const std::string& key) {
  std::error_code error;
  std::filesystem::remove(path_of(key), error);
  if (error) fail(VendorErrorKind::retry, "remove_failed", error.message());
}

std::string LocalObjectStore::presigned_get(const std::string& key, std::chrono::seconds) {
  return "file://" + holdfast::http::uri_encoded(std::filesystem::absolute(path_of(key)).string(), true);
}

}  // namespace platform::vendors
