#pragma once

#include <filesystem>
#include <string>

namespace holdfast::devpg {

/// The folder that holds initdb, postgres and psql. A non-empty `major_version` ("15") asks for that version only,
/// as an existing data folder does; otherwise the newest one in /usr/lib/postgresql/*/bin, then PATH.
/// Throws std::runtime_error that names the Debian package to install.
std::filesystem::path find_postgres_binaries(const std::string& major_version = "");

}  // namespace holdfast::devpg
