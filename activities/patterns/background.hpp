#pragma once

#include <activities/patterns/similarity.hpp>

namespace platform::patterns {

/// From which similarity two of these texts are neighbours: four standard deviations above the usual similarity of two
/// of them, but between `least` and `most`. Models differ in what "unrelated" looks like (0.0 for hashed words, 0.6 for
/// some neural ones), and so do organizations whose texts are all about one thing. With fewer than 200 texts it is
/// `least`, because too much of a small set may be one pattern.
///
/// Median and deviation come from the lower half of the similarities of at most 600 texts, evenly spaced; texts that
/// belong together are in the upper half and do not disturb them.
double neighbour_limit(const CodeMatrix& codes, double least, double most);

}  // namespace platform::patterns
