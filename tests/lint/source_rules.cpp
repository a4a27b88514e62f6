#include <tests/lint/source_rules.hpp>

#include <algorithm>
#include <array>
#include <sstream>

namespace holdfast::lint {
namespace {

constexpr std::size_t kLongestFile = 500;

/// Which headers the files below a folder may include, of those that belong to this repository. The first folder
/// that matches decides, so the narrower ones stand first.
struct Layer {
  std::string_view folder;
  std::vector<std::string_view> allowed;
};

const std::vector<Layer>& layers() {
  static const std::vector<Layer> kLayers = {
      {"engine/core/", {"holdfast/core/"}},
      {"engine/visibility/", {"holdfast/core/", "holdfast/visibility/"}},
      {"engine/schedule/", {"holdfast/core/", "holdfast/schedule/"}},
      {"engine/store/postgres/", {"holdfast/core/", "holdfast/visibility/", "holdfast/store/"}},
      {"engine/store/", {"holdfast/core/", "holdfast/visibility/", "holdfast/store/"}},
      {"engine/worker/", {"holdfast/core/", "holdfast/store/", "holdfast/schedule/", "holdfast/worker/"}},
      {"engine/client/",
       {"holdfast/core/", "holdfast/visibility/", "holdfast/store/", "holdfast/schedule/", "holdfast/client/"}},
      {"engine/testing/",
       {"holdfast/core/", "holdfast/store/", "holdfast/schedule/", "holdfast/worker/", "holdfast/testing/"}},
      {"engine/http/", {"holdfast/core/", "holdfast/store/", "holdfast/client/", "holdfast/http/"}},
      {"engine/devpg/", {"holdfast/devpg/"}},
      {"workflows/", {"holdfast/core/", "workflows/", "activities/"}},
      {"activities/registration.", {"holdfast/core/", "holdfast/worker/", "activities/"}},
      {"activities/vendors/", {"holdfast/core/", "holdfast/http/signature/", "activities/"}},
      {"activities/",
       {"holdfast/core/", "holdfast/store/", "holdfast/client/", "holdfast/http/signature/", "activities/"}},
  };
  return kLayers;
}

/// Folders of this repository whose headers are not to be included from the layer, although a prefix above allows it.
struct Exclusion {
  std::string_view folder;
  std::string_view header;
};

constexpr std::array kExclusions = {
    Exclusion{"engine/worker/", "holdfast/store/postgres/"},
    Exclusion{"engine/testing/", "holdfast/store/postgres/"},
    Exclusion{"workflows/", "activities/vendors/"},
    Exclusion{"workflows/", "activities/schema/"},
};

/// Workflow code is replayed, and the core replays it: neither may see a clock, a thread, chance, or the world.
constexpr std::array kPureFolders = {std::string_view("workflows/"), std::string_view("engine/core/")};

constexpr std::array<std::string_view, 18> kImpureHeaders = {
    "thread",     "mutex",        "shared_mutex", "condition_variable",
    "future",     "stop_token",   "random",       "ctime",
    "time.h",     "iostream",     "fstream",      "cstdio",
    "filesystem", "sys/socket.h", "unistd.h",     "pqxx/",
    "curl/",      "httplib.h"};

constexpr std::array<std::string_view, 10> kImpureWords = {
    "system_clock", "steady_clock", "high_resolution_clock", "random_device", "mt19937",
    "getenv",       "std::rand",    "clock_gettime",         "std::time(",    "sleep_for"};

bool starts_with_any(std::string_view text, const auto& prefixes) {
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return text.starts_with(prefix); });
}

bool ours(std::string_view header) {
  return starts_with_any(
      header, std::array<std::string_view, 5>{"holdfast/", "workflows/", "activities/", "engine/", "tests/"});
}

void check_layer(std::string_view path, const std::vector<std::string>& headers, std::vector<std::string>& found) {
  auto layer = std::ranges::find_if(layers(), [&](const Layer& each) { return path.starts_with(each.folder); });
  if (layer == layers().end()) return;
  for (const std::string& header : headers) {
    bool excluded = std::ranges::any_of(kExclusions, [&](const Exclusion& each) {
      return path.starts_with(each.folder) && header.starts_with(each.header);
    });
    if (excluded || (ours(header) && !starts_with_any(header, layer->allowed))) {
      found.push_back("includes " + header + ", which " + std::string(layer->folder) + " must not depend on");
    }
  }
}

void check_purity(std::string_view path, std::string_view code, const std::vector<std::string>& headers,
                  std::vector<std::string>& found) {
  if (!starts_with_any(path, kPureFolders)) return;
  for (const std::string& header : headers) {
    for (std::string_view impure : kImpureHeaders) {
      if (header == impure || (impure.ends_with('/') && header.starts_with(impure))) {
        found.push_back("includes " + header + ": code here is replayed and must be pure");
      }
    }
  }
  for (std::string_view word : kImpureWords) {
    if (code.find(word) != std::string_view::npos) {
      found.push_back("uses " + std::string(word) + ": code here is replayed and must be pure");
    }
  }
}

void check_pqxx(std::string_view path, const std::vector<std::string>& headers, std::vector<std::string>& found) {
  bool database_free = path.starts_with("engine/worker/") ||
                       (path.starts_with("engine/store/") && !path.starts_with("engine/store/postgres/"));
  if (database_free &&
      std::ranges::any_of(headers, [](const std::string& each) { return each.starts_with("pqxx/"); })) {
    found.push_back("includes pqxx: only engine/store/postgres and what stands above it knows the database");
  }
}

}  // namespace

std::string code_only(std::string_view text) {
  std::string code;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string_view rest = text.substr(at);
    if (rest.starts_with("//")) {
      at = std::min(text.find('\n', at), text.size()) - 1;
    } else if (rest.starts_with("/*")) {
      std::size_t end = std::min(text.find("*/", at + 2), text.size() - 2) + 2;
      code.append(static_cast<std::size_t>(std::ranges::count(text.substr(at, end - at), '\n')), '\n');
      at = end - 1;
    } else if (rest.starts_with('"') && !(at > 0 && text[at - 1] == '\'')) {
      std::size_t end = at + 1;
      while (end < text.size() && text[end] != '"' && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
      code += "\"\"";
      at = text.size() > end && text[end] == '\n' ? end - 1 : end;
    } else {
      code += text[at];
    }
  }
  return code;
}

std::vector<std::string> includes(std::string_view text) {
  std::vector<std::string> found;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::size_t hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line[hash] != '#') continue;
    std::size_t word = line.find_first_not_of(" \t", hash + 1);
    if (word == std::string::npos || line.compare(word, 7, "include") != 0) continue;
    std::size_t open = line.find_first_of("<\"", word);
    std::size_t close = open == std::string::npos ? open : line.find_first_of(">\"", open + 1);
    if (close != std::string::npos) found.push_back(line.substr(open + 1, close - open - 1));
  }
  return found;
}

std::vector<std::string> violations(std::string_view path, std::string_view text) {
  std::vector<std::string> found;
  auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  if (lines > kLongestFile) {
    found.push_back("has " + std::to_string(lines) + " lines; " + std::to_string(kLongestFile) + " is the limit");
  }
  if (!path.ends_with(".cpp") && !path.ends_with(".hpp")) return found;
  if (path.ends_with(".hpp") && text.find("#pragma once") == std::string_view::npos) {
    found.emplace_back("is a header without #pragma once");
  }
  std::vector<std::string> headers = includes(text);
  for (const std::string& header : headers) {
    if (header.find("..") != std::string::npos) found.push_back("includes " + header + ": spell it from the root");
  }
  check_layer(path, headers, found);
  check_purity(path, code_only(text), headers, found);
  check_pqxx(path, headers, found);
  return found;
}

}  // namespace holdfast::lint
