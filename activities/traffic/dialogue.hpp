#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace platform::traffic {

/// What was said in a call, ready to stand inside JSON strings (lines end with a backslash and an n).
struct Dialogue {
  std::string transcript;       ///< lines "AI: …" and "User: …"
  std::string messages = "[]";  ///< JSON array of {"role", "message"}
  std::string summary;
};

/// A conversation with a receptionist of about that length; its text grows with the duration, to 6 KB at most.
Dialogue make_dialogue(std::mt19937_64& random, std::int64_t duration_ms);

}  // namespace platform::traffic
