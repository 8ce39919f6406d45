#pragma once

namespace parley::core {

/// Memory of large blocks goes back to the system as soon as it is free. The C library's own rule keeps up to 64 MiB in every
/// arena once a block of 32 MiB was freed, so that one client's large message would stay with the program for good. Called
/// once, by main.
void give_large_blocks_back();

}  // namespace parley::core
