import Foundation
internal import OuterloopFiles

/// Downloads published files: resumes, verifies, and moves them into place atomically.
///
/// A file is downloaded as `NAME.part` and renamed once its SHA-256 is correct. A download that is
/// cancelled, killed or interrupted leaves the part, from which the next one resumes. Files that
/// are complete are verified and not requested again.
public struct Downloader: Sendable {
  /// The address of a folder with the files, instead of the published mirrors.
  public var mirror: String?
  /// How often a mirror is retried without progress, before the next mirror.
  public var attempts: Int
  /// How long a server may send nothing.
  public var patience: Duration
  /// The pause before the second attempt; it doubles for each further one.
  public var firstPause: Duration

  public init(
    mirror: String? = nil, attempts: Int = 4, patience: Duration = .seconds(30),
    firstPause: Duration = .milliseconds(500)
  ) {
    self.mirror = mirror
    self.attempts = max(attempts, 1)
    self.patience = patience
    self.firstPause = firstPause
  }

  /// A file that is in place.
  public struct Fetched: Sendable, Hashable {
    public let path: String
    /// Whether it existed before.
    public let wasPresent: Bool
  }

  /// Downloads the files of a data set one after another.
  ///
  /// - Parameters:
  ///   - folder: created if it does not exist; see `DataCache.folder(for:)`.
  ///   - replacesOthers: whether ordinary files of the same names with different contents are
  ///     replaced, as damaged ones in a cache should be.
  ///   - progress: called often while bytes arrive, at least once for each file.
  /// - Returns: the files, in the order of the data set.
  /// - Throws: `DownloadError`, or `CancellationError` when the task is cancelled. Files that were
  ///   in place before stay as they are.
  /// - Complexity: O(bytes) time; memory for bytes that arrive faster than the disk writes them.
  public func fetch(
    _ set: PublishedDataSet, into folder: String, replacesOthers: Bool = true,
    progress: @escaping @Sendable (DownloadProgress) -> Void = { _ in }
  ) async throws -> [Fetched] {
    let mirrors = try addresses(set)
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      let code = (error as NSError).underlyingCode
      throw DownloadError.disk(folder, code == 0 ? ENOTDIR : code)
    }
    // Conflicting files are found before anything is downloaded.
    let places = try set.files.map { file in
      let path = folder + "/" + file.name
      return PartFile.isComplete(file, at: path)
        ? nil : try Self.place(path, replacesOthers: replacesOthers)
    }
    var fetched: [Fetched] = []
    for (file, place) in zip(set.files, places) {
      var meter = ProgressMeter(file, progress)
      if let place {
        try await fetch(file, to: place, mirrors, &meter)
      } else {
        meter.add(0, received: file.bytes)
      }
      fetched.append(Fetched(path: folder + "/" + file.name, wasPresent: place == nil))
    }
    return fetched
  }

  private static func place(
    _ path: String, replacesOthers: Bool
  ) throws -> OutputFile {
    do {
      return try OutputFile(path, replacing: replacesOthers ? .ordinaryFiles : .nothing)
    } catch let error as FileError { throw DownloadError(error, path) }
  }

  private func addresses(_ set: PublishedDataSet) throws -> [URL] {
    try (mirror.map { [$0] } ?? set.mirrors).map { text in
      let url = URL(string: text.hasSuffix("/") ? text : text + "/")
      guard let url, url.scheme == "https" || url.scheme == "http", url.host?.isEmpty == false
      else {
        throw DownloadError(
          .address, file: text, what: "not a web address",
          remedy: "name a folder on a server, such as https://example.org/mnist/")
      }
      return url
    }
  }

  private func fetch(
    _ file: PublishedFile, to place: OutputFile, _ mirrors: [URL], _ meter: inout ProgressMeter
  ) async throws {
    let path = place.path
    let part = try PartFile(for: path)
    defer { if part.count == 0 { part.remove() } }
    if part.count > file.bytes { try part.restart() }
    meter.add(0, received: part.count)
    // A part may be complete if its process died before renaming it.
    if part.count == file.bytes {
      if try part.checksum() == file.sha256 { return try part.commit(to: place) }
      try part.restart()
    }
    var failures: [(mirror: URL, failure: TransferFailure)] = []
    for mirror in mirrors {
      do {
        try await fetch(file, from: mirror.appendingPathComponent(file.name), part, &meter)
        return try part.commit(to: place)
      } catch let failure as TransferFailure {
        failures.append((mirror, failure))
      }
    }
    throw Downloader.summary(failures, path, keeps: part.count > 0)
  }

  /// Fills the part from one mirror, verified.
  private func fetch(
    _ file: PublishedFile, from url: URL, _ part: PartFile, _ meter: inout ProgressMeter
  ) async throws {
    // Bytes of an earlier download or another mirror may be the wrong ones: then everything is
    // downloaded once more.
    var mayRetryFromScratch = part.count > 0
    var failed = 0
    for _ in 0..<Downloader.mostRequests {
      try Task.checkCancellation()
      let before = part.count
      do {
        try await Transfer(file: file, url: url, patience: patience).run(part, &meter)
        if try part.checksum() == file.sha256 { return }
        try part.restart()
        guard mayRetryFromScratch else { throw TransferFailure.different("has a wrong checksum") }
        mayRetryFromScratch = false
      } catch TransferFailure.broken(let reason) {
        failed = part.count > before ? 1 : failed + 1
        if failed >= attempts { throw TransferFailure.broken(reason) }
        try await Task.sleep(for: firstPause * (1 << min(failed - 1, 6)))
      }
    }
    throw TransferFailure.broken("the connection broke \(Downloader.mostRequests) times")
  }

  /// Requests to one mirror for one file, even if each brings some bytes.
  private static let mostRequests = 100

  private static func summary(
    _ failures: [(mirror: URL, failure: TransferFailure)], _ path: String, keeps: Bool
  ) -> DownloadError {
    let reasons = failures.map { "\($0.mirror.absoluteString) \($0.failure.reason)" }
    let kept = keeps ? "; what has arrived is kept, and downloading again goes on from it" : ""
    let causes = Set(failures.map(\.failure.cause))
    let cause = causes.count == 1 ? causes.first ?? .network : .network
    return DownloadError(
      cause, file: path, what: "no mirror delivered it: \(reasons.joined(separator: ", "))",
      remedy: "check the network and try again, or name another mirror (--mirror URL)\(kept)")
  }
}

extension NSError {
  /// The system's error number behind a Foundation error, 0 when there is none.
  fileprivate var underlyingCode: Int32 {
    if domain == NSPOSIXErrorDomain { return Int32(code) }
    return (userInfo[NSUnderlyingErrorKey] as? NSError)?.underlyingCode ?? 0
  }
}
