import Foundation
import Outerloop

/// A random search on the sphere in [-10, 10]^5, through a store: every trial is proposed,
/// claimed, reported and finished there, as by a program's trial. Several processes may do so at once.
///
/// The marks say how long the tenth of the trials before 1,000, 10,000, ... took: whether a trial
/// gets slower as trials grow.
struct StoreSpeed {
  let path: String
  /// How many the study is to have in total.
  let trials: Int

  func run() async throws -> String {
    var space = SearchSpace()
    for index in 0..<5 { _ = try space.float("x\(index)", -10...10) }
    let study = try await Study(
      space, .minimize("loss"), by: .random, in: openStore(path))
    let clock = ContinuousClock()
    let start = clock.now
    let course = Course(start)
    try await study.run(trials: trials) { trial in
      await course.begin(trial.number, at: clock.now)
      return trial.request.assignment.values.reduce(0) { sum, value in
        let x = value?.number ?? 0
        return sum + x * x
      }
    }
    let seconds = start.duration(to: clock.now) / .seconds(1)
    // Another process may continue it.
    try await study.store.update(study.id) { $0.budget = Budget() }
    let done = await course.count
    let json = try JSONSerialization.data(
      withJSONObject: [
        "trials": done, "seconds": seconds, "trials_per_second": Double(done) / seconds,
        "marks": await course.marks,
      ] as [String: Any], options: [.sortedKeys])
    return String(decoding: json, as: UTF8.self)
  }

  /// When trials began.
  private actor Course {
    private(set) var count = 0
    /// By trials: milliseconds a trial in the tenth before.
    private(set) var marks: [String: Double] = [:]
    private var tenth: ContinuousClock.Instant

    init(_ start: ContinuousClock.Instant) { tenth = start }

    func begin(_ number: Int, at now: ContinuousClock.Instant) {
      count += 1
      for total in [1_000, 10_000, 100_000] {
        if number == total - total / 10 { tenth = now }
        if number == total - 1 {
          marks["\(total)"] = 1000 * (tenth.duration(to: now) / .seconds(1)) / Double(total / 10)
        }
      }
    }
  }
}
