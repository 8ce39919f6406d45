#pragma once

namespace parley::engine {

/// Sends what ggml, llama.cpp and whisper.cpp have to say to our own log at debug level: a library's chatter on standard error
/// is noise to a person, and its errors come back as values. The callbacks are process-wide in those libraries; calling
/// this again changes nothing. Thread-safe.
void route_library_logs();

}  // namespace parley::engine
