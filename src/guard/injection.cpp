#include "guard/injection.hpp"

#include <algorithm>
#include <array>

#include "core/utf8.hpp"

namespace parley::guard {
namespace {

struct Phrase {
  char const* expression;  ///< over lower-case text in which every run of blanks is one
  double weight;
};

// Kinds seen in public collections of attacks (garak's probes, AgentDojo, reports), in both languages; own wording.
constexpr std::array<Phrase, 26> phrases{{
    {"(?:ignore|disregard|forget|override|bypass)(?: all| any| the| your| these| of){0,3} "
     "?(?:previous|prior|above|earlier|preceding|foregoing|existing|system|initial|original) (?:\\w+ "
     ")?(?:instructions?|prompts?|rules?|directions?|messages?|guidelines?|commands?)",
     0.75},
    {"(?:ignore|disregard|forget) (?:everything|all|anything)(?: that| you| was| i| have| were| been){0,4} "
     "(?:above|before|said|told|instructed)",
     0.65},
    {"(?:do not|don't|never) follow (?:the|your|any) (?:previous|system|original|above) (?:instructions?|prompts?|rules?)",
     0.7},
    {"you are (?:now|no longer) (?:an? )?(?:dan\\b|unrestricted|jailbroken|free from|bound by|in developer mode|evil)", 0.7},
    {"\\b(?:developer|debug|god|jailbreak|dan) mode (?:is )?(?:enabled|on|activated)", 0.6},
    {"(?:reveal|print|show|repeat|output|leak|tell me)(?: me)? (?:your|the) (?:full |entire |hidden |secret |exact )?(?:system "
     "prompt|system message|initial instructions|hidden instructions)",
     0.6},
    {"(?:new|updated|real|important) (?:system )?instructions? ?(?:for the (?:ai|assistant|model))? ?:", 0.4},
    {"(?:begin|end|start) (?:of )?(?:system|admin) (?:prompt|message|instructions?)", 0.5},
    {"<\\|(?:im_start|im_end|system|endoftext|eot_id|start_header_id)\\|>", 0.7},
    {"\\[/?inst\\]|<</?sys>>", 0.6},
    {"(?:assistant|ai|model|chatbot)[,:]? (?:you must|please) (?:now )?(?:ignore|send|execute|email|transfer|delete|reply "
     "only)",
     0.5},
    {"(?:send|forward|post|upload|exfiltrate)(?: all| the| this| any| your){0,3} (?:conversation|chat "
     "history|passwords?|credentials?|api keys?|secrets?|user data)(?: \\w+){0,4} to",
     0.6},
    {"pretend (?:that )?(?:you are|to be) (?:an? )?(?:unrestricted|different|evil|uncensored)", 0.5},
    {"without (?:any )?(?:restrictions?|filters?|safety|censorship|moral)", 0.25},
    {"(?:do not|don't) (?:tell|mention|reveal|inform)(?: this)?(?: to)? (?:the )?user", 0.5},
    {"(?:忽略|无视|忘记|忘掉|抛弃|不要理会|不用管)(?:掉)?(?:之前|以上|上面|前面|上述|先前|此前|所有|一切|你的|全部)(?:的|所有|"
     "一切|全部|你|系统|设定|原有|之前|以上){0,6}(?:指令|指示|提示|提示词|规则|设定|要求|命令|约束|限制)",
     0.75},
    {"(?:不要|无需|不必|不用|别)(?:再)?(?:遵守|遵循|遵从|服从|理会)(?:任何|之前|以上|系统|你的|原来|原有|所有)(?:的)?(?:指令|"
     "规则|限制|设定|提示|约束)",
     0.7},
    {"(?:你现在|从现在(?:开始|起)[, "
     "]?你)(?:是|就是|扮演|将扮演|不再是|不再受)(?:.{0,36})(?:不受|没有|无)(?:任何)?(?:限制|约束|道德|审查)",
     0.7},
    {"(?:进入|开启|启用|切换到)(?:开发者|调试|越狱|上帝|无限制|dan)\\s?模式", 0.65},
    {"(?:输出|显示|告诉我|打印|重复|泄露|说出|透露)(?:你的|完整的|全部的?|原始的?|以上的?|系统的?){1,3}(?:系统提示词?|系统指令|"
     "初始指令|提示词|内部指令|设定)",
     0.6},
    {"(?:以下|这)(?:才)?是(?:新的|真正的|最新的?|最高优先级的?)(?:系统)?(?:指令|指示|命令)", 0.5},
    {"(?:不要|别|禁止)(?:把这|将此|把此)?(?:.{0,18})(?:告诉|告知|透露给|通知)用户", 0.5},
    {"(?:把|将)(?:.{0,36})(?:聊天记录|对话内容|对话记录|密码|密钥|用户数据|用户信息|凭证)(?:.{0,24})(?:发送|发给|转发|上传|"
     "发到)",
     0.6},
    {"(?:ai|智能体|语音)?助手[,:]?\\s?(?:你必须|请立即|请马上|务必)(?:.{0,12})(?:执行|忽略|发送|删除|转账|调用)", 0.5},
    {"(?:作为|假装|假设)(?:你是)?(?:一个)?(?:没有|不受|不带)(?:任何)?(?:限制|约束|道德|审查|过滤)", 0.5},
    {"(?:没有|不受|绕过|突破|解除)(?:任何)?(?:内容)?(?:限制|审查|安全策略|过滤|安全限制)", 0.3},
}};

}  // namespace

core::Result<InjectionPhrases> InjectionPhrases::compile() {
  std::vector<PatternSet::Pattern> patterns;
  for (unsigned i = 0; i < phrases.size(); ++i) {
    patterns.push_back({.expression = phrases[i].expression, .id = i, .caseless = true, .with_start = true});
  }
  auto set = PatternSet::compile(patterns);
  if (!set) return std::unexpected(set.error());
  return InjectionPhrases(std::move(*set));
}

std::vector<InjectionPhrases::Hit> InjectionPhrases::find(NormalText const& text) const {
  std::string bytes;
  std::vector<std::size_t> character;  // of every byte
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = lower(text.text[i]);
    if (is_blank(c)) c = U' ';
    if (c == U' ' && !bytes.empty() && bytes.back() == ' ') continue;
    core::append_utf8(bytes, c);
    character.resize(bytes.size(), i);
  }
  std::vector<Hit> hits;
  auto const scanned = set_.scan(bytes, [&](unsigned id, std::size_t begin, std::size_t end) {
    if (begin >= end || std::ranges::find(hits, id, &Hit::kind) != hits.end()) return;
    hits.push_back({id, phrases[id].weight, character[begin], character[end - 1] + 1});
  });
  if (!scanned) hits.push_back({0, 1.0, 0, text.size()});  // not looked at is not clean
  return hits;
}

std::vector<std::string> InjectionPhrases::triggers() {
  std::vector<std::string> triggers;
  for (auto const& phrase : phrases) {
    std::string expression;
    for (char const* c = phrase.expression; *c != '\0'; ++c) {
      if (*c == ' ')
        expression += "\\s";
      else
        expression += *c;
      bool const quantified = c[1] == '?' || c[1] == '{' || c[1] == '*';
      if (*c == ' ' && c[1] == '?') {
        expression += '*';
        ++c;
      } else if (*c == ' ' && !quantified) {
        expression += '+';
      }
    }
    triggers.push_back(std::move(expression));
  }
  return triggers;
}

}  // namespace parley::guard
