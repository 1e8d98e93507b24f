package import OuterloopText

extension JSON {
  package init(_ value: ParameterValue) {
    switch value {
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .float(let value): self = .float(value)
    case .text(let value): self = .text(value)
    }
  }
}
