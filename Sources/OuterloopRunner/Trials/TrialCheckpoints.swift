internal import OuterloopPlatform
public import OuterloopStudy

/// The checkpoints of an attempt that runs elsewhere and announces them itself: they are kept, checked and
/// restored like those of a program (`ProgramWork`), in the same files.
public struct TrialCheckpoints: Sendable {
  /// The folder that the trial has for its checkpoints.
  public let path: String
  private let folder: String
  private let log: String
  private let kept: KeptCheckpoints
  /// Keeps others from removing the files.
  private var lock: FolderLock?

  /// - Parameters:
  ///   - request: the attempt.
  ///   - path: the folder for its checkpoints, if it is not the one in `folders`.
  public init(_ request: TrialRequest, in folders: TrialFolders, at path: String? = nil) {
    self.path = path ?? folders.checkpoint(ofTrial: request.trial)
    folder = folders.folder(ofTrial: request.trial)
    log = folders.log(ofTrial: request.trial)
    kept = KeptCheckpoints(in: folder)
    // A first attempt has no folder yet.
    lock = request.attempt > 1 ? FolderLock.take(folder, .shared) : nil
  }

  /// The epoch to continue from: the last one at or below `epoch` whose checkpoint is intact, 0 if there is
  /// none. A checkpoint that was damaged is restored where that is possible.
  /// - Parameter note: gets a message about what is damaged and what is done about it; the message is also written to
  ///   the trial's log, if there is one.
  /// - Complexity: reads the checkpoint, at most 64 MiB.
  public func usable(through epoch: Int, note: (String) -> Void) -> Int {
    kept.usable(through: epoch) { text in
      note(text)
      TrialLog.append(text, to: log)
    }
  }

  /// Records a checkpoint as it is now, and keeps it until there is a later one. False: there is no
  /// checkpoint.
  /// - Parameter name: a file or a folder, in the trial's own folder unless it is an absolute path; nil: the trial's
  ///   folder.
  /// - Complexity: reads it, at most 64 MiB.
  public mutating func keep(_ name: String?, epoch: Int) -> Bool {
    let place = name.map { $0.hasPrefix("/") ? $0 : "\(path)/\($0)" } ?? path
    guard Files.exists(place) else { return false }
    if lock == nil, (try? Files.makeFolder(folder)) != nil {
      lock = FolderLock.take(folder, .shared)
    }
    kept.keep(place, epoch: epoch)
    return true
  }
}
