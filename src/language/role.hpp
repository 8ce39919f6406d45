#pragma once
// Who answers: a character in a text file. roles/<name>.yaml is read afresh for every call, so that saving the file changes the
// next call.
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "language/model.hpp"

namespace parley::language {

struct Role {
  std::string id;                             ///< the file's stem
  std::string name;                           ///< what the character is called
  std::string language;                       ///< "zh" or "en": what it speaks unless spoken to otherwise
  std::string personality;                    ///< who it is and how it talks, in its own language
  std::string greeting;                       ///< said when a call begins; empty: it waits
  std::map<std::string, std::string> voices;  ///< language → voice; a language not named here has the house's default
  float speed = 1.0F;
  Sampling sampling;
  std::vector<std::string> knowledge;  ///< bases that are searched before it answers
  std::string grounding = "flag";      ///< of sentences that these do not bear out: off, flag, soften, replace
  std::string while_tools_run;         ///< said where it would ask for a function without a word; empty: nothing
  /// Services of the configuration that serve this character, best first; empty: the house's.
  std::vector<std::string> recogniser, model, synthesiser;
  std::string eagerness = "auto";  ///< how soon it takes the turn: low, medium, high, auto
};

/// The whole system message: the personality and the rules of speaking aloud.
[[nodiscard]] std::string instructions(Role const& role);

/// Parses one role; `file` is for messages. Every error names the line and the key.
[[nodiscard]] core::Result<Role> parse_role(std::string_view yaml, std::string const& file);

/// A folder of roles.
class Roles {
 public:
  explicit Roles(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// not_found names the roles that exist and the nearest one.
  [[nodiscard]] core::Result<Role> load(std::string_view id) const;
  [[nodiscard]] std::vector<std::string> ids() const;  ///< sorted
  /// Writes the role's file, whole or not at all; what a Role cannot say of the old file stays (role_writer.hpp).
  [[nodiscard]] core::Result<void> save(Role const& role) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace parley::language
