#include "pipeline/template/expression_node.h"

namespace trawl {
namespace {

using Node = Expression::Node;

// The member to which a path leads first. "user.email" may be one key or two, and so on.
bool add_first_step(const Node& path, std::vector<std::string>& names) {
  if (path.root != TemplateNamespace::inputs) return true;
  if (path.steps.empty()) return false;
  const auto& step = path.steps.front();
  if (const auto* key = std::get_if<Node::Key>(&step)) {
    names.push_back(key->name);
    return true;
  }
  const auto* found = std::get_if<Node::Names>(&step);
  if (found == nullptr) return true;  // The inputs are no array, so this is null.
  return add_input_names(found->path, names);
}

bool add_inputs(const Node& node, std::vector<std::string>& names) {
  if (node.kind == Node::Kind::path && !add_first_step(node, names)) return false;
  for (const auto& operand : node.operands) {
    if (operand != nullptr && !add_inputs(*operand, names)) return false;
  }
  for (const auto& call : node.calls) {
    if (call.argument != nullptr && !add_inputs(*call.argument, names)) return false;
  }
  return true;
}

}  // namespace

bool add_input_names(std::string_view path, std::vector<std::string>& names) {
  constexpr std::size_t kNamesMax = 64;
  std::size_t count = 0;
  for (auto dot = path.find('.'); dot != std::string_view::npos;
       dot = path.find('.', dot + 1)) {
    if (++count == kNamesMax) return false;
    names.emplace_back(path.substr(0, dot));
  }
  names.emplace_back(path);
  return true;
}

bool Expression::add_inputs_read(std::vector<std::string>& names) const {
  return add_inputs(*root_, names);
}

}  // namespace trawl
