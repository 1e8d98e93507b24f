private import Synchronization

/// A trial as a Swift objective sees it.
public struct RunningTrial: Sendable {
  /// What the trial is asked to do.
  public let request: TrialRequest
  let reports: any ReportSink

  /// The value of a parameter.
  public subscript<Value>(handle: Handle<Value>) -> Value { request.assignment[handle] }

  /// The trial's number, from 0.
  public var number: Int { request.trial }
  /// A random seed, the same whenever this trial is run.
  public var seed: UInt64 { request.seed }

  /// The last epoch that is done: training starts after it.
  public var from: Int { request.from }
  /// The last epoch to train.
  public var through: Int { request.through }

  /// Says that what is needed to go on after `epoch` has been kept: a trial that rests goes on from there, and
  /// from the start otherwise.
  ///
  /// - Throws: what access to the store throws.
  public func checkpointed(epoch: Int) async throws { try await reports.checkpointed(epoch: epoch) }

  /// Reports an epoch, counted from 1. False: the trial is to stop.
  ///
  /// - Parameter gradient: derivatives of the objective by parameters, in their own units and by their names,
  ///   of a metric that is maximised its own. Samplers that model the objective take them in.
  /// - Throws: what access to the store throws.
  public func report(
    epoch: Int, _ values: [String: Double], gradient: [String: Double] = [:],
    seconds: Double? = nil
  ) async throws -> Bool {
    try await reports.report(Report(epoch: epoch, values, gradient: gradient, seconds: seconds))
  }
}

/// A Swift closure as the work of trials. What it returns is joined to its last report, or is the
/// only one.
struct ClosureWork: TrialWork {
  let objective: @Sendable (RunningTrial) async throws -> [String: Double]
  /// Whether what is needed to go on after the last epoch has been kept when it returns.
  let keepsCheckpoints: Bool

  func run(_ request: TrialRequest, to reports: any ReportSink) async throws {
    // Its last epoch is kept with its report; all that was missing is that somebody says so.
    if keepsCheckpoints, request.from >= request.through { return }
    let clock = ContinuousClock()
    let start = clock.now
    let memory = LastReport(reports)
    let values = try await objective(RunningTrial(request: request, reports: memory))
    var final =
      memory.last
      ?? Report(epoch: request.through, [:], seconds: start.duration(to: clock.now) / .seconds(1))
    final.values.merge(values) { _, returned in returned }
    let checkpoint = keepsCheckpoints ? [TrialNews.checkpointed(epoch: final.epoch)] : []
    _ = try await reports.keep([.reported(final)] + checkpoint)
  }
}

/// Hands reports on and remembers the one of the latest epoch.
private final class LastReport: ReportSink {
  private let sink: any ReportSink
  private let memory = Mutex<Report?>(nil)

  init(_ sink: any ReportSink) { self.sink = sink }

  var last: Report? { memory.withLock { $0 } }

  func keep(_ news: [TrialNews]) async throws -> Bool {
    memory.withLock { last in
      for case .reported(let report) in news where (last?.epoch ?? 0) <= report.epoch {
        last = report
      }
    }
    return try await sink.keep(news)
  }
}
