#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace platform::patterns {

/// An embedding of unit length in 16-bit integers: component times kUnit, rounded. Inner products of codes are exact
/// integers, so that what is computed from them (clusters, ranks, links) is the same on every machine and in every
/// order of summation. The rounding changes a cosine by less than 0.0001.
using Code = std::vector<std::int16_t>;

/// Chosen such that no inner product of two codes, nor any part of one, leaves 32 bits (Cauchy-Schwarz).
inline constexpr double kUnit = 32'000;

/// Scales to unit length and rounds. A vector of zeros stays zero. Throws std::invalid_argument for components that are
/// not finite.
Code encode_embedding(std::span<const float> embedding);

/// The same from whole numbers, for sums of codes.
Code encode_sum(std::span<const std::int64_t> sum);

/// How a code is stored: little-endian, two bytes per component.
std::string code_bytes(std::span<const std::int16_t> code);

/// Reads the hexadecimal text ("\x…") in which PostgreSQL gives a bytea. Throws std::invalid_argument for anything else
/// than a code of that many components.
Code code_from_hex(std::string_view hex, std::size_t dimensions);
/// The other way round, as a parameter of a statement.
std::string code_to_hex(std::span<const std::int16_t> code);

}  // namespace platform::patterns
