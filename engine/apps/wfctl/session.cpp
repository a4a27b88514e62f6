#include "session.hpp"

#include <cstdlib>

#include <libpq-fe.h>
#include <unistd.h>

#include <holdfast/store/postgres/postgres_store.hpp>

#include "schema.hpp"

namespace wfctl {
namespace {

Form parse_form(const std::string& text) {
  if (text == "json") return Form::json;
  if (text == "jsonl") return Form::jsonl;
  if (text == "ids") return Form::ids;
  return Form::table;
}

bool wants_colours(const GlobalOptions& options) {
  if (options.output != "table" || options.colour == "never") return false;
  if (options.colour == "always") return true;
  const char* terminal = std::getenv("TERM");
  const char* no_colour = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0') && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

}  // namespace

Session::Session(const GlobalOptions& options)
    : options_(options), out_(parse_form(options.output), wants_colours(options)) {}

std::string Session::connection_string() const {
  char* problem = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(options_.database_url.c_str(), &problem);
  if (parsed == nullptr) {
    const std::string what = problem != nullptr ? problem : "out of memory";
    PQfreemem(problem);
    throw holdfast::store::InvalidArgument("the database URL is not understood: " + what);
  }
  PQconninfoFree(parsed);
  return options_.database_url;
}

holdfast::store::Store& Session::store() {
  if (!store_) {
    require_schema(*this);
    // A command runs each statement once: preparing it gains nothing, and would not work behind every PgBouncer.
    store_ = holdfast::store::open_postgres_store(
        {.connection_string = connection_string(), .pool_size = 2, .prepared = false, .application_name = "wfctl"});
  }
  return *store_;
}

const holdfast::client::Client& Session::client() {
  if (!client_) {
    store();
    client_.emplace(store_,
                    holdfast::client::ClientOptions{.namespace_ = options_.namespace_, .identity = {}, .notify = true});
  }
  return *client_;
}

}  // namespace wfctl
