public import OuterloopStudy

// What may be asked for, and what not.
extension TPEOptions {
  static let startups = 0...1_000_000_000
  static let candidateCounts = 1...100_000
  static let priorWeights = 1e-6...1e6
  /// With fewer the newest 25, whose weights are one, would not all be there. 0 stands for all.
  static let kernelCounts = 200...1_000_000_000

  /// The options of a description, by their names.
  /// - Throws: `StudyError` for an unknown name, a value of another kind or out of range, and options
  ///   that exclude one another.
  public init(_ given: [String: ParameterValue]) throws {
    for (name, value) in given.sorted(by: { $0.key < $1.key }) {
      switch name {
      case "startup": startup = try Self.whole(name, value, Self.startups)
      case "candidates": candidates = try Self.whole(name, value, Self.candidateCounts)
      case "multivariate": multivariate = try Self.flag(name, value)
      case "group": group = try Self.flag(name, value)
      case "constantLiar": constantLiar = try Self.flag(name, value)
      case "priorWeight":
        guard let weight = value.number else { throw Self.refused(name, value, Self.range(name)) }
        priorWeight = weight
      case "magicClip": magicClip = try Self.flag(name, value)
      case "endpoints": endpoints = try Self.flag(name, value)
      case "kernels":
        kernels = try Self.whole(name, value, 0...Self.kernelCounts.upperBound)
      case "exact": exact = try Self.flag(name, value)
      default:
        throw StudyError(
          "tpe has no option `\(name)`",
          Spelling.remedy(for: name, among: Self.names, called: "options"))
      }
    }
    try check()
    if exact, let kernels = given["kernels"], kernels != .int(0) {
      throw StudyError(
        "the options exact=true and kernels=\(kernels) of tpe exclude one another",
        "exact densities are of all trials: leave one of the two out")
    }
  }

  static let names = [
    "startup", "candidates", "multivariate", "group", "constantLiar", "kernels", "priorWeight",
    "magicClip", "endpoints", "exact",
  ]

  /// - Throws: `StudyError` for what is out of range, and options that exclude one another.
  func check() throws {
    func check(_ name: String, _ value: ParameterValue, _ isRight: Bool) throws {
      if !isRight { throw Self.refused(name, value, Self.range(name)) }
    }
    try check("startup", .int(startup), Self.startups.contains(startup))
    try check("candidates", .int(candidates), Self.candidateCounts.contains(candidates))
    try check("priorWeight", .float(priorWeight), Self.priorWeights.contains(priorWeight))
    try check("kernels", .int(kernels), kernels == 0 || Self.kernelCounts.contains(kernels))
    if group, multivariate == false {
      throw StudyError(
        "the options multivariate=false and group=true of tpe exclude one another",
        "groups are joint densities: leave one of the two out")
    }
  }

  private static func whole(
    _ name: String, _ value: ParameterValue, _ range: ClosedRange<Int>
  ) throws -> Int {
    guard case .int(let count) = value.canonical, range.contains(count) else {
      throw refused(name, value, self.range(name))
    }
    return count
  }

  private static func flag(_ name: String, _ value: ParameterValue) throws -> Bool {
    guard case .bool(let isOn) = value else {
      throw refused(name, value, "it is true or false")
    }
    return isOn
  }

  private static func range(_ name: String) -> String {
    switch name {
    case "startup": "it is a whole number from 0 to \(startups.upperBound)"
    case "candidates": "it is a whole number from 1 to \(candidateCounts.upperBound)"
    case "kernels":
      "it is 0, for all trials, or a whole number from \(kernelCounts.lowerBound) to "
        + "\(kernelCounts.upperBound)"
    default: "it is a number from \(priorWeights.lowerBound) to \(priorWeights.upperBound)"
    }
  }

  private static func refused(
    _ name: String, _ value: ParameterValue, _ range: String
  ) -> StudyError {
    StudyError("the option \(name) of tpe cannot be \(value)", range)
  }
}
