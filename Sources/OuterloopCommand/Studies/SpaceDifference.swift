internal import OuterloopStudy

extension SearchSpace {
  /// The difference from a requested space, at the first parameter that differs; nil: none.
  func difference(from wanted: SearchSpace) -> String? {
    for parameter in wanted.parameters {
      guard let own = parameters.first(where: { $0.name == parameter.name }) else {
        return "it has no parameter `\(parameter.name)`"
      }
      if own.domain != parameter.domain {
        return "its parameter `\(own.name)` is \(own.domain), not \(parameter.domain)"
      }
      if own.condition?.description != parameter.condition?.description {
        let when = [own, parameter].map { $0.condition.map { "if \($0)" } ?? "always" }
        return "its parameter `\(own.name)` is active \(when[0]), not \(when[1])"
      }
    }
    let names = wanted.parameters.map(\.name)
    if let further = parameters.first(where: { !names.contains($0.name) }) {
      return "it has the parameter `\(further.name)` too"
    }
    return Set(forbidden.map(\.description)) == Set(wanted.forbidden.map(\.description))
      ? nil : "it forbids other combinations"
  }
}
