import Foundation
import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import Testing

@testable import OuterloopLab

/// The tasks and the model of few-shot sinusoid regression.
@Suite struct SinusoidTests {
  /// Both parts of a task batch show the same sinusoids; their amplitude and phase lie in range.
  @Test func partsShareTheirTasks() throws {
    let support = SinusoidTasks(tasks: 200, points: 400, seed: 1, part: "support").batch(7)
    let query = SinusoidTasks(tasks: 200, points: 400, seed: 1, part: "query").batch(7)
    let (x, y) = (try support.x.doubles(), try support.y.doubles())
    let (u, v) = (try query.x.doubles(), try query.y.doubles())
    #expect(x != u)
    #expect(x.allSatisfy { $0 >= -5 && $0 <= 5 })
    for task in 0..<200 {
      // Least squares for y = a sin x + b cos x, on one part; the other must agree.
      func fit(_ x: ArraySlice<Double>, _ y: ArraySlice<Double>) -> (Double, Double) {
        var (ss, sc, cc, sy, cy) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for (x, y) in zip(x, y) {
          let (s, c) = (Foundation.sin(x), Foundation.cos(x))
          ss += s * s
          sc += s * c
          cc += c * c
          sy += s * y
          cy += c * y
        }
        let det = ss * cc - sc * sc
        return ((sy * cc - cy * sc) / det, (cy * ss - sy * sc) / det)
      }
      let range = (task * 400)..<((task + 1) * 400)
      let (a, b) = fit(x[range], y[range])
      let (c, d) = fit(u[range], v[range])
      #expect(abs(a - c) < 1e-4 && abs(b - d) < 1e-4)
      let amplitude = (a * a + b * b).squareRoot()
      #expect(amplitude > 0.099 && amplitude < 5.001)
      // A phase in (0, pi): its sine is positive.
      #expect(b > -1e-3)
    }
  }

  /// A task batch lasts for T steps, and the next one has other tasks.
  @Test func taskBatches() throws {
    let batches = SinusoidTasks(tasks: 2, points: 3, seed: 1, part: "support").batches(steps: 4)
    let values = try (0..<9).map { try batches.batch($0).y.doubles() }
    #expect(Set(values[0..<4]).count == 1 && Set(values[4..<8]).count == 1)
    #expect(values[3] != values[4] && values[7] != values[8])
  }

  /// Each task's gradient is its own: the loss is a sum over tasks.
  @Test func tasksDoNotMix() throws {
    let tasks = SinusoidTasks(tasks: 3, points: 5, seed: 2, part: "support").batch(0)
    let features = SinusoidModel.features(seed: 4)
    let head = SinusoidModel.head(tasks: 3, seed: 4)
    func gradient(_ batch: TaskBatch, _ head: SinusoidModel.Head) throws -> [Float] {
      try OuterloopAutodiff.gradient(at: head) { SinusoidModel.loss($0, features, batch) }
        .weights.scalars(Float.self)
    }
    let all = try gradient(tasks, head)
    let one = try gradient(
      TaskBatch(x: tasks.x.sliced(axis: 0, 1..<2), y: tasks.y.sliced(axis: 0, 1..<2)),
      SinusoidModel.head(tasks: 1, seed: 4))
    for (a, b) in zip(all[100..<200], one) { #expect(abs(a - b) < 1e-5 * max(1, abs(b))) }
    #expect(
      try SinusoidModel.head(tasks: 1, seed: 4).mean(repeated: 3).flatValues == head.flatValues)
  }

  /// Learning helps: a few trainings bring the error on new tasks down, the same every time.
  @Test func learns() throws {
    var experiment = SinusoidExperiment()
    experiment.seeds = 1
    experiment.trainings = 8
    experiment.testTasks = 60
    experiment.methods = ["one-step", "distill"]
    let report = try experiment.run(ExperimentContext())
    experiment.trainings = 1
    let early = try experiment.run(ExperimentContext())
    for (late, early) in zip(report.tables[0].rows, early.tables[0].rows) {
      #expect(try #require(late.values[0]) < 0.8 * (try #require(early.values[0])))
    }
    experiment.trainings = 8
    let again = try experiment.run(ExperimentContext())
    #expect(again.tables[0].rows.map(\.values) == report.tables[0].rows.map(\.values))
  }

  @Test func stopsWhenAsked() throws {
    #expect(throws: ExperimentContext.Stopped.self) {
      try SinusoidExperiment().run(ExperimentContext(shouldStop: { true }))
    }
  }
}

extension Structure {
  fileprivate var flatValues: [Double] {
    get throws { try leaves.flatMap { try $0.doubles() } }
  }
}
