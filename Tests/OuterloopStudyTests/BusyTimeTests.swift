import Testing

@testable import OuterloopStudy

@Suite struct BusyTimeTests {
  /// What happens to attempts of trials, by the clock on the wall and in truth.
  private struct Step {
    var wall, truth: Double
    var begins: [Int] = []
    var ends: [Int] = []
  }

  private func busy(_ steps: [Step]) -> Double {
    var busy = BusyTime()
    var starts: [Int: Double] = [:]
    for step in steps {
      busy.pass(to: step.wall, isBusy: !starts.isEmpty)
      for trial in step.ends {
        guard let start = starts.removeValue(forKey: trial) else { continue }
        busy.end(trial, after: step.truth - start)
      }
      for trial in step.begins {
        starts[trial] = step.truth
        busy.begin(trial)
      }
    }
    return busy.seconds
  }

  /// Two trials overlap; the clock is set before, between and after their beginnings and ends.
  @Test(arguments: [-86_400.0, -3600, -2, 0, 2, 3600, 86_400], 0..<6)
  func jumpsCountOnce(_ jump: Double, _ place: Int) {
    let truths: [Double] = [0, 10, 20, 30, 40, 50]
    let steps = truths.enumerated().map { index, truth in
      Step(
        wall: 1e9 + truth + (index >= place ? jump : 0), truth: truth,
        begins: [[0], [1], [], [2], [], []][index], ends: [[], [], [0], [], [1], [2]][index])
    }
    // What is set by seconds is not told from what nobody measures.
    #expect(abs(busy(steps) - 50) <= (abs(jump) > 5 ? 1e-6 : abs(jump)), "\(busy(steps))")
  }

  /// Jumps there and back again, with many attempts beside one another.
  @Test func manyAttempts() {
    var steps: [Step] = []
    for second in 0..<400 {
      let wall = 1e9 + Double(second) + (100..<250 ~= second ? 7200 : 0)
      steps.append(
        Step(
          wall: wall, truth: Double(second), begins: second < 390 ? [second] : [],
          ends: second >= 10 ? [second - 10] : []))
    }
    #expect(abs(busy(steps) - 399) <= BusyTime.tolerance, "\(busy(steps))")
  }

  /// Without measurements the clock is all there is; time between trials does not count.
  @Test func withoutMeasurements() {
    var busy = BusyTime()
    busy.pass(to: 100, isBusy: false)
    busy.begin(0)
    busy.pass(to: 160, isBusy: true)
    busy.end(0, after: nil)
    busy.pass(to: 1000, isBusy: false)
    busy.begin(1)
    busy.pass(to: 1010, isBusy: true)
    busy.end(1, after: .nan)
    #expect(busy.seconds == 70)
  }
}
