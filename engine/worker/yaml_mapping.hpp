#pragma once

#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <yaml-cpp/yaml.h>

#include <holdfast/core/time.hpp>
#include <holdfast/worker/config.hpp>

namespace holdfast::worker {

/// One mapping of a YAML file, read key by key: what was not asked for in the end is an unknown key. Internal to
/// config.cpp. Every function throws ConfigError with file and line.
class YamlMapping {
 public:
  /// `path` is how messages name the mapping, such as `pools[0]`; empty for the document.
  YamlMapping(YAML::Node node, std::string file, std::string path);

  bool has(const char* key);
  std::string path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  }
  [[noreturn]] void fail(const char* key, const std::string& what);

  // Each leaves `value` alone when the key is absent.
  void read(const char* key, std::string& value);
  void read(const char* key, bool& value);
  void read(const char* key, int& value, int least, int most);
  void read(const char* key, Duration& value);
  void read_bytes(const char* key, std::size_t& value);
  void read(const char* key, std::vector<std::string>& value);
  void read_one_of(const char* key, std::string& value, const std::vector<std::string>& allowed);

  YamlMapping mapping(const char* key);
  std::vector<YamlMapping> mappings(const char* key);

  /// Throws for the first key that nobody asked for.
  void finish();

 private:
  std::string at(const YAML::Node& node) const;
  YAML::Node find(const char* key);
  std::string scalar(const char* key, const YAML::Node& node, const std::string& wanted) const;

  YAML::Node node_;
  std::string file_, path_;
  std::set<std::string> known_;
};

}  // namespace holdfast::worker
