#pragma once

#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include <holdfast/core/json_text.hpp>
#include <holdfast/core/nothing.hpp>
#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>

/// JSON <-> BOOST_DESCRIBEd structs. Field names are the wire format and live for ever in histories: renaming one
/// breaks them; adding one is safe. Reading is lenient (a missing member keeps its default, an unknown one is ignored),
/// because histories were written by older and newer code. At the edges of the system use decode_strict.
///
/// Types: bool, integers (exact, range-checked), double, std::string (UTF-8), described enums (by name), std::optional
/// (absent or null), std::vector, std::map<std::string, T>, durations (integer microseconds), Timestamp (RFC 3339),
/// Uuid (text), boost::json::value (anything), and described structs of these.
namespace holdfast {

/// The text is not JSON, or does not fit the type. The message starts with the JSON path, such as `$.items[3].price`.
class CodecError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace codec {

enum class Mode : bool { lenient, strict };

/// Where the reader is: a chain of stack frames, turned into text only for an error.
struct Path {
  const Path* parent = nullptr;
  std::string_view member;
  std::size_t index = 0;
  bool is_index = false;
  std::string to_string() const;
};

[[noreturn]] void fail(const Path& path, const std::string& what);
[[noreturn]] void fail_kind(const Path& path, std::string_view expected, const boost::json::value& got);
std::int64_t read_int64(const boost::json::value& v, const Path& path);
std::uint64_t read_uint64(const boost::json::value& v, const Path& path);
double read_double(const boost::json::value& v, const Path& path);
std::string_view read_string(const boost::json::value& v, const Path& path);
void write_string(std::string& out, std::string_view text);
void write_value(std::string& out, const boost::json::value& v);
/// Parses into storage that lives as long as the returned object. Throws CodecError with the position.
class Document {
 public:
  explicit Document(std::string_view json);
  const boost::json::value& root() const { return root_; }

 private:
  unsigned char buffer_[2048];
  boost::json::monotonic_resource memory_{buffer_, sizeof buffer_};
  boost::json::value root_;
};

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_string_map : std::false_type {};
template <class T>
struct is_string_map<std::map<std::string, T>> : std::true_type {};
template <class T>
struct is_duration : std::false_type {};
template <class R, class P>
struct is_duration<std::chrono::duration<R, P>> : std::true_type {};
template <class>
inline constexpr bool kUnsupported = false;

template <class T>
void write(std::string& out, const T& v) {
  if constexpr (std::is_same_v<T, bool>) {
    out += v ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    const char* name = boost::describe::enum_to_string(v, nullptr);
    if (!name) throw CodecError("an enumerator without a name cannot be written");
    write_string(out, name);
  } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
    append_json_integer(out, v);
  } else if constexpr (std::is_integral_v<T>) {
    append_json_unsigned(out, v);
  } else if constexpr (std::is_floating_point_v<T>) {
    append_json_double(out, static_cast<double>(v));
  } else if constexpr (std::is_same_v<T, std::string>) {
    write_string(out, v);
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    write_string(out, to_rfc3339(v));
  } else if constexpr (std::is_same_v<T, Uuid>) {
    write_string(out, v.to_string());
  } else if constexpr (std::is_same_v<T, boost::json::value>) {
    write_value(out, v);
  } else if constexpr (is_duration<T>::value) {
    append_json_integer(out, std::chrono::duration_cast<Duration>(v).count());
  } else if constexpr (is_optional<T>::value) {
    if (v)
      write(out, *v);
    else
      out += "null";
  } else if constexpr (is_vector<T>::value) {
    out += '[';
    for (std::size_t i = 0; i < v.size(); ++i) {
      if (i) out += ',';
      write(out, static_cast<const typename T::value_type&>(v[i]));
    }
    out += ']';
  } else if constexpr (is_string_map<T>::value) {
    out += '{';
    bool first = true;
    for (const auto& [key, value] : v) {
      if (!std::exchange(first, false)) out += ',';
      write_string(out, key);
      out += ':';
      write(out, value);
    }
    out += '}';
  } else if constexpr (boost::describe::has_describe_members<T>::value) {
    using Members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;
    out += '{';
    bool first = true;
    boost::mp11::mp_for_each<Members>([&](auto member) {
      using Field = std::remove_cvref_t<decltype(v.*member.pointer)>;
      if constexpr (is_optional<Field>::value) {
        if (!(v.*member.pointer)) return;
      }
      if (!std::exchange(first, false)) out += ',';
      write_string(out, member.name);
      out += ':';
      write(out, v.*member.pointer);
    });
    out += '}';
  } else {
    static_assert(kUnsupported<T>, "this type has no JSON form: describe it with BOOST_DESCRIBE_STRUCT");
  }
}

template <class T>
T read_integer(const boost::json::value& v, const Path& path) {
  if constexpr (std::is_signed_v<T>) {
    const auto wide = read_int64(v, path);
    if (wide < std::numeric_limits<T>::min() || wide > std::numeric_limits<T>::max())
      fail(path, std::to_string(wide) + " is out of range for a " + std::to_string(sizeof(T) * 8) + "-bit integer");
    return static_cast<T>(wide);
  } else {
    const auto wide = read_uint64(v, path);
    if (wide > std::numeric_limits<T>::max())
      fail(path,
           std::to_string(wide) + " is out of range for an unsigned " + std::to_string(sizeof(T) * 8) + "-bit integer");
    return static_cast<T>(wide);
  }
}

template <class T>
void read(T& out, const boost::json::value& v, const Path& path, Mode mode);

template <class T>
void read_struct(T& out, const boost::json::value& v, const Path& path, Mode mode) {
  if (!v.is_object()) fail_kind(path, "an object", v);
  const auto& object = v.get_object();
  using Members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;
  std::size_t known = 0;
  boost::mp11::mp_for_each<Members>([&](auto member) {
    using Field = std::remove_cvref_t<decltype(out.*member.pointer)>;
    const Path here{&path, member.name, 0, false};
    if (const auto* found = object.if_contains(member.name)) {
      ++known;
      read(out.*member.pointer, *found, here, mode);
    } else if (mode == Mode::strict && !is_optional<Field>::value) {
      fail(here, "is required");
    }
  });
  if (mode == Mode::lenient || known == object.size()) return;
  for (const auto& entry : object) {
    bool is_known = false;
    boost::mp11::mp_for_each<Members>([&](auto member) { is_known = is_known || entry.key() == member.name; });
    if (!is_known) fail(path, "has an unknown member \"" + std::string(entry.key()) + "\"");
  }
}

template <class T>
void read(T& out, const boost::json::value& v, const Path& path, Mode mode) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!v.is_bool()) fail_kind(path, "true or false", v);
    out = v.get_bool();
  } else if constexpr (std::is_enum_v<T>) {
    const auto name = read_string(v, path);
    if (!boost::describe::enum_from_string(std::string(name).c_str(), out)) {
      std::string allowed;
      boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
          [&](auto e) { allowed += (allowed.empty() ? "" : ", ") + std::string(e.name); });
      fail(path, "\"" + std::string(name) + "\" is not allowed; allowed: " + allowed);
    }
  } else if constexpr (std::is_integral_v<T>) {
    out = read_integer<T>(v, path);
  } else if constexpr (std::is_floating_point_v<T>) {
    out = static_cast<T>(read_double(v, path));
  } else if constexpr (std::is_same_v<T, std::string>) {
    out = read_string(v, path);
  } else if constexpr (std::is_same_v<T, Timestamp> || std::is_same_v<T, Uuid>) {
    try {
      if constexpr (std::is_same_v<T, Uuid>)
        out = Uuid::parse(read_string(v, path));
      else
        out = parse_rfc3339(read_string(v, path));
    } catch (const std::invalid_argument& e) {
      fail(path, e.what());
    }
  } else if constexpr (std::is_same_v<T, boost::json::value>) {
    out = boost::json::value(v, boost::json::storage_ptr{});  // a copy that outlives the document
  } else if constexpr (is_duration<T>::value) {
    out = std::chrono::duration_cast<T>(Duration(read_int64(v, path)));
  } else if constexpr (is_optional<T>::value) {
    if (v.is_null())
      out.reset();
    else
      read(out.emplace(), v, path, mode);
  } else if constexpr (is_vector<T>::value) {
    if (!v.is_array()) fail_kind(path, "an array", v);
    const auto& items = v.get_array();
    out.clear();
    out.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      typename T::value_type item{};
      read(item, items[i], Path{&path, {}, i, true}, mode);
      out.push_back(std::move(item));
    }
  } else if constexpr (is_string_map<T>::value) {
    if (!v.is_object()) fail_kind(path, "an object", v);
    out.clear();
    for (const auto& entry : v.get_object())
      read(out[std::string(entry.key())], entry.value(), Path{&path, entry.key(), 0, false}, mode);
  } else if constexpr (boost::describe::has_describe_members<T>::value) {
    read_struct(out, v, path, mode);
  } else {
    static_assert(kUnsupported<T>, "this type has no JSON form: describe it with BOOST_DESCRIBE_STRUCT");
  }
}

template <class T>
T decode(std::string_view json, Mode mode) {
  const Document document(json);
  T out{};
  read(out, document.root(), Path{}, mode);
  return out;
}

}  // namespace codec

/// JSON text of a value. Throws CodecError for what JSON cannot hold (invalid UTF-8, NaN).
template <class T>
std::string encode(const T& value) {
  std::string out;
  codec::write(out, value);
  return out;
}

/// Lenient. Throws CodecError.
template <class T>
T decode(std::string_view json) {
  return codec::decode<T>(json, codec::Mode::lenient);
}

/// Every member that is not optional must be there, and no other. Throws CodecError.
template <class T>
T decode_strict(std::string_view json) {
  return codec::decode<T>(json, codec::Mode::strict);
}

/// Throws CodecError unless `json` is one valid JSON value of at most `max_bytes` bytes.
void check_json(std::string_view json, std::size_t max_bytes);

}  // namespace holdfast
