#pragma once

namespace app {

/// The same meanings as wfctl's.
enum ExitCode { kOk = 0, kError = 1, kUsage = 2, kWrongSchema = 8 };

}  // namespace app
