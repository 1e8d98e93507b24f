internal import OuterloopPlatform
public import OuterloopStudy

/// Removes the checkpoints that a policy does not keep.
///
/// With a limit on the number of trials, the checkpoints of all other finished trials are removed: of complete
/// trials beyond the best, and of pruned and failed ones. Paused trials keep theirs. If the total size exceeds the
/// limit, checkpoints are removed until they fit: those of failed and pruned trials, then those of complete trials
/// from the worst on, and finally those of paused trials from the worst on. Such a trial restarts at epoch 0 if it
/// continues. Checkpoints of trials that are running or waiting for a worker are kept, and so are those of the best
/// trial.
///
/// Only the contents of the trial's checkpoint folder are removed, and the second links; no symbolic link is
/// followed. The records of the checkpoints stay, so that a trial that continues anyway finds that they are gone
/// (`KeptCheckpoints`). Running trials hold a lock on their folders, as does a process that removes something:
/// several processes may collect at the same time.
///
/// - Complexity: walks through the folders of trials that have had an attempt since the last call, if there is a
///   limit on space.
public struct CheckpointCollector: Sendable {
  private let folders: TrialFolders
  private let policy: CheckpointPolicy
  /// The space that a trial takes, and the attempt after which it was measured.
  private var sizes: [Int: (attempt: Int, bytes: Int)] = [:]
  /// Trials whose checkpoints were removed, and after which attempt.
  private var collected: [Int: Int] = [:]

  public init(_ policy: CheckpointPolicy, in folders: TrialFolders) {
    self.folders = folders
    self.policy = policy
  }

  /// The result of a collection.
  public struct Outcome: Sendable, Hashable {
    /// Paused trials, which restart at epoch 0 if they continue.
    public var resting: [Int] = []
    /// Other trials whose checkpoints were removed.
    public var ended: [Int] = []
    /// The space taken by what has to be kept, if that exceeds the limit.
    public var excess: Int?
    /// What could not be removed, and why.
    public var failures: [String] = []
  }

  /// - Parameters:
  ///   - trials: all trials of the study.
  ///   - complete: the numbers of the complete trials, best first.
  ///   - resting: the numbers of the paused trials, best first.
  public mutating func collect(_ trials: [Trial], complete: [Int], resting: [Int]) -> Outcome {
    var outcome = Outcome()
    let others = trials.filter { [.failed, .pruned].contains($0.state.kind) }.map(\.number)
    // In order of removal.
    var ended = others + complete.reversed()
    let resting = resting.reversed().filter {
      trials.indices.contains($0) && !trials[$0].isClaimable
    }
    if let count = policy.best {
      for number in ended.dropLast(min(complete.count, max(count, 1))) {
        if remove(trials[number], &outcome) { outcome.ended.append(number) }
      }
    }
    guard let limit = policy.bytes else { return outcome }
    var total = trials.reduce(0) { $0 + bytes(of: $1) }
    let best = complete.first ?? resting.last
    ended.removeAll { $0 == best }
    for number in ended + resting where number != best && total > limit {
      let size = bytes(of: trials[number])
      guard size > 0, remove(trials[number], &outcome) else { continue }
      total -= size - bytes(of: trials[number])
      if trials[number].state == .paused {
        outcome.resting.append(number)
      } else {
        outcome.ended.append(number)
      }
    }
    if total > limit { outcome.excess = total }
    return outcome
  }

  private mutating func bytes(of trial: Trial) -> Int {
    let isAtWork = trial.state == .running || trial.isClaimable
    if !isAtWork, let known = sizes[trial.number], known.attempt == trial.attempt {
      return known.bytes
    }
    let bytes = trial.attempt == 0 ? 0 : folders.checkpointBytes(ofTrial: trial.number)
    sizes[trial.number] = (trial.attempt, bytes)
    return bytes
  }

  /// Whether anything was removed.
  private mutating func remove(_ trial: Trial, _ outcome: inout Outcome) -> Bool {
    guard trial.attempt > 0, collected[trial.number] != trial.attempt else { return false }
    switch folders.removeCheckpoints(of: trial) {
    case .success(let isAnything):
      collected[trial.number] = trial.attempt
      sizes[trial.number] = nil
      return isAnything
    case .failure(let error):
      // Reported once.
      if !error.isTemporary { collected[trial.number] = trial.attempt }
      if let text = error.text { outcome.failures.append("trial \(trial.number): \(text)") }
      return false
    }
  }
}

extension TrialFolders {
  struct RemovalError: Error {
    /// Nil: someone is working on the trial.
    var text: String?
    var isTemporary: Bool { text == nil }
  }

  /// The names of the folders with checkpoints in a trial's folder.
  private static let folders = ["checkpoint", "kept"]

  /// The space on disk that a trial's checkpoints take.
  func checkpointBytes(ofTrial number: Int) -> Int {
    let folder = CLibrary.openFile(
      folder(ofTrial: number), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
    guard folder >= 0 else { return 0 }
    defer { _ = CLibrary.closeFile(folder) }
    guard var contents = FolderContents(in: folder) else { return 0 }
    for name in Self.folders { contents.measure(name, in: folder) }
    return contents.bytes
  }

  /// Removes a trial's checkpoints, and notes it in its log, if it has one. Returns whether there was
  /// anything to remove.
  func removeCheckpoints(of trial: Trial) -> Result<Bool, RemovalError> {
    let path = folder(ofTrial: trial.number)
    guard let lock = FolderLock.take(path, .alone) else {
      switch errno {
      case ENOENT: return .success(false)
      case EWOULDBLOCK: return .failure(RemovalError())
      default: return .failure(RemovalError(text: "\(path): \(Files.systemMessage())"))
      }
    }
    return withExtendedLifetime(lock) {
      guard checkpointBytes(ofTrial: trial.number) > 0,
        var contents = FolderContents(in: lock.descriptor)
      else { return .success(false) }
      guard KeptCheckpoints(in: path).recordLoss(through: trial.checkpoint) else {
        return .failure(RemovalError(text: "\(path)/kept: nothing can be written there"))
      }
      for name in Self.folders {
        contents.empty(name, in: lock.descriptor) { name == "kept" && $0.hasSuffix(".json") }
      }
      if let failure = contents.failure {
        return .failure(RemovalError(text: "\(path)/\(failure)"))
      }
      TrialLog.append("its checkpoints are removed", to: log(ofTrial: trial.number))
      return .success(true)
    }
  }
}
