internal import OuterloopText

/// A user's prior of where a parameter's good values lie, before there are any trials:
/// `lr=0.001±3x`, `units=64±16`, `opt=adam`. A search starts from it, and its weight declines as
/// trials come in.
public struct ParameterPrior: Sendable, Hashable, Codable {
  /// How far from the center good values may lie: about two out of three lie within.
  public enum Spread: Sendable, Hashable, Codable {
    /// Of numbers on a logarithmic scale: `±3x` is from a third to three times the center.
    case factor(Double)
    /// Of other numbers, in their units; of ordinals, in positions.
    case distance(Double)
  }

  /// The parameter's name.
  public var parameter: String
  /// Where good values are believed to be.
  public var center: ParameterValue
  /// Nil: a tenth of the range on its scale. Choices have none.
  public var spread: Spread?

  /// A belief about one parameter.
  public init(_ parameter: String, _ center: ParameterValue, _ spread: Spread? = nil) {
    self.parameter = parameter
    self.center = center
    self.spread = spread
  }

  /// Several as the command line writes them: `lr=0.001±3x, opt=adam`; `+-` stands for `±`.
  /// - Throws: `SpaceError` for text that is not a prior.
  public static func parsing(_ text: String) throws -> [ParameterPrior] {
    try ConfigurationText.values(text).sorted { $0.key < $1.key }.map { name, value in
      guard case .text(let text) = value else { return ParameterPrior(name, value) }
      return try naming("prior of `\(name)`") { try ParameterPrior(name, parsing: text) }
    }
  }

  private init(_ name: String, parsing text: String) throws {
    guard let mark = Self.mark(text) else {
      self.init(name, .text(text))
      return
    }
    let (center, width) = (text[..<mark.lowerBound].trimmed, text[mark.upperBound...].trimmed)
    let isFactor = width.hasSuffix("x")
    guard
      let number = ParameterValue(plain: String(isFactor ? width.dropLast() : width[...])).number,
      number.isFinite, number > (isFactor ? 1 : 0)
    else {
      throw SpaceError(
        "`\(width)` is not a spread",
        "write it as in lr=0.001±3x (above 1x) or units=64±16 (above 0)")
    }
    self.init(
      name, ParameterValue(plain: center), isFactor ? .factor(number) : .distance(number))
  }

  private static func mark(_ text: String) -> Range<String.Index>? {
    if let place = text.firstIndex(of: "±") { return place..<text.index(after: place) }
    for place in text.indices where text[place...].hasPrefix("+-") {
      return place..<text.index(place, offsetBy: 2)
    }
    return nil
  }
}

extension ParameterPrior: CustomStringConvertible {
  /// As the command line writes it.
  public var description: String {
    switch spread {
    case nil: "\(parameter)=\(center)"
    case .factor(let factor): "\(parameter)=\(center)±\(NumberText.significant(factor))x"
    case .distance(let distance): "\(parameter)=\(center)±\(NumberText.significant(distance))"
    }
  }
}

extension SearchSpace {
  /// The priors with their centers in the parameters' canonical form.
  ///
  /// - Throws: `SpaceError` for unknown parameters, values that a parameter cannot take, two priors of
  ///   one parameter, and spreads that do not suit its scale.
  public func checked(_ priors: [ParameterPrior]) throws -> [ParameterPrior] {
    var seen: Set<String> = []
    return try priors.map { prior in
      try naming("prior of `\(prior.parameter)`") {
        guard let place = index(of: prior.parameter) else {
          throw SpaceError(
            "there is no such parameter",
            Spelling.remedy(for: prior.parameter, among: names.all, called: "parameters"))
        }
        guard seen.insert(prior.parameter).inserted else {
          throw SpaceError("it is given twice", "remove one of them")
        }
        let domain = parameters[place].domain
        guard let center = domain.canonical(prior.center) else {
          throw SpaceError("it cannot be \(prior.center)", "it is \(domain)")
        }
        try Self.check(prior.spread, of: domain)
        return ParameterPrior(prior.parameter, center, prior.spread)
      }
    }
  }

  private static func check(_ spread: ParameterPrior.Spread?, of domain: Domain) throws {
    switch (spread, domain) {
    case (nil, _): break
    case (.factor(let factor), .float(let range)) where range.isLog,
      (.factor(let factor), .int(let range)) where range.isLog:
      guard factor > 1, factor.isFinite else {
        throw SpaceError("its spread is \(factor)x", "give a factor above 1")
      }
    case (.factor, _):
      throw SpaceError(
        "its spread is a factor, and its scale is not logarithmic",
        "give a distance, as in units=64±16")
    case (.distance, .float(let range)) where range.isLog,
      (.distance, .int(let range)) where range.isLog:
      throw SpaceError(
        "its spread is a distance, and its scale is logarithmic",
        "give a factor, as in lr=0.001±3x")
    case (.distance(let distance), .float), (.distance(let distance), .int),
      (.distance(let distance), .ordinal):
      guard distance > 0, distance.isFinite else {
        throw SpaceError("its spread is \(distance)", "give a distance above 0")
      }
    case (.distance, _):
      throw SpaceError("choices have no spread", "give the value alone")
    }
  }
}
