import Foundation
import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import Testing

/// Schedules against their formulas, in both precisions, as values and in a compiled step.
@Suite struct ScheduleTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var name: String
    var schedule: @Sendable (Tensor, Time) -> Tensor
    /// t counts from 1; the base is 0.4.
    var expected: @Sendable (Int) -> Double

    var testDescription: String { name }
  }

  static let rows: [Row] = [
    Row(name: "exponential") { base, time in
      Schedule.exponential(base, factor: Tensor(0.5, dtype: base.dtype), every: 4, time)
    } expected: {
      0.4 * Foundation.pow(0.5, Double($0 - 1) / 4)
    },
    Row(name: "cosine") {
      Schedule.cosine($0, floor: 0.1, steps: 6, $1)
    } expected: { t in
      let share = (1 + Foundation.cos(Double.pi * Swift.min(1, Double(t - 1) / 6))) / 2
      return 0.1 + (0.4 - 0.1) * share
    },
    Row(name: "inverse time") { base, time in
      Schedule.inverseTime(base, decay: Tensor(0.3, dtype: base.dtype), time)
    } expected: {
      0.4 / (1 + 0.3 * Double($0 - 1))
    },
    Row(name: "warm-up") {
      Schedule.warmUp($0, steps: 5, $1)
    } expected: {
      0.4 * Swift.min(1, Double($0) / 5)
    },
    Row(name: "per step") { base, time in
      Schedule.perStep(base * Tensor((0..<12).map { Double($0) }).cast(to: base.dtype), time)
    } expected: {
      0.4 * Double($0 - 1)
    },
  ]

  @Test(arguments: rows, [DType.float64, .float32])
  func values(_ row: Row, _ dtype: DType) throws {
    let base = Tensor(0.4, dtype: dtype)
    let compiled = Compiled { (x: Pair<Tensor, Time>) in row.schedule(x.first, x.second) }
    for t in 1...12 {
      let tolerance = dtype == .float64 ? 1e-15 : 1e-6
      let value = row.schedule(base, Time(step: t - 1))
      #expect(value.type == TensorType([], dtype))
      #expect(abs(try value.item() - row.expected(t)) <= tolerance, "step \(t)")
      let again = try compiled(Pair(base, Time(step: t - 1))).item()
      #expect(abs(again - row.expected(t)) <= tolerance, "step \(t)")
    }
  }

  /// A schedule with too few numbers is an error at the step that asks for one more.
  @Test func tooShort() throws {
    let rates = Tensor([0.1, 0.2], dtype: .float64)
    #expect(try Schedule.perStep(rates, Time(step: 1)).item() == 0.2)
    #expect(Schedule.perStep(rates, Time(step: 2)).error != nil)
  }
}
