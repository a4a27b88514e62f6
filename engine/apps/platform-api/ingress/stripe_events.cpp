#include <ingress/stripe_events.hpp>

#include <boost/json.hpp>

#include <workflows/meter_errors.hpp>

namespace platform::ingress {
namespace {

namespace postgres = holdfast::store::postgres;

constexpr std::size_t kLongestName = 255;

constexpr Statement kReceive{"platform_receive_stripe_event", "SELECT platform.receive_stripe_event($1, $2, $3)"};

std::string text_member(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) throw BadMessage(std::string(name) + ": must be a string");
  const std::string text(value->get_string());
  if (text.empty() || text.size() > kLongestName || text.find('\0') != std::string::npos)
    throw BadMessage(std::string(name) + ": has " + std::to_string(text.size()) +
                     " bytes or a NUL; allowed are 1 to 255 without NUL");
  return text;
}

}  // namespace

StripeEvent parse_stripe_event(std::string_view body) {
  boost::system::error_code error;
  const auto json = boost::json::parse(body, error);
  if (error) throw BadMessage("the body is not JSON: " + error.message());
  if (!json.is_object()) throw BadMessage("the body must be a JSON object");
  const auto& object = json.get_object();
  return {.id = text_member(object, "id"), .type = text_member(object, "type"), .body = std::string(body)};
}

StripeEvents::StripeEvents(const DatabaseOptions& database, holdfast::client::Client client)
    : client_(std::move(client)),
      session_(database),
      threads_(
          {.threads = 1}, [](const StripeEvent& event) { return event.body.size() + 1000; },
          [this](std::size_t, auto& jobs) {
            for (auto& job : jobs) job.out.set_value(commit(job.in));
          }) {}

bool StripeEvents::file(StripeEvent event, std::chrono::milliseconds timeout) {
  auto result = threads_.submit(std::move(event));
  if (result.wait_for(timeout) != std::future_status::ready)
    throw Unavailable("the database did not answer within " + std::to_string(timeout.count()) + " ms");
  return result.get();
}

bool StripeEvents::commit(const StripeEvent& event) {
  bool is_new = false;
  session_.transaction([&](pqxx::work& tx) {
    postgres::Parameters parameters;
    for (const auto* text : {&event.id, &event.type, &event.body})
      parameters.push_back(postgres::text_parameter(*text));
    is_new = session_.run(tx, kReceive, parameters)[0][0].as<bool>();
    if (!is_new || !event.reports_meter_errors()) return;
    client_.start_in(tx, kMeterErrors, "stripe-event-" + event.id, {.event_id = event.id},
                     {.conflict = holdfast::store::IdConflictPolicy::use_existing,
                      .search_attributes = holdfast::Attributes().set("StripeEventId", event.id).json()});
  });
  if (is_new && event.reports_meter_errors()) client_.wake(kMeterErrors.task_queue);
  return is_new;
}

}  // namespace platform::ingress
