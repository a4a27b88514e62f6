#include <holdfast/core/codec.hpp>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>

namespace holdfast {
namespace codec {
namespace {

constexpr std::size_t kMaxDepth = 64;

boost::json::parse_options parse_options() {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  return options;
}

boost::json::value parse(std::string_view json, boost::json::storage_ptr storage) {
  boost::json::error_code error;
  unsigned char temporary[1024];
  boost::json::parser parser(boost::json::storage_ptr{}, parse_options(), temporary, sizeof temporary);
  parser.reset(std::move(storage));
  const auto parsed = parser.write_some(json.data(), json.size(), error);
  if (!error && parsed < json.size()) error = boost::json::error::extra_data;
  if (error) throw CodecError("$: not valid JSON at byte " + std::to_string(parsed) + ": " + error.message());
  return parser.release();
}

std::string_view kind_name(const boost::json::value& v) {
  switch (v.kind()) {
    case boost::json::kind::null: return "null";
    case boost::json::kind::bool_: return "a boolean";
    case boost::json::kind::string: return "a string";
    case boost::json::kind::array: return "an array";
    case boost::json::kind::object: return "an object";
    default: return "a number";
  }
}

}  // namespace

std::string Path::to_string() const {
  if (!parent) return "$";
  auto text = parent->to_string();
  if (is_index) return text + "[" + std::to_string(index) + "]";
  return text + "." + std::string(member);
}

void fail(const Path& path, const std::string& what) { throw CodecError(path.to_string() + ": " + what); }

void fail_kind(const Path& path, std::string_view expected, const boost::json::value& got) {
  fail(path, "expected " + std::string(expected) + ", got " + std::string(kind_name(got)));
}

std::int64_t read_int64(const boost::json::value& v, const Path& path) {
  if (v.is_int64()) return v.get_int64();
  if (v.is_uint64()) fail(path, std::to_string(v.get_uint64()) + " is out of range for a 64-bit integer");
  // Doubles that other writers use for whole numbers (1e3) are exact up to 2^53.
  if (v.is_double() && std::trunc(v.get_double()) == v.get_double() && std::abs(v.get_double()) <= 9007199254740992.0)
    return static_cast<std::int64_t>(v.get_double());
  fail_kind(path, "an integer", v);
}

std::uint64_t read_uint64(const boost::json::value& v, const Path& path) {
  if (v.is_uint64()) return v.get_uint64();
  const auto value = read_int64(v, path);
  if (value < 0) fail(path, std::to_string(value) + " is negative; allowed: 0 or more");
  return static_cast<std::uint64_t>(value);
}

double read_double(const boost::json::value& v, const Path& path) {
  if (v.is_double()) return v.get_double();
  if (v.is_int64()) return static_cast<double>(v.get_int64());
  if (v.is_uint64()) return static_cast<double>(v.get_uint64());
  fail_kind(path, "a number", v);
}

std::string_view read_string(const boost::json::value& v, const Path& path) {
  if (!v.is_string()) fail_kind(path, "a string", v);
  const auto& text = v.get_string();
  return {text.data(), text.size()};
}

void write_string(std::string& out, std::string_view text) {
  if (!is_valid_utf8(text)) throw CodecError("a string is not valid UTF-8");
  append_json_string(out, text);
}

void write_value(std::string& out, const boost::json::value& v) {
  const auto text = boost::json::serialize(v);
  if (!is_valid_utf8(text)) throw CodecError("a string is not valid UTF-8");
  out += text;
}

Document::Document(std::string_view json) : root_(parse(json, &memory_)) {}

}  // namespace codec

void check_json(std::string_view json, std::size_t max_bytes) {
  if (json.size() > max_bytes)
    throw CodecError("$: " + std::to_string(json.size()) + " bytes; allowed: at most " + std::to_string(max_bytes));
  codec::Document{json};
}

}  // namespace holdfast
