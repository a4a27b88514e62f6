#include <holdfast/core/failure.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>

#include <holdfast/core/failure_json.hpp>
#include <holdfast/core/json_text.hpp>

namespace holdfast {
namespace {

constexpr std::array<std::string_view, 7> kKinds{"application", "timeout",  "canceled",      "terminated",
                                                 "worker_lost", "activity", "child_workflow"};

// A chain this long is a bug in somebody's error handling; what is cut here must not overflow a stack elsewhere.
constexpr int kMaxCauses = 50;

std::optional<FailureKind> find_kind(std::string_view text) {
  const auto found = std::ranges::find(kKinds, text);
  if (found == kKinds.end()) return std::nullopt;
  return static_cast<FailureKind>(found - kKinds.begin());
}

void append_failure(std::string& out, const Failure& failure, int causes_left) {
  out += "{\"kind\":\"";
  out += to_string(failure.kind);
  out += '"';
  if (!failure.type.empty()) {
    out += ",\"type\":";
    append_json_string_repaired(out, failure.type);
  }
  out += ",\"message\":";
  append_json_string_repaired(out, failure.message);
  if (failure.non_retryable) out += ",\"non_retryable\":true";
  if (failure.next_retry_delay) {
    out += ",\"next_retry_delay_us\":" + std::to_string(failure.next_retry_delay->count());
  }
  if (!failure.details.empty()) {
    out += ",\"details\":";
    // Details come from activity code; text that is not JSON must not make the history row unreadable.
    if (is_valid_json(failure.details)) {
      out += failure.details;
    } else {
      append_json_string_repaired(out, failure.details);
    }
  }
  if (failure.cause && causes_left > 0) {
    out += ",\"cause\":";
    append_failure(out, *failure.cause, causes_left - 1);
  }
  out += '}';
}

Failure read_failure(JsonReader& reader, int causes_left) {
  Failure failure;
  reader.object([&](std::string_view key) {
    if (key == "kind") {
      // A kind of a later version reads as the most general one.
      failure.kind = find_kind(reader.string()).value_or(FailureKind::application);
    } else if (key == "type") {
      failure.type = reader.string();
    } else if (key == "message") {
      failure.message = reader.string();
    } else if (key == "non_retryable") {
      failure.non_retryable = reader.boolean();
    } else if (key == "next_retry_delay_us") {
      if (!reader.null()) failure.next_retry_delay = Duration(reader.integer());
    } else if (key == "details") {
      failure.details = reader.raw();
    } else if (key == "cause" && causes_left > 0) {
      if (!reader.null()) failure.cause = std::make_shared<const Failure>(read_failure(reader, causes_left - 1));
    } else {
      reader.skip();
    }
  });
  return failure;
}

}  // namespace

std::string_view to_string(FailureKind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }

FailureKind parse_failure_kind(std::string_view text) {
  if (const auto kind = find_kind(text)) return *kind;
  throw std::invalid_argument("unknown failure kind \"" + std::string(text.substr(0, 64)) + "\"");
}

void append_failure(std::string& out, const Failure& failure) { append_failure(out, failure, kMaxCauses); }

Failure read_failure(JsonReader& reader) { return read_failure(reader, kMaxCauses); }

std::string encode_failure(const Failure& failure) {
  std::string out;
  append_failure(out, failure);
  return out;
}

Failure decode_failure(std::string_view json) {
  JsonReader reader(json);
  Failure failure = read_failure(reader);
  reader.end();
  return failure;
}

std::string describe(const Failure& failure) {
  std::string out;
  int depth = 0;
  for (const Failure* f = &failure; f != nullptr && depth <= kMaxCauses; f = f->cause.get(), ++depth) {
    if (f != &failure) out += "; caused by: ";
    out += f->type.empty() ? std::string(to_string(f->kind)) : f->type;
    if (!f->message.empty()) out += ": " + f->message;
  }
  return out;
}

}  // namespace holdfast
