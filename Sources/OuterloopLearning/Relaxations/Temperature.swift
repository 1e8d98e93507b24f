internal import OuterloopAutodiff
public import OuterloopNumerics

/// The temperature tau > 0 of a relaxation: towards 0 a choice becomes hard, towards infinity it
/// becomes uniform. A number, or a scalar tensor where it is a hyperparameter or a schedule.
public struct Temperature: Sendable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  private enum Content: Sendable {
    case number(Double)
    case tensor(Tensor)
  }
  private let content: Content

  /// A scalar tensor; it must be positive, which is not checked while it has no value.
  public init(_ value: Tensor) { content = .tensor(value) }
  /// A constant; it must be positive.
  public init(_ value: Double) { content = .number(value) }
  public init(floatLiteral value: Double) { self.init(value) }
  public init(integerLiteral value: Int) { self.init(Double(value)) }

  /// The scalar in an element type; an invalid tensor if a number is not positive and finite.
  func value(_ dtype: DType) -> Tensor {
    switch content {
    case .number(let number):
      guard number > 0, number.isFinite else { return Self.invalid("\(number)") }
      return Tensor(number, dtype: dtype)
    case .tensor(let tensor):
      if tensor.error != nil { return tensor }
      guard tensor.count == 1 else { return Self.invalid("\(tensor.type)") }
      return tensor.reshaped([]).cast(to: dtype)
    }
  }

  private static func invalid(_ what: String) -> Tensor {
    Tensor(invalid: "a temperature of \(what): use one positive number")
  }
}

/// A temperature that changes during training, as a function of the step t = 1, 2, ...
///
/// Because it reads `Time`, one compiled step serves all steps.
public enum TemperatureSchedule: Sendable, Hashable, Codable {
  /// tau
  case constant(Double)
  /// `max(floor, start factor^((t-1) / every))`, the annealing of Jang et al. (2017).
  case exponential(start: Double, factor: Double, every: Double, floor: Double)
  /// From `start` at the first step to `end` at step `steps` along a line, then constant.
  case linear(start: Double, end: Double, steps: Int)

  /// The temperature of a step, computed in float64; parameters for which it would not stay
  /// positive give an invalid tensor.
  public func callAsFunction(_ time: Time) -> Temperature {
    let done = time.number - 1
    switch self {
    case .constant(let value):
      return Temperature(value)
    case .exponential(let start, let factor, let every, let floor):
      guard start > 0, factor > 0, every > 0, floor > 0 else { return wrong }
      let decayed = start * exp(done / every * log(Tensor(factor, dtype: .float64)))
      return Temperature(maximum(decayed, Tensor(floor, dtype: .float64)))
    case .linear(let start, let end, let steps):
      guard start > 0, end > 0, steps >= 1 else { return wrong }
      let share = minimum(done / Double(Swift.max(steps - 1, 1)), Tensor(1, dtype: .float64))
      return Temperature(start + (end - start) * share)
    }
  }

  private var wrong: Temperature {
    Temperature(
      Tensor(invalid: "the temperature schedule \(self): all its numbers must be positive"))
  }
}
