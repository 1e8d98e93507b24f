public import OuterloopStudy
internal import Synchronization

/// Work whose programs may be told to stop by the same hand as this process, and directly.
///
/// Schedulers of clusters send SIGTERM to all processes of a job. A program that ends at it, in whatever
/// way, has neither failed nor come to its result: its trial goes on from its checkpoint elsewhere.
public struct StoppedWork: TrialWork {
  private let work: any TrialWork
  private let isStopping: @Sendable () -> Bool

  /// - Parameter isStopping: whether this process was told to stop its trials.
  public init(_ work: any TrialWork, isStopping: @escaping @Sendable () -> Bool) {
    self.work = work
    self.isStopping = isStopping
  }

  public func run(_ request: TrialRequest, to reports: any ReportSink) async throws {
    let sink = EpochSink(reports)
    do {
      try await work.run(request, to: sink)
    } catch let failure as TrialFailure {
      // The program may have ended before the signal has come here.
      for _ in 0..<10 where failure.reason == .error && !isStopping() {
        try? await Task.sleep(for: .milliseconds(10))
      }
      guard failure.reason == .error || failure.reason == .invalid, isStopping() else {
        throw failure
      }
      throw CancellationError()
    }
    // One that has come to its end is done, whoever told it to stop.
    if isStopping(), sink.epoch < request.through { throw CancellationError() }
  }
}

/// Hands reports on, and knows how far they have come.
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
