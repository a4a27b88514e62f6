#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>

#include <holdfast/store/types.hpp>

namespace wfctl {

class Session;

/// The options that say which runs a list or a count is about.
struct RunFilter {
  std::string filter, type, status, queue, id_prefix, since, until, parent;

  void add_options(CLI::App& command);
  /// Asks the database what --parent, --since and --until mean. Throws visibility::FilterError, store::InvalidArgument.
  holdfast::store::ListFilter read(Session& session) const;
};

/// Which runs a verb is for: those that are named, or every open run that a filter matches.
struct RunSelection {
  std::vector<std::string> ids;
  std::string filter;
  bool yes = false;

  /// `verb` as in "cancel runs"; `ids` are left to the command.
  void add_options(CLI::App& command, const std::string& verb);
  /// The ids. Of a filter only after the person, or --yes, has agreed to how many there are; none if not.
  std::vector<std::string> read(Session& session, const std::string& verb) const;
};

}  // namespace wfctl
