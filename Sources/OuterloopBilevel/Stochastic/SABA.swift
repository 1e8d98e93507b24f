internal import OuterloopNumerics

/// SABA (Dagreou, Ablin, Vaiter and Moreau 2022, Sec. 3.2): `SOBA` with the variance of every
/// direction reduced as in SAGA (Defazio, Bach and Lacoste-Julien 2014),
///
///     D = d_i - table_i + mean(table),   table_i <- d_i,
///
/// for the inner terms grad_w L, H v, N v over n training batches i, and the outer terms grad_w E,
/// grad_lambda E over m validation batches. With constant steps it converges linearly where SOBA
/// stalls.
///
/// L and E must be means over recurring batches, in any order: `Batches.partitioned`, not
/// `.shuffled`, which cuts new ones every epoch. A batch is known by its content; more different ones
/// than stated are refused when they appear. While a batch has not been seen its direction is used as
/// it is, and the mean is over those seen. (The paper starts with a table of zeros, whose mean is too
/// small, or with a pass over the data.)
///
/// Schedule and single hypergradient as in SOBA. Time: as SOBA, and O(P + Q) for the tables. Memory:
/// as SOBA, and `n (2P + Q) + m (P + Q)` numbers, refused beyond `memoryLimit`.
struct SABA: HypergradientMethod {
  let rate: StepSize
  /// n and m
  let batches, validation: Int

  /// Bytes that the tables may take.
  static let memoryLimit = 4 << 30

  var description: String {
    "saba(rate: \(rate), batches: \(batches), validation: \(validation))"
  }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    try require(rate)
    guard batches >= 1, validation >= 1 else {
      throw refused(
        "its sums have \(batches) training and \(validation) validation batches",
        "give the number of different batches of each, 1 where the loss captures all data")
    }
    _ = try problem.requireSeparateHyperparameters(self)
    let terms = (inner: innerTypes(problem), outer: outerTypes(problem))
    let inner = GradientTable.byteCount(terms.inner, terms: batches)
    let outer = GradientTable.byteCount(terms.outer, terms: validation)
    let sum = inner.addingReportingOverflow(outer)
    guard !sum.overflow, sum.partialValue <= Self.memoryLimit else {
      throw refused(
        "tables of \(batches) training and \(validation) validation batches take more than the "
          + "limit of \(Self.memoryLimit) bytes", "use soba, or fewer and larger batches")
    }
  }

  func session(_ problem: CompiledProblem) throws -> any HypergradientSession {
    let inner = GradientTable("training", innerTypes(problem), terms: batches, of: self)
    let outer = GradientTable("validation", outerTypes(problem), terms: validation, of: self)
    return JointUpdates(
      problem, try problem.requireSeparateHyperparameters(self), rate: rate,
      tables: JointUpdates.Tables(inner: inner, outer: outer))
  }

  func run(_ run: Run) throws -> EstimatorResult {
    try session(run.problem).hypergradient(run)
  }

  var schedule: TrainingSchedule { .throughout(every: 1) }

  private func innerTypes(_ problem: CompiledProblem) -> [TensorType] {
    problem.weightTypes + problem.weightTypes + problem.hyperTypes
  }

  private func outerTypes(_ problem: CompiledProblem) -> [TensorType] {
    problem.weightTypes + problem.hyperTypes
  }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(
      .concurrent, products: .everyStep, memory: .perBatch, exact: .solution("many steps"))
  }
}
