#include <holdfast/client/uuid_generator.hpp>

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <system_error>

namespace holdfast::client {
namespace {

/// Random bytes by the block, so that a batch of thousands of ids costs few system calls.
class RandomBytes {
 public:
  void take(void* to, std::size_t count) {
    // After a fork parent and child would otherwise hand out the same bytes.
    if (const pid_t now = ::getpid(); now != process_ || used_ + count > block_.size()) {
      refill();
      process_ = now;
    }
    std::memcpy(to, block_.data() + used_, count);
    used_ += count;
  }

 private:
  void refill() {
    // Up to 256 bytes come whole or not at all (getrandom(2)).
    while (::getrandom(block_.data(), block_.size(), 0) != static_cast<ssize_t>(block_.size()))
      if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
    used_ = 0;
  }

  std::array<std::uint8_t, 250> block_{};
  std::size_t used_ = block_.size();
  pid_t process_ = 0;
};

/// The next id of the same millisecond: the 74 random bits, read as one number, plus a small random step. An overflow
/// carries into the time, which stays within the millisecond or so that the order needs.
Uuid successor(Uuid id, std::uint32_t step) {
  auto& b = id.bytes;
  std::uint64_t carry = std::uint64_t{step} + 1;
  for (std::size_t i = 16; i-- > 0 && carry != 0;) {
    // Byte 8 holds 6 random bits below the variant, byte 6 holds 4 below the version.
    const unsigned bits = i == 8 ? 6 : i == 6 ? 4 : 8;
    const std::uint64_t mask = (1U << bits) - 1;
    const std::uint64_t sum = (b[i] & mask) + carry;
    b[i] = static_cast<std::uint8_t>((b[i] & ~mask) | (sum & mask));
    carry = sum >> bits;
  }
  return id;
}

class Generator {
 public:
  Uuid next() {
    const auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
    const std::lock_guard lock(mutex_);
    if (now > last_time_) {
      std::array<std::uint8_t, 10> random;
      random_.take(random.data(), random.size());
      last_ = make_uuid_v7(now, random);
      last_time_ = now;
    } else {
      std::uint32_t step = 0;
      random_.take(&step, sizeof step);
      last_ = successor(last_, step);
      last_time_ = uuid_v7_time(last_);
    }
    return last_;
  }

 private:
  std::mutex mutex_;
  RandomBytes random_;
  std::chrono::milliseconds last_time_{};
  Uuid last_;
};

}  // namespace

Uuid new_uuid() {
  static Generator generator;
  return generator.next();
}

}  // namespace holdfast::client
