import Foundation
import Outerloop
import OuterloopStore

/// What a store takes a second beside trials, and how soon others know.
struct ServerSpeed {
  let path: String
  let count: Int

  private func study() async throws -> (store: any RestoringStore, id: StudyID, space: SearchSpace)
  {
    let store = try openStore(path)
    var space = SearchSpace()
    _ = try space.float("x", 0...1)
    let name = "speed"
    let specification = try StudySpecification(
      name: name, space: space, objectives: [.minimize("loss")],
      method: MethodDescription("random"),
      seed: 0)
    if let id = try await store.study(named: name) { return (store, id, space) }
    do { return (store, try await store.create(specification), space) } catch {
      guard let id = try await store.study(named: name) else { throw error }
      return (store, id, space)
    }
  }

  private func seconds(_ body: () async throws -> Void) async rethrows -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    try await body()
    return start.duration(to: clock.now) / .seconds(1)
  }

  private func text(_ values: [String: Double]) throws -> String {
    let data = try JSONSerialization.data(withJSONObject: values, options: [.sortedKeys])
    return String(decoding: data, as: UTF8.self)
  }

  private func suggestion(_ space: SearchSpace) throws -> Event.Kind {
    .suggested(try space.assignment(["x": .float(0.5)]), through: 1, seen: 0)
  }

  /// Reports of one trial, an epoch each.
  func reports() async throws -> String {
    let study = try await study()
    let claim = try await study.store.add(
      suggestion(study.space), asTrial: nil, to: study.id, claimedBy: Claimant(worker: "w"))
    guard let claim else { throw StudyError("no trial", "none") }
    let taken = try await seconds {
      for epoch in 1...count {
        let report = Report(epoch: epoch, ["loss": 0.5], seconds: 1)
        _ = try await study.store.append(
          [.reported(attempt: 1, report)], to: claim.trial.number, of: study.id)
      }
    }
    return try text(["seconds": taken, "reports_per_second": Double(count) / taken])
  }

  /// From a call that tells something to the return of one that waits for it on another connection.
  func wake() async throws -> String {
    let study = try await study()
    let other = try openStore(path)
    var revision = try await study.store.summary(of: study.id).revision
    try await study.store.awaitEvents(of: study.id, after: revision, pause: 0.1)
    var delays: [Double] = []
    for _ in 0..<count {
      let (store, id, seen) = (study.store, study.id, revision)
      let waiting = Task {
        try await store.awaitEvents(of: id, after: seen, pause: 10)
        return ContinuousClock.now
      }
      try await Task.sleep(for: .milliseconds(20))
      _ = try await other.add(
        suggestion(study.space), asTrial: nil, to: study.id, claimedBy: nil)
      let told = ContinuousClock.now
      delays.append(1000 * (told.duration(to: try await waiting.value) / .seconds(1)))
      revision += 1
    }
    delays.sort()
    return try text([
      "median_milliseconds": delays[delays.count / 2],
      "worst_milliseconds": delays[delays.count - 1],
    ])
  }
}
