import Foundation
import OuterloopStudy
import OuterloopTesting
import Testing

@testable import OuterloopSearch

@Suite struct DPLSearchTests {
  /// Networks that are trained for a moment.
  static let quick: SearchMethod = {
    var options = DPLOptions()
    (options.training, options.candidates) = (20, 64)
    return .dpl(options)
  }()

  /// Breadth and depth: expected improvement at the last epoch begins many configurations, and trains the better of
  /// them further, never to see less than the budget.
  @Test func weighsBreadthAgainstDepth() throws {
    var options = DPLOptions()
    options.training = 100
    var study = try DyHPOSearchTests.study(
      .cube(2), .dpl(options), epochs: 20, budget: 200, loss: fallingLoss)
    try study.run(epochs: 200)
    let trials = study.study.trials
    let ends = trials.map { fallingLoss($0.assignment, 1000) }
    let deepest = trials.indices.filter { trials[$0].epoch > 4 }
    #expect(trials.count > 12 && !deepest.isEmpty)
    let deep: Double = deepest.reduce(0) { $0 + ends[$1] } / Double(deepest.count)
    let all: Double = ends.reduce(0, +) / Double(ends.count)
    #expect(deep < all)
    #expect(study.study.history.epochs == 200)
  }

  @Test(arguments: [(4.0, 2.0), (-1, 0), (1, -10)])
  func isScaleFree(_ scale: Double, _ origin: Double) throws {
    var plain = try DyHPOSearchTests.study(
      .cube(2), Self.quick, epochs: 9, budget: 50, loss: fallingLoss)
    try plain.run(epochs: 50)
    var other = try DyHPOSearchTests.study(
      .cube(2), Self.quick, scale > 0 ? .minimize("m") : .maximize("m"), epochs: 9, budget: 50
    ) { origin + scale * fallingLoss($0, $1) }
    try other.run(epochs: 50)
    #expect(other.decisions == plain.decisions)
  }

  @Test func divergedTrainings() throws {
    var study = try DyHPOSearchTests.study(.cube(2), Self.quick, epochs: 9, budget: 80) {
      assignment, epoch in
      let numbers = assignment.values.compactMap { $0?.number }
      if numbers[0] > 0.8 { return epoch > 2 ? .nan : 1e18 }
      return numbers[1] > 0.9 ? .infinity : fallingLoss(assignment, epoch)
    }
    try study.run(epochs: 80)
    let trials = study.study.trials
    let failed = trials.count { $0.state == .failed(.invalid) }
    #expect(failed > 0 && failed < trials.count / 2)
  }

  /// The newest observation is the one that is in every batch of a refining.
  @Test func knowsTheNewestObservation() throws {
    let specification = try StudySpecification(
      name: "s", space: .cube(1), objectives: [.minimize("loss")],
      method: SearchMethod.dpl().description, seed: 1, epochs: 9)
    let coordinates = SpaceCoordinates(specification.space)
    var observed = ObservedCurves(
      specification, coordinates, PowerLawFits.schedule, rows: 300)
    var history = OuterloopStudy.History()
    func take(_ kind: Event.Kind, _ trial: Int) throws {
      let event = Event(revision: history.revision + 1, time: 0, trial: trial, kind)
      try history.take(event)
      observed.observe(event, in: history)
    }
    for trial in 0..<2 {
      let found = specification.space.configuration { _ in Double(trial) / 3 }
      let assignment = try #require(found)
      try take(.suggested(assignment, through: 9, seen: history.revision), trial)
      try take(.claimed(attempt: 1, worker: "w"), trial)
    }
    for (trial, epoch) in [(0, 1), (1, 1), (0, 2), (1, 2), (1, 3), (0, 3)] {
      try take(.reported(attempt: 1, Report(epoch: epoch, ["loss": 1 / Double(epoch)])), trial)
    }
    let fit = try #require(observed.fit)
    #expect(fit.count == 6 && fit.newest == RowThinning.Row(trial: 0, epoch: 3))
  }

  @Test(arguments: [1, 3]) func mixedSpaces(_ workers: Int) throws {
    let space = try SearchSpace(
      parsing: FreezeThawSearchTests.mixed, forbidden: ["width > 50 and depth == 4"])
    var study = try DyHPOSearchTests.study(space, Self.quick, epochs: 7, budget: 60) {
      assignment, epoch in
      let rate = log10(assignment["lr"]?.number ?? 1) + 2
      return rate * rate + (assignment["width"]?.number ?? 0) / 64 + 1 / Double(epoch)
    }
    try study.run(epochs: 60, workers: workers)
    #expect(Set(study.study.trials.map(\.assignment)).count == study.study.trials.count)
    #expect(study.study.trials.allSatisfy { space.allows($0.assignment) })
  }

  @Test func optionsByName() throws {
    var options = DPLOptions()
    options.training = 40
    let method = SearchMethod.dpl(options)
    #expect(method.description.scheduler == ComponentDescription("dpl", ["training": .int(40)]))
    #expect(try DPLOptions(["training": .int(40)]) == options)
    #expect(throws: StudyError.self) { try DPLOptions(["training": .int(0)]) }
    let specification = try StudySpecification.small(
      .cube(1), [.minimize("a"), .maximize("b")], SearchMethod.dpl().description)
    #expect(throws: StudyError.self) { try SearchMethod.dpl().searcher(specification) }
  }
}
