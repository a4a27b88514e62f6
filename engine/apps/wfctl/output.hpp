#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wfctl {

enum class Form : std::uint8_t { table, json, jsonl, ids };

enum class Colour : std::uint8_t { plain, green, red, yellow, grey, bold };

/// Standard output, for one command. Everything that people or programs read goes through here; errors and remarks go
/// to standard error.
class Output {
 public:
  Output(Form form, bool colours) : form_(form), colours_(colours) {}

  Form form() const { return form_; }
  /// Throws std::runtime_error when standard output takes nothing any more (a full disk); a closed pipe ends the
  /// program quietly.
  void write(std::string_view text);
  void line(std::string_view text) { write(std::string(text) + "\n"); }
  std::string coloured(Colour colour, std::string_view text) const;
  void flush();

  /// One thing as the form wants it: the JSON object (indented or on a line), its id, or for people `text`.
  void object(const std::string& json, std::string_view id, std::string_view text);

 private:
  Form form_;
  bool colours_;
};

struct Cell {
  Cell(std::string text, Colour colour = Colour::plain) : text(std::move(text)), colour(colour) {}
  Cell(const char* text) : text(text) {}
  Cell(std::int64_t number) : text(std::to_string(number)) {}
  std::string text;
  Colour colour = Colour::plain;
};

/// A list as the form wants it: aligned columns, one JSON array, one JSON object per line, or one id per line. Rows
/// are written as they come (in tables: a thousand at a time), so lists may be long.
class ListOutput {
 public:
  ListOutput(Output& out, std::vector<std::string> columns);
  void row(std::vector<Cell> cells, const std::string& json, std::string_view id);
  /// Ends the list; `nothing` is what people read when it is empty.
  void finish(std::string_view nothing);

 private:
  void write_table();

  Output& out_;
  std::vector<std::string> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<Cell>> waiting_;
  bool headed_ = false;
  std::size_t rows_ = 0;
};

/// "name:   value" lines in one column, for describe; empty values are left out.
class Facts {
 public:
  void add(std::string_view name, std::string value, Colour colour = Colour::plain);
  std::string text(const Output& out) const;

 private:
  struct Fact {
    std::string name, value;
    Colour colour;
  };
  std::vector<Fact> facts_;
};

/// Columns that a text takes on a terminal (one per code point).
std::size_t display_width(std::string_view text);

}  // namespace wfctl
