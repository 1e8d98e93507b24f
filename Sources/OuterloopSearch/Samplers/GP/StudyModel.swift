private import OuterloopNumerics
private import OuterloopPlatform
public import OuterloopStudy

/// The Gaussian process that `gp` fits to a study, for analysis: predictions for configurations,
/// cross-validation, and parameter importance.
///
///     let model = try StudyModel(study.specification, trials)
///     let prediction = model.predictions([assignment])[0]
///     print(prediction.median, prediction.low, prediction.high)
///
/// *Units.* The process models losses that were winsorised, standardised and, where that makes them more
/// probable, power-transformed (`OutputTransform`, `YeoJohnson`). All of these are monotone, so that
/// quantiles can be converted back to the units and sign of the metric; means cannot.
///
/// Of more than 300 trials, the best 150 and the newest 150 of the others are modelled.
///
/// - Complexity: O(n^3) for each of about a hundred evidence evaluations to fit, O(n^2) for a prediction, n at
///   most 300.
public struct StudyModel: Sendable {
  /// Quantiles of the prediction, in units of the metric.
  public struct Prediction: Sendable, Hashable {
    /// The quantile at 50 %.
    public let median: Double
    /// The quantiles at 16 % and 84 %: it lies between them with probability 2/3. `low` is the
    /// smaller number in units of the metric.
    public let low: Double
    /// The larger of the two numbers.
    public let high: Double
  }

  /// A trial and its leave-one-out prediction.
  public struct Check: Sendable, Hashable {
    /// The trial's number.
    public let trial: Int
    /// Its value; winsorised if it is far worse than most.
    public let value: Double
    /// What was predicted from all other trials.
    public let prediction: Prediction
    /// (value - mean) / deviation, on the transformed scale: approximately standard normal for a good
    /// model.
    public let deviation: Double
  }

  /// The objective that is modelled.
  public let objective: Objective
  /// The trials that are modelled, by number.
  public let trials: [Int]
  private let coordinates: SpaceCoordinates
  private let process: GaussianProcess
  private let scale: OutputTransform
  private let bend: (transform: YeoJohnson, mean: Double, deviation: Double)?

  /// Whether the linear algebra library that models need is available.
  public static var isAvailable: Bool { (try? BLAS.load()) != nil }

  /// The smallest number of finished trials for a model.
  public static let fewestTrials = 5
  private static let mostTrials = 300

  /// - Parameters:
  ///   - trials: of the study; the finished ones are used, in the order in which they ended.
  ///   - place: the objective's index.
  /// - Throws: `StudyError` for too few trials, trials that are all equal, an unknown objective, or a
  ///   missing linear algebra library.
  public init(
    _ specification: StudySpecification, _ trials: [Trial], objective place: Int = 0
  ) throws(StudyError) {
    guard specification.objectives.indices.contains(place) else {
      throw StudyError(
        "there is no objective \(place) among \(specification.objectives.count)",
        "objectives are counted from 0")
    }
    objective = specification.objectives[place]
    coordinates = SpaceCoordinates(specification.space)
    var observed = ObservedTrials(specification)
    for trial in trials.sorted(by: { ($0.ended ?? 0, $0.number) < ($1.ended ?? 0, $1.number) })
    where trial.assignment.values.count == specification.space.parameters.count {
      observed.take(trial, coordinates.candidate(of: trial.assignment))
    }
    guard observed.count >= Self.fewestTrials else {
      throw StudyError(
        "a model needs \(Self.fewestTrials) trials that have ended, and there are "
          + "\(observed.count)", "run more trials")
    }
    let rows = observed.places(observed.count, limit: Self.mostTrials)
    let losses = observed.losses(place, observed.count)
    scale = OutputTransform(rows.map { losses[$0] })
    guard scale.isInformative, !coordinates.coordinates.isEmpty else {
      throw StudyError(
        "all \(observed.count) trials came to the same, so a model has nothing to say",
        "run more trials")
    }
    self.trials = rows.map { observed.rows[$0].trial }
    let points = coordinates.points(rows.map { observed.rows[$0].candidate })
    do {
      let fitted = try Self.fit(points, scale.standardized)
      (process, bend) = fitted
    } catch let error as StudyError { throw error } catch {
      throw StudyError("\(error)", "install OpenBLAS")
    }
  }

  private typealias Bend = (transform: YeoJohnson, mean: Double, deviation: Double)

  /// Hyperparameters from several starts, with and without the power transform; returns the more
  /// probable fit.
  private static func fit(
    _ points: KernelPoints, _ outputs: [Double]
  ) throws -> (GaussianProcess, Bend?) {
    let prior = KernelPrior(points.layout)
    let starts = [1, 2, 0.5].map { prior.mode.stretched(by: $0) }
    let plain = try KernelFit(Evidence(points, outputs: outputs), prior, from: starts)
    let transform = YeoJohnson(fitting: outputs)
    let values = outputs.map { transform($0) }
    let (mean, deviation) = OutputTransform.moments(values)
    if let bent = transform.standardized(outputs) {
      let other = try KernelFit(
        Evidence(points, outputs: bent.outputs), prior, from: [plain.parameters])
      if other.value + bent.logJacobian > plain.value,
        let process = try GaussianProcess(points, outputs: bent.outputs, other.parameters)
      {
        return (process, (transform, mean, deviation))
      }
    }
    guard let process = try GaussianProcess(points, outputs: outputs, plain.parameters) else {
      throw StudyError("the trials make no model", "run more trials")
    }
    return (process, nil)
  }

  /// Predictions for configurations of the study's space, without observation noise.
  ///
  /// - Complexity: O(n^2) each.
  public func predictions(_ assignments: [Assignment]) -> [Prediction] {
    let count = coordinates.space.parameters.count
    let candidates = assignments.map { assignment in
      assignment.values.count == count
        ? coordinates.candidate(of: assignment) : coordinates.candidate(atQuantiles: { _ in 0.5 })
    }
    let (means, variances) = process.predict(coordinates.points(candidates))
    return zip(means, variances).map { prediction(mean: $0, variance: $1) }
  }

  /// How well each trial is predicted by all others, with the same hyperparameters.
  ///
  /// - Complexity: O(n^3).
  public func leaveOneOut() -> [Check] {
    let (means, variances) = process.leaveOneOut()
    return trials.indices.map { place in
      let output = process.outputs[place]
      return Check(
        trial: trials[place], value: value(output),
        prediction: prediction(mean: means[place], variance: variances[place]),
        deviation: (output - means[place]) / variances[place].squareRoot())
    }
  }

  private func prediction(mean: Double, variance: Double) -> Prediction {
    let sigma = max(variance, 0).squareRoot()
    let ends = [value(mean - sigma), value(mean + sigma)]
    return Prediction(median: value(mean), low: ends.min() ?? 0, high: ends.max() ?? 0)
  }

  /// The metric value of an output.
  private func value(_ output: Double) -> Double {
    var standardized = output
    if let bend { standardized = bend.transform.inverse(bend.mean + bend.deviation * output) }
    return objective.loss(scale.loss(ofStandardized: standardized))
  }

  /// The share of the variance of the median over the space, in transformed units, that involves each
  /// parameter: total effects by Jansen's estimator (Saltelli et al. 2010),
  ///
  ///     T_j = E (f(x) - f(x'))^2 / (2 var f),   x' = x with another value of parameter j,
  ///
  /// over 1,024 points of a Sobol sequence. Parameters with conditions count where they are active.
  ///
  /// - Complexity: O(1,024 d n).
  public func importances() -> [ParameterImportance] {
    let count = 1024
    let dimensions = coordinates.coordinates.count
    guard 2 * dimensions <= SobolSequence.maximumDimensions,
      let sequence = try? SobolSequence(
        dimensions: 2 * dimensions, key: RandomKey(seed: 0, purpose: "gp-sensitivity"))
    else { return [] }
    let points = sequence.points(count: count)
    func candidates(_ quantile: (Int, [Double]) -> Double) -> [Candidate] {
      points.map { point in coordinates.candidate { quantile($0, point) } }
    }
    func means(_ candidates: [Candidate]) -> [Double] {
      process.predict(coordinates.points(candidates)).means
    }
    let base = means(candidates { place, point in point[place] })
    let (_, deviation) = OutputTransform.moments(base)
    let variance = max(deviation * deviation, 1e-300)
    let effects = (0..<dimensions).map { j -> Double in
      let moved = means(
        candidates { place, point in place == j ? point[dimensions + j] : point[place] })
      let square = zip(base, moved).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return square / Double(count) / (2 * variance)
    }
    let names = coordinates.coordinates.map { coordinates.space.parameters[$0.index].name }
    return ParameterImportance.shares(names, effects)
  }
}
