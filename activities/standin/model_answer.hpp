#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace platform::standin {

/// What the stand-in language models answer, by the members of the schema that they were given:
/// - `items`: [{"text","kind","due"}], one item per line of the prompt that says "please";
/// - `title` and `description`: the first two lines between <samples …> and </samples>;
/// - `description` and `products`: the text inside <interaction …>, and those lines of <products> that it contains.
/// Upper and lower case of types are the caller's business. The same prompt gives the same answer.
std::string model_answer(std::string_view prompt, const boost::json::value& schema);

/// A vector as a vendor would send it, of any length but 1: a point of our local embedder, three times as long. A
/// missing normalisation shows.
boost::json::array embedding_answer(std::string_view text);

/// More than this many bytes of one text are too long for the stand-ins' embedding models.
inline constexpr std::size_t kMostEmbeddableBytes = 8'000;

}  // namespace platform::standin
