#include <holdfast/devpg/postgres_binaries.hpp>

#include <cstdlib>
#include <map>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include <holdfast/devpg/child_process.hpp>

namespace holdfast::devpg {
namespace fs = std::filesystem;
namespace {

bool complete(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "initdb", ignored) && fs::exists(folder / "postgres", ignored) &&
         fs::exists(folder / "psql", ignored);
}

/// Complete installations of the distribution, by version number.
std::map<int, fs::path> debian_versions() {
  std::map<int, fs::path> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
    int version = std::atoi(entry.path().filename().c_str());
    if (version > 0 && complete(entry.path() / "bin")) {
      found[version] = entry.path() / "bin";
    }
  }
  return found;
}

fs::path on_path() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (!folder.empty() && complete(folder)) {
      return fs::absolute(folder);
    }
  }
  return {};
}

bool has_version(const fs::path& binaries, const std::string& major_version) {
  CommandResult result = run_command({(binaries / "postgres").string(), "--version"});
  return result.output.find(") " + major_version + ".") != std::string::npos;
}

}  // namespace

fs::path find_postgres_binaries(const std::string& major_version) {
  std::map<int, fs::path> debian = debian_versions();
  fs::path other = on_path();
  if (major_version.empty()) {
    if (!debian.empty()) {
      return debian.rbegin()->second;
    }
    if (!other.empty()) {
      return other;
    }
    throw std::runtime_error(
        "no PostgreSQL server found in /usr/lib/postgresql/*/bin or PATH (initdb, postgres, psql): "
        "install the Debian package postgresql-15");
  }
  if (auto found = debian.find(std::atoi(major_version.c_str())); found != debian.end()) {
    return found->second;
  }
  if (!other.empty() && has_version(other, major_version)) {
    return other;
  }
  throw std::runtime_error("the data folder was made by PostgreSQL " + major_version +
                           ", which is not installed: install the Debian package postgresql-" + major_version);
}

}  // namespace holdfast::devpg
