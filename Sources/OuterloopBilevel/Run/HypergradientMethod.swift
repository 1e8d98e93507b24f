public import OuterloopNumerics

/// The implementation of an `Estimator`: one type per method, in a file with its mathematics and cost. A
/// custom method becomes an estimator by `Estimator(MyMethod())`; `Examples/Sources/CustomEstimator` is
/// one. It consists of operations of a `Run`.
///
/// There are no default implementations except those of `IndependentMethod`: a method whose signature
/// is out of date would go unnoticed.
public protocol HypergradientMethod: Sendable, Hashable, CustomStringConvertible {
  /// Throws where the method would return zero or nonsense, preferably by `refused(_:_:)`.
  /// - Parameter steps: the number of steps differentiated: T, or an online run's window.
  /// - Throws: `BilevelError.refused`, with a remedy.
  func refuse(_ problem: CompiledProblem, steps: Int) throws

  /// The hypergradient over the run's window.
  ///
  /// - Throws: what the run's moves throw, such as `BilevelError.nonFinite`.
  func run(_ run: Run) throws -> EstimatorResult

  /// The method over many updates of lambda, with the state it carries from one to the next.
  ///
  /// - Throws: what the session needs to be prepared throws.
  func session(_ problem: CompiledProblem) throws -> any HypergradientSession

  /// How the model is trained between updates of lambda by default.
  var schedule: TrainingSchedule { get }

  /// Whether it differentiates gradients of the inner loss.
  var needsSecondDerivatives: Bool { get }

  /// Its properties, for tables, charts and tests.
  var properties: EstimatorProperties { get }
}

extension HypergradientMethod {
  /// Throws if the method does not apply to the problem.
  func check(_ problem: CompiledProblem, steps: Int) throws {
    if needsSecondDerivatives, problem.objective?.smoothness == .once {
      throw refused(
        "the inner loss is declared to have first derivatives only",
        "use penalty, which takes no others, or finiteDifference")
    }
    try refuse(problem, steps: steps)
  }

  /// The error that says why a problem is refused, and what to use instead.
  public func refused(_ reason: String, _ remedy: String) -> BilevelError {
    .refused(estimator: description, reason: reason, remedy: remedy)
  }
}

/// A method's state through many updates of lambda. No default implementations here either.
public protocol HypergradientSession: AnyObject {
  /// The hypergradient over the run's window; the result's state is where the next window starts.
  ///
  /// - Throws: what the run's moves throw, such as `BilevelError.nonFinite`.
  func hypergradient(_ run: Run) throws -> EstimatorResult

  /// Trains the steps left over at the end of a training, after which lambda is not updated. Leaves
  /// the run's end at the last state.
  ///
  /// - Throws: what the run's moves throw, such as `BilevelError.nonFinite`.
  func finishTraining(_ run: Run) throws

  /// Called before the first window of each training, with lambda and a window of all T steps.
  ///
  /// - Throws: what the session's preparation throws.
  func beginTraining(at hyper: [Tensor], over window: Window) throws

  /// Called when an adaptive outer loop has rejected the step along the last hypergradient.
  func stepWasRejected()

  /// Whether the initial state's dependence on lambda is carried through the windows.
  var seesInitialState: Bool { get }
}

/// A method that carries nothing from one update of lambda to the next, and sees a fresh model at each
/// unless the user says otherwise.
public protocol IndependentMethod: HypergradientMethod {}

extension IndependentMethod {
  public func session(_ problem: CompiledProblem) -> any HypergradientSession {
    IndependentUpdates(method: self)
  }

  public var schedule: TrainingSchedule { .restarted }
}

/// Every window is differentiated on its own.
final class IndependentUpdates: HypergradientSession {
  private let method: any HypergradientMethod

  init(method: any HypergradientMethod) { self.method = method }

  func hypergradient(_ run: Run) throws -> EstimatorResult { try method.run(run) }
  func finishTraining(_ run: Run) throws { try run.train() }
  func beginTraining(at hyper: [Tensor], over window: Window) {}
  func stepWasRejected() {}
  var seesInitialState: Bool { false }
}

extension CompiledProblem {
  /// Names of the hyperparameters that the initial state depends on, for messages.
  var initialNames: String {
    zip(initialUses, hyperNames).filter(\.0).map(\.1).joined(separator: ", ")
  }

  /// Refuses a method that sees only the last steps if the initial state depends on lambda.
  ///
  /// - Throws: `BilevelError.refused` if the initial state depends on lambda and the method does
  ///   not reach it.
  public func requireInitialState(
    seenBy method: some HypergradientMethod, lastSteps: Int, of steps: Int
  ) throws {
    guard lastSteps < steps, initialUses.contains(true) else { return }
    let what = lastSteps == 1 ? "last step does" : "last \(lastSteps) of \(steps) steps do"
    throw method.refused(
      "the initial state depends on \(initialNames), which the \(what) not see",
      "use reverse or forward")
  }
}
