/// The progress of a file.
public struct DownloadProgress: Sendable, Hashable {
  /// The name of the file.
  public let file: String
  /// Bytes on disk; never decreases from one report to the next of the same file.
  public let received: Int
  /// The size of the file in bytes.
  public let total: Int
  /// The average download rate so far.
  public let bytesPerSecond: Double
}

/// Turns the sizes of a part file into rate-limited progress reports.
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

  /// Records that `count` more bytes have arrived, and the new size of the part.
  mutating func add(_ count: Int, received: Int) {
    arrived += count
    let now = ContinuousClock.now
    // A download that starts over is reported once it exceeds what was reported before.
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
