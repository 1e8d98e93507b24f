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
