#include <holdfast/schedule/definition.hpp>

#include <holdfast/core/codec.hpp>
#include <holdfast/core/json_text.hpp>
#include <holdfast/schedule/errors.hpp>
#include <holdfast/schedule/length.hpp>
#include <holdfast/schedule/timetable.hpp>

namespace holdfast::schedule {
namespace {

namespace json = boost::json;

template <class T>
void refuse_unknown(const json::value& v, const std::string& path);

template <class T>
void refuse_unknown_members(const json::object& object, const std::string& path) {
  using Members = boost::describe::describe_members<T, boost::describe::mod_public>;
  for (const auto& entry : object) {
    bool known = false;
    std::string allowed;
    boost::mp11::mp_for_each<Members>([&](auto member) {
      using Field = std::remove_cvref_t<decltype(std::declval<T>().*member.pointer)>;
      allowed += (allowed.empty() ? "" : ", ") + std::string(member.name);
      if (entry.key() != member.name) return;
      known = true;
      refuse_unknown<Field>(entry.value(), path + "." + member.name);
    });
    if (!known) reject("not a schedule: the member of " + path, std::string(entry.key()), allowed);
  }
}

/// The codec ignores what it does not know; a misspelt member of a schedule must not go unnoticed.
template <class T>
void refuse_unknown(const json::value& v, const std::string& path) {
  if constexpr (codec::is_vector<T>::value) {
    if (!v.is_array()) return;
    for (std::size_t i = 0; i < v.get_array().size(); ++i)
      refuse_unknown<typename T::value_type>(v.get_array()[i], path + "[" + std::to_string(i) + "]");
  } else if constexpr (boost::describe::has_describe_members<T>::value) {
    if (v.is_object()) refuse_unknown_members<T>(v.get_object(), path);
  }
}

template <class T>
T parse(std::string_view text) {
  try {
    const codec::Document document(text);
    T out{};
    codec::read(out, document.root(), codec::Path{}, codec::Mode::lenient);
    refuse_unknown<T>(document.root(), "$");
    return out;
  } catch (const CodecError& error) {
    throw SpecError(std::string("not a schedule: ") + error.what());
  }
}

void check_text(const std::string& field, std::string_view value, std::size_t most) {
  if (value.empty() || value.size() > most || value.find('\0') != std::string_view::npos || !is_valid_utf8(value))
    reject(field, value, "1 to " + std::to_string(most) + " bytes of UTF-8 without NUL");
}

}  // namespace

void validate(const ScheduleDefinition& d) {
  check_text("workflow_type", d.workflow_type, 255);
  check_text("task_queue", d.task_queue, 255);
  if (d.priority < 1 || d.priority > 5) reject("priority", std::to_string(d.priority), "1 to 5");
  if (!d.execution_timeout.empty()) parse_length("execution_timeout", d.execution_timeout, std::chrono::seconds(1));
  parse_length("catch_up_window", d.catch_up_window, kLeastCatchUpWindow);
  if (d.limited_actions && *d.limited_actions < 0)
    reject("limited_actions", std::to_string(*d.limited_actions), "0 or more");
  const Timetable checked(d.spec);
}

void validate_schedule_id(std::string_view id) { check_text("schedule_id", id, kMaxScheduleIdBytes); }

ScheduleDefinition parse_definition(std::string_view json) { return parse<ScheduleDefinition>(json); }
ScheduleSpec parse_spec(std::string_view json) { return parse<ScheduleSpec>(json); }

std::string workflow_id_of(std::string_view schedule_id, Timestamp nominal) {
  std::string time = to_rfc3339(nominal);
  if (time.ends_with(".000000Z")) time.replace(time.size() - 8, 8, "Z");
  return std::string(schedule_id) + "-" + time;
}

}  // namespace holdfast::schedule
