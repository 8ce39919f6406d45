#pragma once
// A role back into its text file, as somebody edited it elsewhere than in a text editor.
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "language/role.hpp"

namespace parley::language {

/// The role as YAML. Of `previous`, the file as it was (empty: there was none), the comment at its head and every key that the
/// role does not set here stay; comments between the keys are lost. What is returned has been read back and means the same.
[[nodiscard]] core::Result<std::string> write_role(Role const& role, std::string_view previous);

/// A name that can be a file of the folder: lower-case letters, digits, '-' and '_', or letters of other scripts, 64 bytes at
/// most.
[[nodiscard]] bool is_role_id(std::string_view id) noexcept;

}  // namespace parley::language
