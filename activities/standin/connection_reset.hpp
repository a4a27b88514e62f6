#pragma once

namespace platform::standin {

/// Resets the TCP connection (RST, not FIN) between our `local_port` and the peer's `remote_port`, so that the peer
/// sees "connection reset" without any byte of an answer. cpp-httplib does not hand out its sockets, so the socket is
/// found among this process's descriptors. Does nothing if it is not there.
void reset_connection(int local_port, int remote_port);

}  // namespace platform::standin
