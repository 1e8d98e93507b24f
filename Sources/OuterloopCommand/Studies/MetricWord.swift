internal import ArgumentParser
internal import OuterloopStudy
internal import Synchronization

/// A metric as `--minimize` or `--maximize` names it, with its place among all of both: the parser
/// keeps the words of each option together, and objectives stand in the order of the command line.
struct MetricWord: ExpressibleByArgument {
  let metric: String
  private let place: Int

  private static let count = Atomic<Int>(0)

  /// Words are read in the order in which they were written.
  init?(argument: String) {
    metric = argument
    place = Self.count.add(1, ordering: .relaxed).oldValue
  }

  static func objectives(minimize: [MetricWord], maximize: [MetricWord]) -> [Objective] {
    let all =
      minimize.map { ($0.place, Objective.minimize($0.metric)) }
      + maximize.map { ($0.place, Objective.maximize($0.metric)) }
    return all.sorted { $0.0 < $1.0 }.map(\.1)
  }
}
