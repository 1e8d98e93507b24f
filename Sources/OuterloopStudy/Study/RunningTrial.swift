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

  /// The last completed epoch: training starts after it.
  public var from: Int { request.from }
  /// The last epoch to train.
  public var through: Int { request.through }

  /// Announces that a checkpoint after `epoch` has been saved: a paused trial resumes from there, and from the
  /// start otherwise.
  ///
  /// - Throws: what access to the store throws.
  public func checkpointed(epoch: Int) async throws { try await reports.checkpointed(epoch: epoch) }

  /// Reports an epoch, counted from 1. False: the trial should stop.
  ///
  /// - Parameter gradient: derivatives of the objective with respect to parameters, in their units and by
  ///   their names; for a metric that is maximised, of the metric itself. Samplers that model the objective
  ///   use them.
  /// - Throws: what access to the store throws.
  public func report(
    epoch: Int, _ values: [String: Double], gradient: [String: Double] = [:],
    seconds: Double? = nil
  ) async throws -> Bool {
    try await reports.report(Report(epoch: epoch, values, gradient: gradient, seconds: seconds))
  }
}

/// A Swift closure as the work of trials. What it returns is merged into its last report, or is the
/// only report.
struct ClosureWork: TrialWork {
  let objective: @Sendable (RunningTrial) async throws -> [String: Double]
  /// Whether a checkpoint of the last epoch has been saved when the closure returns.
  let keepsCheckpoints: Bool

  func run(_ request: TrialRequest, to reports: any ReportSink) async throws {
    // The checkpoint of its last epoch exists; it only has to be announced.
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

/// Forwards reports and remembers the one of the latest epoch.
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
