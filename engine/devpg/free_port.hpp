#pragma once

namespace holdfast::devpg {

/// A TCP port of the loopback address that was free a moment ago: for servers that want to be told one. Throws
/// std::runtime_error when there is none.
int free_port();

}  // namespace holdfast::devpg
