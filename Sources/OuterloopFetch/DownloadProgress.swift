/// How far a file has come.
public struct DownloadProgress: Sendable, Hashable {
  /// The name of the file.
  public let file: String
  /// Bytes on disk; never falls from one report to the next of the same file.
  public let received: Int
  /// Bytes of the whole file.
  public let total: Int
  /// The rate at which bytes come in, over the time of this download.
  public let bytesPerSecond: Double
}

/// Turns sizes of a part file into reports, not too many of them.
struct ProgressMeter {
  private let file: PublishedFile
  private let report: @Sendable (DownloadProgress) -> Void
  private let start = ContinuousClock.now
  private var lastReport: ContinuousClock.Instant?
  private var lastReceived = -1
  private var arrived = 0

  init(_ file: PublishedFile, _ report: @escaping @Sendable (DownloadProgress) -> Void) {
    self.file = file
    self.report = report
  }

  /// Takes note that `count` bytes more have come, and the part has so many now.
  mutating func add(_ count: Int, received: Int) {
    arrived += count
    let now = ContinuousClock.now
    // A download that starts over is told when it is beyond what was told before.
    guard received > lastReceived else { return }
    if let lastReport, received < file.bytes, lastReport.duration(to: now) < .milliseconds(50) {
      return
    }
    lastReport = now
    lastReceived = received
    let seconds = start.duration(to: now).inSeconds
    report(
      DownloadProgress(
        file: file.name, received: received, total: file.bytes,
        bytesPerSecond: seconds > 0 ? Double(arrived) / seconds : 0))
  }
}
