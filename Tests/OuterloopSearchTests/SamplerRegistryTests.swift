import Foundation
import OuterloopSearch
import OuterloopStudy
import OuterloopText
import Testing

@Suite struct SamplerRegistryTests {
  typealias Row = (name: String, summary: String, options: [SamplerKind.Option])

  static let pages: [(String, [Row])] = [
    (
      "tuning-a-program.md",
      SamplerKind.all.map { ($0.name, $0.summary, $0.options) }
        + StopRuleKind.all.map { ($0.name, $0.summary, $0.options) }
    ),
    ("training-by-epochs.md", SchedulerKind.all.map { ($0.name, $0.summary, $0.options) }),
  ]

  /// The tables of the pages are those of the registries.
  @Test(arguments: pages) func thePagesHaveEveryRow(_ name: String, _ all: [Row]) throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../Documentation/\(name)")
    let lines = Set(try String(contentsOf: page, encoding: .utf8).split(separator: "\n"))
    for (name, summary, options) in all {
      let row = "| `\(name)` | \(summary) |"
      #expect(lines.contains(row[...]), "\(row)")
      guard !options.isEmpty else { continue }
      #expect(lines.contains("| option of `\(name)` | default | |"))
      for option in options {
        let row = "| `\(option.name)` | \(option.standard) | \(option.meaning); \(option.values) |"
        #expect(lines.contains(row[...]), "\(row)")
      }
    }
  }

  /// Each sampler and scheduler has a page of its own, whose options are those of the registry.
  @Test func everyMethodHasAPage() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../Documentation/methods")
    let samplers = SamplerKind.all.map { ($0.name, $0.options) }
    let schedulers = SchedulerKind.all.map { kind in
      (kind.name == "auto" ? "scheduler-auto" : kind.name, kind.options)
    }
    for (name, options) in samplers + schedulers {
      let page = try String(contentsOf: folder.appending(path: "\(name).md"), encoding: .utf8)
      let lines = page.split(separator: "\n")
      let rows = options.map {
        "| `\($0.name)` | \($0.standard) | \($0.meaning); \($0.values) |"
      }
      #expect(lines.filter { $0.hasSuffix(" |") && $0.contains("; ") } == rows.map { $0[...] })
    }
  }

  @Test func namesAndOptionsAreUnique() {
    let all = SamplerKind.all.map { ($0.name, $0.options) }
    let schedulers = SchedulerKind.all.map { ($0.name, $0.options) }
    for table in [all, schedulers] {
      #expect(Set(table.map(\.0)).count == table.count)
      for (_, options) in table { #expect(Set(options.map(\.name)).count == options.count) }
    }
  }

  /// What the store keeps of a method is enough to make it again.
  @Test func descriptionsMakeTheMethodAgain() throws {
    for text in [
      "random", "sobol", "grid:resolution=7", "tpe:startup=3,group=true,priorWeight=2.5,kernels=0",
      "tpe:multivariate=false", "cmaes:population=9,step=0.25,learningRates=true,startup=5",
      "catcma:restarts=false", "nsga2:population=30,crossoverIndex=15", "nsga3:divisions=4",
      "de:population=40,greediness=0.25,memory=3",
    ] {
      let method = try SearchMethod.named(
        MethodDescription(ComponentDescription(parsing: text)))
      #expect(try SearchMethod.named(method.description).description == method.description)
      let name = text.prefix { $0 != ":" }
      #expect(method.description.sampler.name == name)
      #expect(
        method.description.sampler.options.count == text.count { $0 == "=" },
        "\(method.description)")
    }
  }

  /// Options of the default value are not kept, so that a study says what is special about it.
  @Test func defaultsAreNotKept() throws {
    let method = try SearchMethod.named(
      MethodDescription(ComponentDescription(parsing: "tpe:startup=10,candidates=30")))
    #expect(method.description.sampler.options == ["candidates": 30])
  }

  /// Any scheduler takes any sampler.
  @Test func schedulersNest() throws {
    let half = SchedulerMethod(ComponentDescription("half")) { BetterHalf(epochs: $0.epochs) }
    for sampler in [SearchMethod.random, .sobol, .tpe()] {
      let method = sampler.scheduled(by: half)
      #expect(method.description.scheduler.name == "half")
      #expect(method.description.sampler == sampler.description.sampler)
      let specification = try StudySpecification(
        name: "s", space: .cube(1), objectives: [.minimize("loss")], method: method.description,
        seed: 1, epochs: 4)
      var searcher = try method.searcher(specification)
      guard case .start(let assignment, 1) = try searcher.propose(0, in: OuterloopStudy.History())
      else {
        Issue.record("a trial through one epoch")
        continue
      }
      var plain = try sampler.searcher(specification)
      #expect(try plain.propose(0, in: OuterloopStudy.History()) == .start(assignment, through: 4))
    }
  }
}

/// The scheduler that CONTRIBUTING shows.
private struct BetterHalf: Scheduler {
  let epochs: Int

  func observe(_ event: Event, in history: OuterloopStudy.History) {}

  func propose(
    _ number: Int?, in history: OuterloopStudy.History, suggest: (Int) throws -> Assignment?
  ) throws -> Proposal {
    let first = { (trial: Trial) in trial.reports.first?.values.values.first ?? .infinity }
    let resting = history.trials.filter { $0.state == .paused }
    let middle = history.trials.map(first).sorted().dropFirst(history.trials.count / 2).first
    if let trial = resting.first(where: { first($0) <= middle ?? .infinity }) {
      return .advance(trial: trial.number, through: epochs)
    }
    guard let number, let assignment = try suggest(number) else { return .exhausted }
    return .start(assignment, through: 1)
  }

  func verdict(on trial: Int, in history: OuterloopStudy.History) -> Verdict { .goOn }
}
