#include <holdfast/http/signature/sigv4.hpp>

#include <holdfast/http/signature/hash.hpp>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>

namespace holdfast::http {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::chrono::minutes kTolerance{15};

using Headers = std::map<std::string, std::string>;  // lower case, sorted

/// 20130524T000000Z
std::string basic_time(UnixTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[32];
  std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

std::optional<UnixTime> parse_basic_time(std::string_view text) {
  int year = 0, hour = 0, minute = 0, second = 0;
  unsigned month = 0, day = 0;
  if (text.size() != 16 ||
      std::sscanf(std::string(text).c_str(), "%4d%2u%2uT%2d%2d%2dZ", &year, &month, &day, &hour, &minute, &second) != 6)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string scope_of(const SigV4Key& key, const std::string& time) {
  return time.substr(0, 8) + "/" + key.region + "/" + key.service + "/aws4_request";
}

std::string canonical_query(std::vector<std::pair<std::string, std::string>> query) {
  for (auto& [name, value] : query) {
    name = uri_encoded(name, false);
    value = uri_encoded(value, false);
  }
  std::ranges::sort(query);
  std::string out;
  for (const auto& [name, value] : query) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

std::string names_of(const Headers& headers) {
  std::string out;
  for (const auto& [name, value] : headers) out += (out.empty() ? "" : ";") + name;
  return out;
}

std::string signature_of(const SigV4Key& key, const SigV4Request& request, const Headers& headers,
                         std::string_view payload_hash, const std::string& time) {
  std::string canonical =
      request.method + "\n" + uri_encoded(request.path, true) + "\n" + canonical_query(request.query) + "\n";
  for (const auto& [name, value] : headers) canonical += name + ":" + value + "\n";
  canonical += "\n" + names_of(headers) + "\n" + std::string(payload_hash);
  const auto scope = scope_of(key, time);
  const auto text = std::string(kAlgorithm) + "\n" + time + "\n" + scope + "\n" +
                    hex_encode(digest(HashAlgorithm::sha256, canonical));
  auto signing_key = "AWS4" + key.secret_key;
  for (const auto& part : {time.substr(0, 8), key.region, key.service, std::string("aws4_request")})
    signing_key = hmac(HashAlgorithm::sha256, signing_key, part);
  return hex_encode(hmac(HashAlgorithm::sha256, signing_key, text));
}

Headers signed_headers(const SigV4Request& request) {
  Headers out{{"host", request.host}};
  for (const auto& [name, value] : request.headers.fields()) out[lower(name)] = std::string(trimmed(value));
  return out;
}

std::string authorization(const SigV4Key& key, const std::string& time, const Headers& headers,
                          const std::string& signature) {
  return std::string(kAlgorithm) + " Credential=" + key.access_key + "/" + scope_of(key, time) +
         ", SignedHeaders=" + names_of(headers) + ", Signature=" + signature;
}

}  // namespace

std::string uri_encoded(std::string_view text, bool keep_slash) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const unsigned char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~' || (c == '/' && keep_slash);
    if (plain) {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += kDigits[c >> 4];
      out += kDigits[c & 15];
    }
  }
  return out;
}

HeaderList sigv4_headers(const SigV4Key& key, const SigV4Request& request, std::string_view payload_hash,
                         UnixTime now) {
  const auto time = basic_time(now);
  auto headers = signed_headers(request);
  headers["x-amz-date"] = time;
  headers["x-amz-content-sha256"] = payload_hash;
  HeaderList out = request.headers;
  out.add("x-amz-date", time);
  out.add("x-amz-content-sha256", std::string(payload_hash));
  out.add("Authorization", authorization(key, time, headers, signature_of(key, request, headers, payload_hash, time)));
  return out;
}

std::string sigv4_presigned_query(const SigV4Key& key, const SigV4Request& request, UnixTime now,
                                  std::chrono::seconds expires) {
  const auto time = basic_time(now);
  const auto headers = signed_headers(request);
  auto with_credentials = request;
  auto& query = with_credentials.query;
  query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  query.emplace_back("X-Amz-Credential", key.access_key + "/" + scope_of(key, time));
  query.emplace_back("X-Amz-Date", time);
  query.emplace_back("X-Amz-Expires", std::to_string(expires.count()));
  query.emplace_back("X-Amz-SignedHeaders", names_of(headers));
  const auto signature = signature_of(key, with_credentials, headers, kUnsignedPayload, time);
  return canonical_query(query) + "&X-Amz-Signature=" + signature;
}

SignatureCheck verify_sigv4(const SigV4Key& key, const SigV4Request& request, const HeaderList& headers, UnixTime now) {
  const std::string given(headers.find("Authorization").value_or(""));
  const std::string time(headers.find("x-amz-date").value_or(""));
  const std::string hash(headers.find("x-amz-content-sha256").value_or(""));
  if (given.empty() || time.empty() || hash.empty())
    return {SignatureVerdict::missing_header, "Authorization, x-amz-date or x-amz-content-sha256 is missing"};
  const auto at = parse_basic_time(time);
  if (!at) return {SignatureVerdict::malformed_header, "x-amz-date is not a time"};
  if (const auto check = check_timestamp("x-amz-date", *at, now, kTolerance); !check) return check;
  const std::string marker = "SignedHeaders=";
  const auto begin = given.find(marker);
  if (begin == std::string::npos) return {SignatureVerdict::malformed_header, "Authorization names no signed headers"};
  auto names = given.substr(begin + marker.size());
  names = names.substr(0, names.find(','));
  Headers values;
  for (std::size_t start = 0; start <= names.size();) {
    const auto end = std::min(names.find(';', start), names.size());
    const auto name = names.substr(start, end - start);
    values[name] = name == "host" ? request.host : std::string(trimmed(headers.find(name).value_or("")));
    start = end + 1;
  }
  const auto expected = authorization(key, time, values, signature_of(key, request, values, hash, time));
  if (!values.contains("host") || !equal_in_constant_time(given, expected))
    return {SignatureVerdict::bad_signature, "the signature does not match"};
  return {};
}

}  // namespace holdfast::http
