public import OuterloopStudy
internal import Synchronization

/// Work whose programs may receive the same stop signal as this process, directly.
///
/// Cluster schedulers send SIGTERM to all processes of a job. A program that exits on it, in whatever
/// way, has neither failed nor produced a result: its trial continues from its checkpoint elsewhere.
public struct InterruptibleWork: TrialWork {
  private let work: any TrialWork
  private let isStopping: @Sendable () -> Bool

  /// - Parameter isStopping: whether this process was asked to stop its trials.
  public init(_ work: any TrialWork, isStopping: @escaping @Sendable () -> Bool) {
    self.work = work
    self.isStopping = isStopping
  }

  public func run(_ request: TrialRequest, to reports: any ReportSink) async throws {
    let sink = EpochSink(reports)
    do {
      try await work.run(request, to: sink)
    } catch let failure as TrialFailure {
      // The program may have exited before the signal arrives here.
      for _ in 0..<10 where failure.reason == .error && !isStopping() {
        try? await Task.sleep(for: .milliseconds(10))
      }
      guard failure.reason == .error || failure.reason == .invalid, isStopping() else {
        throw failure
      }
      throw CancellationError()
    }
    // A trial that has reached its last epoch is done, even if it was asked to stop.
    if isStopping(), sink.epoch < request.through { throw CancellationError() }
  }
}

/// Forwards reports and records the last epoch.
private final class EpochSink: ReportSink {
  private let reports: any ReportSink
  private let last = Atomic<Int>(0)

  init(_ reports: any ReportSink) { self.reports = reports }

  var epoch: Int { last.load(ordering: .relaxed) }

  func keep(_ news: [TrialNews]) async throws -> Bool {
    for case .reported(let report) in news { last.max(report.epoch, ordering: .relaxed) }
    return try await reports.keep(news)
  }
}
