#pragma once
// A network that sees only so far to each side can run over a long signal in windows of fixed length, and what is kept of each
// equals the whole run exactly. Fixed lengths are what keeps an inference engine from planning anew for every clause.
#include <span>

namespace parley::engine {

struct Window {
  int begin = 0;       ///< first frame of the window
  int length = 0;      ///< frames of the window; may reach beyond the signal only when the signal is shorter than every length
  int keep_begin = 0;  ///< frames to keep of its result, in the signal's own count
  int keep_end = 0;

  bool operator==(Window const&) const = default;
};

/// The window that goes on after `done` of `total` frames (0 ≤ done < total). `lengths` rises, each more than twice `context`.
/// The first window is the shortest, so that there is something early; a later one is the shortest that finishes, else the
/// longest, but never keeps more than twice what is done, so that what is done lasts while it is computed. A window lies inside
/// the signal whenever one of the lengths does, so the signal's own edges stay edges.
[[nodiscard]] Window next_window(int total, int done, std::span<int const> lengths, int context);

}  // namespace parley::engine
