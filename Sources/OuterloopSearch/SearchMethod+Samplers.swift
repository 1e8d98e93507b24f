public import OuterloopStudy

extension SearchMethod {
  /// Independent uniform configurations.
  public static var random: SearchMethod {
    SearchMethod(MethodDescription("random")) {
      FullTraining(RandomSampler($0), epochs: $0.epochs)
    }
  }

  /// Scrambled Sobol points.
  public static var sobol: SearchMethod {
    SearchMethod(MethodDescription("sobol")) {
      FullTraining(try SobolSampler($0), epochs: $0.epochs)
    }
  }

  /// Every configuration once; real parameters without a step take `resolution` values.
  public static func grid(resolution: Int = 5) -> SearchMethod {
    SearchMethod(MethodDescription("grid", ["resolution": .int(resolution)])) {
      FullTraining(try GridSampler($0, resolution: resolution), epochs: $0.epochs)
    }
  }
}

extension SearchMethod {
  /// The names that `named` knows.
  public static let names = ["random", "sobol", "grid", "tpe"]

  /// The method of a description, as the store keeps it and the command line names it.
  /// - Throws: `StudyError` for an unknown name or option.
  public static func named(_ description: MethodDescription) throws -> SearchMethod {
    let options = description.options
    switch description.name {
    case "random", "sobol":
      if let option = options.keys.sorted().first {
        throw StudyError(
          "\(description.name) has no option `\(option)`", "leave it out; there are none")
      }
      return description.name == "random" ? .random : .sobol
    case "grid":
      if let option = options.keys.sorted().first(where: { $0 != "resolution" }) {
        throw StudyError(
          "grid has no option `\(option)`", "the only one is resolution=N")
      }
      let resolution = options["resolution"] ?? 5
      guard case .int(let count) = resolution.canonical,
        GridSampler.resolutions.contains(count)
      else {
        throw StudyError(
          "the option resolution of grid cannot be \(resolution)",
          "it is a whole number from 1 to \(GridSampler.resolutions.upperBound)")
      }
      return .grid(resolution: count)
    case "tpe": return .tpe(try TPEOptions(options))
    default:
      throw StudyError(
        "there is no sampler `\(description.name)`",
        Spelling.remedy(for: description.name, among: names, called: "samplers"))
    }
  }
}
