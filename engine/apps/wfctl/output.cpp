#include "output.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "exit_code.hpp"
#include "json_object.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

constexpr std::size_t kTableChunk = 1000;
constexpr std::size_t kWidest = 60;

[[noreturn]] void output_failed() {
  if (errno == EPIPE) std::_Exit(kError);  // the reader went away: `wfctl run list | head`
  throw std::system_error(errno, std::generic_category(), "writing to standard output");
}

}  // namespace

void Output::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) output_failed();
}

void Output::flush() {
  if (std::fflush(stdout) != 0) output_failed();
}

std::string Output::coloured(Colour colour, std::string_view text) const {
  static constexpr std::string_view kCodes[] = {"", "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[90m", "\x1b[1m"};
  const auto code = kCodes[static_cast<std::size_t>(colour)];
  if (!colours_ || code.empty() || text.empty()) return std::string(text);
  return std::string(code) + std::string(text) + "\x1b[0m";
}

void Output::object(const std::string& json, std::string_view id, std::string_view text) {
  switch (form_) {
    case Form::table: write(text); break;
    case Form::json: line(pretty_json(json)); break;
    case Form::jsonl: line(json); break;
    case Form::ids: line(id); break;
  }
}

ListOutput::ListOutput(Output& out, std::vector<std::string> columns)
    : out_(out), columns_(std::move(columns)), widths_(columns_.size(), 0) {}

void ListOutput::row(std::vector<Cell> cells, const std::string& json, std::string_view id) {
  switch (out_.form()) {
    case Form::json: out_.write(std::string(rows_ == 0 ? "[\n" : ",\n") + json); break;
    case Form::jsonl: out_.line(json); break;
    case Form::ids: out_.line(id); break;
    case Form::table:
      for (auto& cell : cells) cell.text = printable(cell.text);
      waiting_.push_back(std::move(cells));
      if (waiting_.size() >= kTableChunk) write_table();
      break;
  }
  ++rows_;
}

void ListOutput::write_table() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    widths_[i] = std::max(widths_[i], columns_[i].size());
    // One very long id must not push every other row off the screen.
    for (const auto& row : waiting_) widths_[i] = std::max(widths_[i], std::min(display_width(row[i].text), kWidest));
  }
  const auto write_row = [&](const std::vector<Cell>& row) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += out_.coloured(row[i].colour, row[i].text);
      const std::size_t width = display_width(row[i].text);
      if (i + 1 < row.size()) text.append(2 + (width < widths_[i] ? widths_[i] - width : 0), ' ');
    }
    out_.line(text);
  };
  if (!std::exchange(headed_, true)) {
    std::vector<Cell> heads;
    for (const auto& column : columns_) heads.emplace_back(column, Colour::bold);
    write_row(heads);
  }
  for (const auto& row : waiting_) write_row(row);
  waiting_.clear();
}

void ListOutput::finish(std::string_view nothing) {
  if (out_.form() == Form::json) out_.line(rows_ == 0 ? "[]" : "\n]");
  if (out_.form() != Form::table) return;
  if (rows_ == 0)
    out_.line(nothing);
  else
    write_table();
}

void Facts::add(std::string_view name, std::string value, Colour colour) {
  // Messages of PostgreSQL end with a line break, and have more of them inside.
  while (!value.empty() && (value.back() == '\n' || value.back() == ' ')) value.pop_back();
  std::ranges::replace(value, '\n', ' ');
  if (!value.empty()) facts_.push_back({std::string(name), std::move(value), colour});
}

std::string Facts::text(const Output& out) const {
  std::size_t width = 0;
  for (const auto& fact : facts_) width = std::max(width, fact.name.size());
  std::string text;
  for (const auto& [name, value, colour] : facts_) {
    text += name;
    text.append(width + 2 - name.size(), ' ');
    text += out.coloured(colour, printable(value)) + "\n";
  }
  return text;
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace wfctl
