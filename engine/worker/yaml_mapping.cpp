#include <holdfast/worker/yaml_mapping.hpp>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace holdfast::worker {
namespace {

std::string quoted(const std::string& value) {
  constexpr std::size_t kMost = 80;
  return value.size() <= kMost ? "'" + value + "'" : "'" + value.substr(0, kMost) + "...'";
}

std::string kind_of(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Null: return "empty";
    case YAML::NodeType::Scalar: return quoted(node.Scalar());
    case YAML::NodeType::Sequence: return "a list";
    case YAML::NodeType::Map: return "a mapping";
    case YAML::NodeType::Undefined: return "missing";
  }
  return "unknown";
}

}  // namespace

YamlMapping::YamlMapping(YAML::Node node, std::string file, std::string path)
    : node_(std::move(node)), file_(std::move(file)), path_(std::move(path)) {
  const auto name = path_.empty() ? std::string("the document") : path_;
  if (!node_.IsMap())
    throw ConfigError(fmt::format("{}{} is {}; it must be a mapping", at(node_), name, kind_of(node_)));
  std::set<std::string> keys;
  for (const auto& entry : node_) {
    const auto& key = entry.first;
    if (!key.IsScalar())
      throw ConfigError(fmt::format("{}a key of {} is {}; it must be a word", at(key), name, kind_of(key)));
    // The parser would let the last one win silently.
    if (!keys.insert(key.Scalar()).second)
      throw ConfigError(fmt::format("{}{} is given twice", at(key), path_of(key.Scalar())));
  }
}

std::string YamlMapping::at(const YAML::Node& node) const {
  const auto mark = node.Mark();
  return mark.line < 0 ? file_ + ": " : fmt::format("{}:{}: ", file_, mark.line + 1);
}

YAML::Node YamlMapping::find(const char* key) {
  known_.insert(key);
  for (const auto& entry : node_)
    if (entry.first.Scalar() == key) return entry.second;
  return YAML::Node(YAML::NodeType::Undefined);
}

bool YamlMapping::has(const char* key) { return find(key).IsDefined(); }

void YamlMapping::fail(const char* key, const std::string& what) {
  const auto node = find(key);
  throw ConfigError(fmt::format("{}{} {}", at(node.IsDefined() ? node : node_), path_of(key), what));
}

std::string YamlMapping::scalar(const char* key, const YAML::Node& node, const std::string& wanted) const {
  if (!node.IsScalar())
    throw ConfigError(fmt::format("{}{} is {}; allowed: {}", at(node), path_of(key), kind_of(node), wanted));
  return node.Scalar();
}

void YamlMapping::read(const char* key, std::string& value) {
  if (const auto node = find(key); node.IsDefined()) value = scalar(key, node, "text");
}

void YamlMapping::read(const char* key, bool& value) {
  const auto node = find(key);
  if (!node.IsDefined()) return;
  const auto text = scalar(key, node, "true or false");
  if (text != "true" && text != "false") fail(key, "is " + quoted(text) + "; allowed: true or false");
  value = text == "true";
}

void YamlMapping::read(const char* key, int& value, int least, int most) {
  const auto node = find(key);
  if (!node.IsDefined()) return;
  const auto allowed = fmt::format("a whole number from {} to {}", least, most);
  const auto text = scalar(key, node, allowed);
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most)
    fail(key, "is " + quoted(text) + "; allowed: " + allowed);
  value = number;
}

void YamlMapping::read(const char* key, Duration& value) {
  const auto node = find(key);
  if (!node.IsDefined()) return;
  try {
    value = parse_duration(scalar(key, node, "a duration such as 500ms, 5s, 2m"));
  } catch (const std::invalid_argument& error) {
    fail(key, error.what());
  }
}

void YamlMapping::read_bytes(const char* key, std::size_t& value) {
  const auto node = find(key);
  if (!node.IsDefined()) return;
  try {
    value = parse_byte_count(scalar(key, node, "a size such as 64KiB, 256MiB"));
  } catch (const std::invalid_argument& error) {
    fail(key, error.what());
  }
}

void YamlMapping::read(const char* key, std::vector<std::string>& value) {
  const auto node = find(key);
  if (!node.IsDefined()) return;
  if (!node.IsSequence() || node.size() == 0)
    fail(key, "is " + kind_of(node) + "; allowed: a list of at least one name");
  value.clear();
  for (const auto& entry : node) {
    if (!entry.IsScalar() || entry.Scalar().empty())
      throw ConfigError(
          fmt::format("{}{} has an entry that is {}; allowed: names", at(entry), path_of(key), kind_of(entry)));
    if (std::ranges::find(value, entry.Scalar()) != value.end())
      throw ConfigError(fmt::format("{}{} names {} twice", at(entry), path_of(key), quoted(entry.Scalar())));
    value.push_back(entry.Scalar());
  }
}

void YamlMapping::read_one_of(const char* key, std::string& value, const std::vector<std::string>& allowed) {
  read(key, value);
  if (std::ranges::find(allowed, value) == allowed.end())
    fail(key, fmt::format("is {}; allowed: {}", quoted(value), fmt::join(allowed, ", ")));
}

YamlMapping YamlMapping::mapping(const char* key) {
  const auto node = find(key);
  return YamlMapping(node.IsDefined() ? node : YAML::Node(YAML::NodeType::Map), file_, path_of(key));
}

std::vector<YamlMapping> YamlMapping::mappings(const char* key) {
  const auto node = find(key);
  if (!node.IsDefined() || !node.IsSequence() || node.size() == 0)
    fail(key, "is " + kind_of(node) + "; it must be a list of at least one entry");
  std::vector<YamlMapping> out;
  for (const auto& entry : node) out.emplace_back(entry, file_, fmt::format("{}[{}]", path_of(key), out.size()));
  return out;
}

void YamlMapping::finish() {
  for (const auto& entry : node_) {
    if (known_.contains(entry.first.Scalar())) continue;
    throw ConfigError(fmt::format("{}{} is unknown; allowed: {}", at(entry.first), path_of(entry.first.Scalar()),
                                  fmt::join(known_, ", ")));
  }
}

}  // namespace holdfast::worker
