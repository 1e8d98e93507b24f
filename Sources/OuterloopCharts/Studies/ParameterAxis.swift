internal import OuterloopStudy

/// The axis of a parameter: numbers on the parameter's scale over its whole range, choices by name.
/// A linear grid of few numbers is shown as choices: each has a tick of its own and a column in which
/// points can be spread.
struct ParameterAxis {
  let axis: Axis
  /// Names of the choices; empty for numbers.
  let categories: [String]
  private let domain: Domain

  private static let fewNumbers = 12

  init(_ parameter: Parameter) {
    let domain = parameter.domain
    self.domain = domain
    if let choices = domain.choices {
      categories = choices.map(\.description)
      axis = Axis(parameter.name)
      return
    }
    let (low, high) = (domain.range?.low ?? 0, domain.range?.high ?? 1)
    let isLog = domain.range?.isLog ?? false
    if !isLog, let count = domain.count, count <= Self.fewNumbers {
      categories = (0..<count).map { domain.value(atIndex: $0).description }
      axis = Axis(parameter.name)
      return
    }
    categories = []
    let scale = Scale(showing: [low, high], kind: isLog ? .log : .linear)
    axis = Axis(parameter.name, scale: scale.kind, range: scale.lower...scale.upper)
  }

  /// Values along the axis, evenly spaced on its scale, and their positions: the centres of `count` cells, or all
  /// choices.
  func values(_ count: Int) -> [(value: ParameterValue, place: Double)] {
    if !categories.isEmpty {
      return categories.indices.map { (domain.value(atIndex: $0), Double($0)) }
    }
    let scale = Scale(showing: [], kind: axis.scale, range: axis.range)
    return (0..<count).map { cell in
      let place = scale.value(at: (Double(cell) + 0.5) / Double(count))
      let number = domain.range?.nearest(place) ?? place
      return (domain.numeric(number), place)
    }
  }

  /// The position of a value: the index of its choice, or itself; nil if it has none.
  func place(_ value: ParameterValue) -> Double? {
    categories.isEmpty ? value.number : domain.index(of: value).map(Double.init)
  }
}

extension Trial {
  /// The value of the parameter at this index in the space; nil where it is inactive.
  func value(ofParameter index: Int) -> ParameterValue? {
    assignment.values.indices.contains(index) ? assignment.values[index] : nil
  }
}
