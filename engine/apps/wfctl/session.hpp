#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/client/client.hpp>
#include <holdfast/store/store.hpp>

#include "output.hpp"

namespace wfctl {

/// Options that every command has.
struct GlobalOptions {
  std::string database_url;
  std::string namespace_ = "default";
  std::string output = "table";
  std::string colour = "auto";
};

/// What a command works with: the options, the output and, once asked for, the database.
class Session {
 public:
  explicit Session(const GlobalOptions& options);

  const GlobalOptions& options() const { return options_; }
  Output& out() { return out_; }

  /// Connects at the first call. Throws store::Unavailable, store::SchemaMismatch.
  holdfast::store::Store& store();
  const holdfast::client::Client& client();
  /// The libpq connection string; empty: PG* variables.
  std::string connection_string() const;

 private:
  GlobalOptions options_;
  Output out_;
  std::shared_ptr<holdfast::store::Store> store_;
  std::optional<holdfast::client::Client> client_;
};

}  // namespace wfctl
